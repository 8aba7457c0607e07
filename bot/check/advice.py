"""Which numbers of a sentence are advice ("a 30-minute call within two weeks") and no claim about anybody.

A number is advice when it says how long, how soon or how many of our own steps, and stands in a clause that
proposes: one that begins with a verb of doing ("book", "bring", not "mention" or "remind"), says what the rep or we
will do, names a step ("Action 2: …") or a goal, is the condition of such a clause, or looks ahead in a question. It
is a claim all the same where somebody's state is told before it ("whose contract ends in 3 months"), where it
belongs to them ("their 3 offices"), and where the evidence holds such a number of the same thing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from bot.check.carriers import stem, stems
from bot.evidence import EvidenceKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bot.check.amounts import Amount
    from bot.check.carriers import Fact

_TIME: Final = r"(?:days?|weeks?|months?|quarters?)"
# Deadlines that count from the call are proposed in any clause.
_PROPOSED: Final = re.compile(
    rf"\b(?:(?:within|in|by|for|inside|over|no later than)\s)?(?:the\s(?:next|first|coming)\s)?"
    rf"(?:a|an|one|two|three|four|six|\d{{1,2}})\s(?:working\s|business\s)?{_TIME}\s(?:of|after|before|from|following)\s"
    rf"(?:the|this|that|our|your)\s(?:call|meeting)\b",
    re.IGNORECASE,
)
_LABEL: Final = (
    r"(?:step|action|priority|move|option|visit|meeting)\s(?P<place>one|two|three|four|five|six|seven|eight|\d)\b"
)
_LISTED: Final = re.compile(
    r"(?:^|(?<=[.;!?]\s))(?:(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth)\b"
    rf"|{_LABEL})(?=(?:\s[\w-]+){{0,3}}[:,])",
    re.IGNORECASE,
)
_ALLOTTED: Final = re.compile(r"^(?:action|visit|meeting)\s(?P<place>\d)\b", re.IGNORECASE)
# A part of something that is no amount: "the second half of the call".
_HALF: Final = re.compile(
    r"\b(?:first|second|other|latter) half\b"
    r"(?: of the (?:call|meeting|visit|session|conversation|day|week|quarter|year))?",
    re.IGNORECASE,
)

_ASKED: Final = re.compile(
    r"\b(?:ask(?:ing)?|find out|hear|learn|see)\b(?:\s\w+){0,2}?\s(?:which|what|who|where|how|whether|if)\b[^.;:!]*",
    re.IGNORECASE,
)
_MULTIPLE: Final = re.compile(r"\b(?:once|twice|thrice|double[sd]?|triple[sd]?|halve[sd]?)\b", re.IGNORECASE)

_DO: Final = """
    add agree aim align allow anchor arrange ask assign block book bring build call check close come commit compare
    confirm connect count create cut dedicate deliver draft drop end extend find finish fix follow get give go have
    hold identify include introduce invite join keep leave let limit line list make map measure meet move nominate
    offer open pause pick pilot place plan prepare present probe promise propose provide put quantify raise reach
    read rehearse repeat report reserve return reuse review revisit route run save say schedule scope secure select
    send set settle share shorten show sit sketch sort space spend split spread start stop suggest summarise
    summarize take talk target test track train treat trial trim try turn update use validate visit wait walk watch
    work write
    """.split()
_ASK_ABOUT: Final = r"(?!\s(?:about|why|who|whether|if|after)\b)"
_ACT: Final = rf"(?:{'|'.join(_DO)})\b{_ASK_ABOUT}"
_ACTS: Final = rf"(?:{'|'.join(f'{verb}(?:e?s)?' for verb in _DO)})\b{_ASK_ABOUT}"
_LEAD: Final = (
    r"(?:(?:and|so|but|then|also|please|instead|therefore|finally|next|now|afterwards|later|do not|don't|never|always|"
    r"rather|just|simply|either|or|to)\s)*"
)
_WHEN: Final = r"(?:(?:at the end|on the call|in return|after that|after the call|before the call|in parallel)\s)?"
_IMPERATIVE: Final = re.compile(rf"^[“\"(]?{_LEAD}{_WHEN}{_LEAD}{_ACT}", re.IGNORECASE)
_OUR_STEP: Final = re.compile(
    rf"^{_LEAD}(?:we|you|the rep|both sides|let us|let's)\s(?:(?:will|should|can|could|may|then|also)\s)*{_ACTS}",
    re.IGNORECASE,
)
_HEAD: Final = re.compile(
    rf"^(?:the\s)?(?:(?:first|second|third|fourth|fifth|next|last)\s(?:[\w-]+\s){{0,2}}?(?:action|visit|meeting|step|move)"
    rf"|{_LABEL}|goal|target|aim|success(?:\s(?:is|means|looks like|would be))?|proposal|next steps?|follow-up|"
    r"timeline|"
    r"a (?:good|fair|realistic|sensible|useful) (?:outcome|target|goal|result|next step|first step)|fallback|plan b|"
    r"(?:we|you) will know|it (?:worked|works))\b",
    re.IGNORECASE,
)
_CONDITION: Final = re.compile(rf"^{_LEAD}(?:if|when|once|unless|should|until|as soon as)\b", re.IGNORECASE)
_EXAMPLE: Final = re.compile(r"^(?:say|ideally|for example|at most|at least|no more than|preferably)\b", re.IGNORECASE)
# Who or what is in some state: after one of these a number tells of it.
_TELLS: Final = re.compile(
    r"\b(?:is|are|was|were|has|had|does|did|ends?|ended|expires?|expired|lasts|lasted|went|fell|rose|grew|lost|won|ran|"
    r"took|takes|runs|renews|renewed|signed|cancelled|opened|waits|waited|misses|missed|needs|needed|wants|wanted|"
    r"uses|used|costs|pays|paid|holds|held|covers|closes|closed|goes|gets|got|gives|gave|says|said|asked|reported|"
    r"began|started|left|lags?|slipped|stalled|that|which|who|whose|because|since|they|it has|it is|there|ago|past|"
    r"last|already|current|existing|historical)\b",
    re.IGNORECASE,
)
_QUESTION: Final = re.compile(
    r"\b(?:would|could|will|should|can|might)\b.*\b(?:next|within|in|after|for)\s(?:the\snext\s)?$"
)
_OWNED: Final = re.compile(
    r"\b(?:their|its|his|her|the|these|those|all|both|every|of|at|are|by|than)\s$", re.IGNORECASE
)
_DEFINITE: Final = re.compile(r"\b(?:the|their|its|his|her|these|those)\s$", re.IGNORECASE)
_UNNAMED: Final = re.compile(r"\s(?:or\s\d|of\s(?:their|our|the)\b)")
_WHICH: Final = re.compile(r"\bwhich\s(?:\d\sor\s)?$")  # "ask which 2 or 3 hurt most"
_GIFT: Final = re.compile(r"\s(?:of\s)?(?:free|bonus|extra|additional)\b", re.IGNORECASE)
_SENTENCE: Final = re.compile(r"(?<=[.!?])[”\"]?\s+")
_PIECE: Final = re.compile(r"[;:,]\s|\s[\u2013\u2014-]\s|\s(?=(?:and|but|so|then|or)\s[a-z])")
_LINKED: Final = re.compile(r"^(?:and|or|but|then)\s", re.IGNORECASE)
_SUBJECT: Final = re.compile(r"^(?:they|it|he|she|the|this|that|their|its|who)\b", re.IGNORECASE)
_ANEW: Final = re.compile(r"[;:]\s|\s[\u2013\u2014-]\s|\sso\s")
_MOST: Final = 12  # of our own steps
# A label's window, "Support tickets 90 d", is no duration of the thing.
_WINDOW: Final = re.compile(r"\d+ [dm]$")
_COMMON: Final = stems(
    "call calls account customer customers meeting meet visit day days week weeks month months quarter year years "
    "first next last time team data one plan open use work make show give take two support review"
)


def without_proposals(text: str) -> str:
    """Return the text, of which the number words are still words, without deadlines, list places and set phrases.

    What is asked for claims nothing: "ask which line they would double".
    """
    text = _ASKED.sub(lambda match: _MULTIPLE.sub(" ", match.group()), text)
    return _HALF.sub(" ", _LISTED.sub(" ", _PROPOSED.sub(" ", text)))


def find_step_beyond(text: str, allotted: int | None) -> str | None:
    """Return the first "Action 6:" of a text about an account that gets fewer, or None."""
    places = (_ALLOTTED.match(match.group()) for match in _LISTED.finditer(text))
    if allotted is None:
        return None
    return next((match.group() for match in places if match and int(match["place"]) > allotted), None)


def is_advice(amount: Amount, text: str, *, cited: Sequence[Fact], known: Iterable[Fact]) -> bool:
    """Return whether this number of the text proposes something and claims nothing.

    ``known`` is all that the evidence holds, cited or not: its own numbers are no inventions of the plan.
    """
    if amount.sign or not (amount.is_time or _counts_steps(amount, text)) or _GIFT.match(text, amount.end):
        return False
    if amount.is_time and _DEFINITE.search(text[: amount.start]):
        return False
    piece, proposes = _piece_at(text, amount.start)
    taken = (fact for fact in known if amount.is_carried_by(fact.amount) or fact.kind is EvidenceKind.ALLOCATION)
    return proposes and not any(_is_of_same_thing(amount, fact, piece) for fact in (*cited, *taken))


def _counts_steps(amount: Amount, text: str) -> bool:
    """Return whether the number counts a few things that nobody has yet: "two dates", "5 of their engineers"."""
    named = bool(amount.noun) or _UNNAMED.match(text, amount.end) is not None
    few = not amount.unit and amount.size == int(amount.size) and 1 <= amount.size <= _MOST
    return few and named and not _OWNED.search(text[: amount.start])


def _is_of_same_thing(amount: Amount, fact: Fact, piece: str) -> bool:
    known = fact.amount
    if amount.is_time:
        tells = known.unit == amount.unit and not _WINDOW.search(known.written)
        return tells and bool((fact.stems & stems(piece)) - _COMMON)
    counted = {stem(noun) for noun in amount.noun}
    if fact.kind is EvidenceKind.PASSAGE:
        return not known.unit and bool(counted.intersection(map(stem, known.noun)))
    if fact.kind is EvidenceKind.ALLOCATION:  # however common the word, this is what the account gets
        return not known.unit and bool(counted.intersection(map(stem, known.noun)))
    return not known.unit and bool((fact.stems & counted) - _COMMON)


def _piece_at(text: str, place: int) -> tuple[str, bool]:
    """Return the clause in which this place lies, and whether it proposes up to there."""
    start = max((match.end() for match in _SENTENCE.finditer(text) if match.end() <= place), default=0)
    end = next((match.start() for match in _SENTENCE.finditer(text) if match.start() >= place), len(text))
    sentence = text[start:end]
    asks = sentence.rstrip('”" ').endswith("?")
    proposes = False
    for piece, begins in _pieces(sentence):
        # "They rank 36th and get 3 visits": the verb has a subject.
        goes_on = begins and (
            _LINKED.match(piece) or (_SUBJECT.match(sentence) and not _ANEW.search(sentence[: begins + 3]))
        )
        proposes = (proposes or not goes_on) and _proposes(piece, sentence, before=proposes)
        if begins <= place - start < begins + len(piece) + 1:
            told = piece[: place - start - begins]
            if asks and _QUESTION.search(told):
                return piece, True
            return piece, proposes and not _TELLS.search(_after_head(_WHICH.sub("", told)))
    return sentence, False


def _pieces(sentence: str) -> Iterator[tuple[str, int]]:
    begins = 0
    for match in _PIECE.finditer(sentence):
        yield sentence[begins : match.start()], begins
        begins = match.end()
    yield sentence[begins:], begins


def _proposes(piece: str, sentence: str, *, before: bool) -> bool:
    words = piece.strip()
    if _IMPERATIVE.match(words) or _OUR_STEP.match(words) or _HEAD.match(words):
        return True
    if _CONDITION.match(words):
        return before or any(_IMPERATIVE.match(each.strip()) for each, _ in _pieces(sentence))
    # What has no verb of its own goes on with what was said before it.
    return before and (bool(_EXAMPLE.match(words)) or not _TELLS.search(words))


def _after_head(told: str) -> str:
    head = _HEAD.match(told) or _CONDITION.match(told) or _OUR_STEP.match(told) or _IMPERATIVE.match(told)
    return told[head.end() :] if head else told
