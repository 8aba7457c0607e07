"""What is to be looked for in the documents, where a question asks that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.questions.reading import Reading, Token


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_DOCUMENTS: Final = _words(
    """
    document documents documentation pdf pdfs material materials playbook playbooks files file collateral library
    sources handbook handbooks content wiki guides guide guidelines
    """
)
_LOOSE: Final = _words("material materials files file library sources content guides guide")
_OURS: Final = _words("our the your all these in any my internal")
_BEFORE_QUERY: Final = _words(
    """
    speak speaks
    say says state states stated mention mentions tell us me have has contain contains cover covers talk talks spell
    out anything something info information a an word words is are there what which where do does it they got get
    any to about on regarding concerning for re after covering with regard fixed written said in our the address
    discuss include includes of topic subject point help need we describe describes know , : ? - please pls find
    show on-file respect relating related around touching thing things matter of by section passage passages details
    detail write wrote written did guidance bit bits ours that chapter paragraph part advice
    """
)
_AFTER_QUERY: Final = _words(
    "? ! . please pls , thanks anywhere at all there in somewhere for me now described explained covered documented"
)
_BEFORE_DOCUMENTS: Final = _words(
    """
    in from our the your all any according to as per by of covered mentioned described explained documented discussed
    addressed within inside among through across out these internal knowledge on is are it
    """
)
_ASKING: Final = _BEFORE_QUERY | _words(
    """
    else other look up search pull dig hunt check give can could you i want read see be quote locate fetch hey hi ok
    so and
    """
)
_NO_QUERY: Final = _words(
    """
    should i we you my they them can could would will updated stored uploaded send sent share new old yet already why
    how when who his her him he she was were not if
    """
)
_LONGEST: Final = 10


def find_query(reading: Reading) -> tuple[str, tuple[str, ...]]:
    """Return what to look for, as it was written, and the words of the question with a slot in its place.

    Nothing where the question speaks of no documents or its query is not clear.
    """
    tokens = reading.tokens
    place, length = _find_documents(tokens)
    if not length:
        return "", ()
    end = place + length
    start, stop = _trimmed(reading.text, tokens, end, len(tokens), left=_BEFORE_QUERY, right=_AFTER_QUERY)
    if start >= stop:
        start, stop = _trimmed(reading.text, tokens, 0, place, left=_ASKING, right=_BEFORE_DOCUMENTS)
    words = [token.word for token in tokens[start:stop]]
    said = [word for word in words if word.isalnum() or word.startswith("<")]
    if not said or len(said) > _LONGEST or _NO_QUERY & set(words) or {"?", ".", "!"} & set(words):
        return "", ()
    query = reading.text[tokens[start].start : tokens[stop - 1].end]
    return query, (*reading.words[:start], "<query>", *reading.words[stop:])


def _find_documents(tokens: Sequence[Token]) -> tuple[int, int]:
    for place, token in enumerate(tokens):
        before = tokens[place - 1].word if place else ""
        if token.word == "knowledge" and tokens[place + 1 : place + 2] and tokens[place + 1].word == "base":
            return place, 2
        if token.word in _DOCUMENTS and (token.word not in _LOOSE or before in _OURS):
            return place, 1
    return 0, 0


def _trimmed(
    text: str, tokens: Sequence[Token], start: int, stop: int, *, left: frozenset[str], right: frozenset[str]
) -> tuple[int, int]:
    # "On-premise" is no "on".
    while start < stop and tokens[start].word in left and text[tokens[start].end : tokens[start].end + 1] != "-":
        start += 1
    while start < stop and tokens[stop - 1].word in right:
        stop -= 1
    return start, stop
