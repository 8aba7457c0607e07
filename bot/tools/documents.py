"""What our own documents say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bot.evidence import passage_evidence
from bot.tools.context import ToolResult

if TYPE_CHECKING:
    from bot.tools.calls import SearchDocuments
    from bot.tools.context import ToolContext

_PASSAGES: Final = 5


def search_documents(context: ToolContext, call: SearchDocuments) -> ToolResult:
    """Return the best passages for the query, of documents that serve the pack of the snapshot."""
    pack = context.snapshot.info.words.pack
    hits = () if context.library is None else context.library.for_pack(pack).answers(call.query, limit=_PASSAGES)
    if not hits:
        return ToolResult(
            missing="none of our documents says anything about that; one that does would have to be added."
        )
    drafts = [replace(item, evidence_id="") for item in passage_evidence(hits)]
    return ToolResult(evidence=context.number(drafts))
