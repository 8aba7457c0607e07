"""The documents that leave Slack, read back as their readers would."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING

from pypdf import PdfReader

from bot.charts import interactions_chart, waterfall_chart
from bot.kept_plan import SourcedPlan, keep, recall
from bot.plan import Authorship, Plan, Section, SectionName, Statement
from bot.report import brief_pdf, plan_markdown
from bot.writer.offline import OfflineWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.brief import Brief


def sourced(plan: Plan, brief: Brief) -> SourcedPlan:
    return recall(keep(plan, brief, now=datetime(2026, 11, 23, tzinfo=UTC)))


def plan_of(*statements: Statement) -> Plan:
    return Plan(
        sections=tuple(Section(name=name, statements=statements) for name in SectionName),
        promotion=statements[0],
        authorship=Authorship(model=None, note="no API key is set", dropped=0, usage=None),
    )


def test_the_plan_as_markdown_has_the_words_and_citations_of_the_messages(brief_of: Callable[[str], Brief]) -> None:
    document = plan_markdown(brief_of("LOSS-001"), plan_of(Statement(text="Ask why.", evidence=("D1", "A2"))))

    assert document.startswith("# Everything Is Difficult GmbH · LOSS-001\n")
    assert "- Ask why. *\\[SHAP: Demo requests -$19.5K · Allocation: given\\]*\n" in document
    assert document.count("## ") == len(SectionName) + 1
    assert "Written without an AI model: no API key is set. Data as of 22 Nov 2026" in document


def test_markup_in_a_markdown_plan_is_text(brief_of: Callable[[str], Brief]) -> None:
    document = plan_markdown(brief_of("EVIL-<!here>&001"), plan_of(Statement(text="![x](y) <b>", evidence=())))

    assert "<" not in document
    assert "\\!\\[x\\](y) &lt;b&gt;" in document


def test_the_pdf_holds_plan_pictures_and_all_evidence_that_is_cited(
    brief_of: Callable[[str], Brief],
) -> None:
    brief = brief_of("ACME-042")
    plan = OfflineWriter(note="no API key is set").write_plan(brief)

    reader = PdfReader(
        BytesIO(brief_pdf(brief, sourced(plan, brief), (waterfall_chart(brief), interactions_chart(brief))))
    )

    pages = [" ".join(page.extract_text().split()) for page in reader.pages]
    assert brief.headline in pages[0]
    assert sum(len(page.images) for page in reader.pages) == 2
    appendix = " ".join(pages)
    appendix = appendix[appendix.index("What the statements rest on") :]
    cited = sourced(plan, brief).sources
    assert len(cited) > 10
    assert all(item.evidence_id in appendix for item in cited)
    assert all(item.citation.split(":")[0] in appendix for item in cited)
    assert "□" not in appendix
    assert all(f"{number}" in page for number, page in enumerate(pages, start=1))


def test_a_statement_in_the_pdf_names_its_evidence_by_id(brief_of: Callable[[str], Brief]) -> None:
    brief = brief_of("LOSS-001")

    reader = PdfReader(
        BytesIO(brief_pdf(brief, sourced(plan_of(Statement(text="Ask why.", evidence=("D1", "A2"))), brief), ()))
    )

    assert "Ask why. [D1, A2]" in " ".join(reader.pages[0].extract_text().split())


def test_markup_in_a_pdf_is_text_and_the_same_brief_gives_the_same_bytes(brief_of: Callable[[str], Brief]) -> None:
    brief = brief_of("EVIL-<!here>&001")
    plan = plan_of(Statement(text='<a href="https://evil.example">x</a> <b> & 株式会社', evidence=("D<1",)))

    pdf = brief_pdf(brief, sourced(plan, brief), ())

    reader = PdfReader(BytesIO(pdf))
    assert '<a href="https://evil.example">x</a> <b> &' in " ".join(reader.pages[0].extract_text().split())
    assert not any("/Annots" in page for page in reader.pages)
    assert pdf == brief_pdf(brief, sourced(plan, brief), ())


def test_evidence_of_many_pages_goes_on_from_page_to_page(brief_of: Callable[[str], Brief]) -> None:
    brief = brief_of("ACME-042")
    long = replace(brief.evidence[0], text="A long passage. " * 1200)
    plan = sourced(plan_of(Statement(text="Ask why.", evidence=("D1",))), replace(brief, evidence=(long,)))

    reader = PdfReader(BytesIO(brief_pdf(brief, plan, ())))

    assert len(reader.pages) > 3
