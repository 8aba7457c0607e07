"""What the tools may read, and what they hand back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.evidence import Evidence, EvidenceKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.brief import Brief
    from bot.rights import Owned
    from kb.index import Library
    from pipeline.what_if import OpenModels
    from storage.snapshots import Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolContext:
    """The brief that is asked about, and what else may be read for it.

    ``snapshot`` is the brief's own, open for as long as tools run. ``may_see`` tells which accounts the person who asks
    may see. ``known`` is all evidence that has an id: the brief's, and what earlier calls found, and ``shown`` are the
    ids of the other accounts that these told of.
    """

    snapshot: Snapshot
    brief: Brief
    library: Library | None
    may_see: Callable[[Owned], bool]
    models: OpenModels
    known: tuple[Evidence, ...]
    shown: tuple[str, ...] = ()

    def knowing(self, evidence: Iterable[Evidence], *, shown: Iterable[str] = ()) -> ToolContext:
        """Return the context in which this evidence has its ids and these accounts were told of."""
        ids = {item.evidence_id for item in self.known}
        return replace(
            self,
            known=(*self.known, *(item for item in evidence if item.evidence_id not in ids)),
            shown=tuple(dict.fromkeys((*self.shown, *shown))),
        )

    def number(self, drafts: Iterable[Evidence]) -> tuple[Evidence, ...]:
        """Return the drafts with ids after those that are known; what is known already keeps the id that it has."""
        known = {(item.kind, item.text): item for item in self.known}
        # Every feature of the account has its id from the start, whether it is evidence or not.
        ids = [*(item.evidence_id for item in self.known), *(each.evidence_id for each in self.brief.drivers)]
        newest = {kind: max((int(each[1:]) for each in ids if each[0] == kind), default=0) for kind in EvidenceKind}
        numbered = []
        for draft in drafts:
            item = known.get((draft.kind, draft.text))
            if item is None and draft.evidence_id:
                item = draft
            elif item is None:
                newest[draft.kind] += 1
                item = replace(draft, evidence_id=f"{draft.kind}{newest[draft.kind]}")
            known[draft.kind, draft.text] = item
            numbered.append(item)
        return tuple(dict.fromkeys(numbered))

    def cited(self, *citations: str) -> tuple[Evidence, ...]:
        """Return the brief's evidence that is cited so, in this order."""
        return tuple(item for citation in citations for item in self.brief.evidence if item.citation == citation)

    def of_kind(self, kind: EvidenceKind) -> tuple[Evidence, ...]:
        """Return the brief's evidence of a kind."""
        return tuple(item for item in self.brief.evidence if item.kind is kind)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """What a tool found, most important first; each of the parts may be empty.

    ``missing`` is a sentence on what the sources would have to hold, ``objection`` one on why the question cannot be
    answered as it was put. ``account_ids`` are the other accounts that it tells of.
    """

    evidence: tuple[Evidence, ...] = ()
    missing: str = ""
    objection: str = ""
    account_ids: tuple[str, ...] = ()


def draft(kind: EvidenceKind, citation: str, text: str, *, about: str = "") -> Evidence:
    """Return evidence that has no id yet."""
    return Evidence(evidence_id="", kind=kind, text=text, citation=citation, about=about)
