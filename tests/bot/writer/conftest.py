"""Two briefs that have documents to quote: an account that is doing well and one that is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.evidence import Evidence, EvidenceKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.brief import Brief

PASSAGES = {
    "Product Capabilities, p. 2": """
        Prospects who request a demo twice or more convert at 2.3 times the rate of those who never do. It is quick.
        Teams at a cloud maturity of 6 or higher ask for the undo step next. Plan | Price Standard | $12,000
    """,
    "Competitive Intelligence, p. 1": """
        With three or more installed competitor products we win 37 percent of the time. We have won 29 of 36 timed
        comparisons since 2023. Accounts with a high churn risk listen to CloudControl first.

        Where CloudControl is strong. Chief financial officers like its savings guarantee.

        Where CloudControl is weak. Automation has no undo. It answers a demo request in 9 days.

        Quorvia sells to companies with an annual revenue below $20M and can be cancelled monthly. It offers no uptime
        commitment and no named contact.

        1. "How is an automatic action undone at night, and who is told?" (CloudControl, TechOps, Quorvia)

        Question | CloudControl | Use it when
    """,
    "Case Study: FinTech Success, p. 4": """
        The churn risk fell from elevated to low within 8 months of the recovery plan. Training for the 140 users took
        two weeks and 96 % passed the course.
    """,
    "Best Practices: Enterprise Deployment, p. 3": """
        An account at risk of churn gets a recovery plan within 10 working days of the first warning. A discount never
        replaces the value review, and the price stays as it is. Uptime under the SLA is 99.95 % and support answers.
    """,
}


KINDS = {
    "Product Capabilities": "product",
    "Competitive Intelligence": "competitive",
    "Case Study: FinTech Success": "case study",
    "Best Practices: Enterprise Deployment": "best practices",
}


@pytest.fixture(scope="session")
def brief_with_documents(brief_of: Callable[[str], Brief]) -> Callable[[str], Brief]:
    """Make the brief of an account, with passages as the library would have found them."""

    def brief_with_documents(account_id: str) -> Brief:
        brief = brief_of(account_id)
        return replace(brief, evidence=(*brief.evidence, *passages(first=1)))

    return brief_with_documents


def passages(*, first: int) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            evidence_id=f"K{number}",
            kind=EvidenceKind.PASSAGE,
            text="\n".join(" ".join(line.split()) for line in text.split("\n\n") if line.strip()),
            citation=citation,
            document_kind=KINDS[citation.split(",")[0]],
        )
        for number, (citation, text) in enumerate(PASSAGES.items(), start=first)
    )


@pytest.fixture
def brief(brief_with_documents: Callable[[str], Brief]) -> Brief:
    return brief_with_documents("ACME-007")
