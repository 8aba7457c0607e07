"""A question whose answer stands in the data, answered at once and without a model."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.check import find_unsafe_text
from bot.evidence import EvidenceKind
from bot.plan import Answer, Authorship, Proposal, Statement
from bot.questions.learned import learned
from bot.questions.recognise import SURE, weigh
from bot.questions.vocabulary import make_vocabulary
from bot.questions.words import is_filling, stem
from bot.tools.accounts import is_named, match_accounts
from bot.tools.calls import SearchDocuments
from bot.tools.restate import restate
from bot.tools.run import run
from bot.writer.quotes import Quotes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.questions.vocabulary import Vocabulary
    from bot.tools.calls import ToolCall
    from bot.tools.context import ToolContext, ToolResult
    from storage.records import Feature

NOTE: Final = "answered from the data"
_LIKELY: Final = 0.5
_QUOTED: Final = 3
_MISSING_CHARACTERS: Final = 600


def answer_from_data(context: ToolContext, question: str, *, earlier: Sequence[str]) -> Answer | Proposal | None:
    """Return the answer to a question that clearly has exactly one in the data.

    Of one that is not clear return what it likely means, None where no meaning is likelier than all others together.
    ``earlier`` are the questions asked before in the thread, oldest first.
    """
    call, sure = weigh(question, vocabulary_of(context), earlier=earlier, model=learned())
    if call is None or sure < _LIKELY:
        return None
    if sure >= SURE:
        return answer_call(context, call=call)
    return Proposal(reading=restate(call, context.brief), call=call.model_dump_json())


def answer_call(context: ToolContext, *, call: ToolCall) -> Answer:
    """Return what the tool found, each piece of evidence a statement; what it did not find is said first."""
    result = run(context, call)
    carried = _quotations(result, call) if isinstance(call, SearchDocuments) else _as_found(result)
    missing = result.missing
    if not carried and not missing and not result.objection:
        missing = "our documents have no sentence on that; one that does would have to be added."
    # Each is the text of its own evidence: what is left to check is whether a name in it is a link or a mention.
    kept = [statement for statement in carried if find_unsafe_text(statement.text) is None]
    told = (result.objection, f"Not in my sources: {missing}" if missing else "")
    lead = [Statement(text=text[:_MISSING_CHARACTERS], evidence=()) for text in told if text]
    return Answer(
        statements=(*lead, *kept),
        authorship=Authorship(model=None, note=NOTE, dropped=len(carried) - len(kept), usage=None),
        evidence=result.evidence,
        account_ids=result.account_ids,
        reading=restate(call, context.brief),
    )


def vocabulary_of(context: ToolContext) -> Vocabulary:
    """Return what a question about the brief's account may name."""
    snapshot = context.snapshot
    stored = {feature.name: feature for feature in snapshot.features}

    def categories(feature: Feature) -> frozenset[str]:
        return snapshot.categories(stored[feature.name])

    def is_account(text: str) -> bool:
        return any(is_named(text, each) for each in match_accounts(snapshot, text, may_see=context.may_see).named)

    return make_vocabulary(context.brief, categories=categories, is_account=is_account)


def _as_found(result: ToolResult) -> list[Statement]:
    return [Statement(text=item.text, evidence=(item.evidence_id,)) for item in result.evidence]


def _quotations(result: ToolResult, call: SearchDocuments) -> list[Statement]:
    """Return whole sentences that hold words of the query, the nearest first."""
    passages = [item for item in result.evidence if item.kind is EvidenceKind.PASSAGE]
    words = [word for word in re.findall(r"\w+", call.query.casefold()) if not is_filling(word)]
    quotes = Quotes(passages).find_answering(map(stem, words), limit=_QUOTED)
    return [Statement(text=f"“{quote.text}”", evidence=(quote.evidence_id,)) for quote in quotes]
