"""A plan with the evidence it rests on, as it is kept: what was posted can be shown again, word for word."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from bot.plan import Plan, Statement  # noqa: TC001 - pydantic reads the annotations at run time
from storage.state import KeptPlan

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bot.brief import Brief
    from bot.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A piece of evidence as it was when the plan was written."""

    evidence_id: str
    citation: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcedPlan:
    """A plan and every piece of evidence that it cites."""

    plan: Plan
    sources: tuple[Source, ...]

    def find_source(self, evidence_id: str) -> Source | None:
        """Return the evidence with this id."""
        return next((source for source in self.sources if source.evidence_id == evidence_id), None)


_FORM = TypeAdapter(SourcedPlan)


def hash_brief(brief: Brief) -> str:
    """Return what a plan is bound to: it changes with the snapshot, the account, and every word of the evidence."""
    facts = [
        brief.snapshot.snapshot_id,
        brief.account.account_id,
        brief.headline,
        *((item.evidence_id, item.citation, item.text) for item in brief.evidence),
    ]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def keep(plan: Plan, brief: Brief, *, now: datetime) -> KeptPlan:
    """Return the plan as the state keeps it."""
    cited = {each for statement in _statements(plan) for each in statement.evidence}
    sources = tuple(
        Source(evidence_id=item.evidence_id, citation=item.citation, text=item.text)
        for item in brief.evidence
        if item.evidence_id in cited
    )
    content = json.dumps(asdict(SourcedPlan(plan=plan, sources=sources)), ensure_ascii=False)
    brief_hash = hash_brief(brief)
    return KeptPlan(
        plan_id=hashlib.sha256(f"{brief_hash} {content}".encode()).hexdigest(),
        brief_hash=brief_hash,
        model=plan.authorship.model,
        content=content,
        written_at=now,
    )


def recall(kept: KeptPlan) -> SourcedPlan:
    """Return a plan that was kept."""
    return _FORM.validate_json(kept.content)


def find_written(services: Services, brief: Brief) -> Plan | None:
    """Return the plan that a model wrote earlier from exactly this brief, at no cost now."""
    kept = services.state.find_written_plan(hash_brief(brief))
    if kept is None:
        return None
    plan = recall(kept).plan
    note = f"Written on {kept.written_at:%d %b %Y at %H:%M} UTC from these very facts."
    return replace(plan, authorship=replace(plan.authorship, note=note, usage=None))


def _statements(plan: Plan) -> Iterable[Statement]:
    for section in plan.sections:
        yield from section.statements
    if plan.promotion:
        yield plan.promotion
