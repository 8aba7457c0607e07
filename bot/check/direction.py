"""Does a sentence say of a driver that it adds where it takes, or takes where it adds?"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Final

from bot.check.amounts import read_amounts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.check.amounts import Amount
    from bot.evidence import Effect

_UP: Final = re.compile(
    r"\b(?:add(?:s|ed|ing)?|rais(?:e|es|ed|ing)|lift(?:s|ed|ing)?|boost(?:s|ed|ing)?|increas(?:e|es|ed|ing)|"
    r"support(?:s|ed|ing)?|contribut(?:e|es|ed|ing)|help(?:s|ed|ing)?|improv(?:e|es|ed|ing)|grow(?:s|n|ing)?|grew|"
    r"push(?:es|ed|ing)? (?:\w+ ){0,3}up|driv(?:e|es|ing) (?:\w+ ){0,3}up|rose|rises?|gain(?:s|ed)?|above|up by|up|"
    r"in (?:our|their|its) favou?r|tailwinds?|plus|speaks? for|strengthen(?:s|ed|ing)?|bring(?:s|ing)?|brought|"
    r"asset|upside|positive(?:ly)?|(?:higher|more)(?! than)|carr(?:y|ies)|favou?rs?)\b",
    re.IGNORECASE,
)
_DOWN: Final = re.compile(
    r"\b(?:tak(?:e|es|ing)|took|lower(?:s|ed|ing)?|reduc(?:e|es|ed|ing)|cut(?:s|ting)?|drag(?:s|ged|ging)?|"
    r"cost(?:s|ing)?|hold(?:s|ing)? (?:\w+ ){0,3}back|held (?:\w+ ){0,3}back|weigh(?:s|ed|ing)?|shav(?:e|es|ed|ing)|"
    r"pull(?:s|ed|ing)? (?:\w+ ){0,3}down|push(?:es|ed|ing)? (?:\w+ ){0,3}down|bring(?:s|ing)? (?:\w+ ){0,3}down|"
    r"hurt(?:s|ing)?|subtract(?:s|ed|ing)?|brakes?|headwinds?|minus|fell|falls?|fallen|drop(?:s|ped)?|dropping|below|"
    r"down by|down|speaks? against|weaken(?:s|ed|ing)?|decreas(?:e|es|ed|ing)|less(?! than)|los(?:e|es|ing|s)|lost|"
    r"erod(?:e|es|ed|ing)|penalt(?:y|ies)|penali[sz]es?|negative(?:ly)?|short of|detract(?:s|ed|ing)?|"
    r"remov(?:e|es|ed|ing)|strip(?:s|ped)?|drain(?:s|ed|ing)?|eat(?:s|ing)?|knock(?:s|ed|ing)?|depress(?:es|ed|ing)?|"
    r"trim(?:s|med)?|counts? against)\b",
    re.IGNORECASE,
)
_NOT: Final = re.compile(
    r"\b(?:not|never|no longer|hardly|rather than|instead of|without|fails? to|far from|neither|nor|stops? short of)\b"
    r"|n['\u2019]t\b",
    re.IGNORECASE,
)
# "Both sides will feel it when demos pay instead of costing $21.8K": what should be, against today.
_NO_LONGER: Final = re.compile(r"\b(?:no longer|instead of|rather than|stops?)\s", re.IGNORECASE)
_GOAL: Final = re.compile(
    r"\b(?:so that|until|once|when|should|would|will|needs? to|has to|have to|goal|target|success)\b", re.IGNORECASE
)
_FORECAST: Final = re.compile(
    r"\b(?:forecast|prediction|predicted|baseline|expected|outlook|estimate|number|figure|value|score|case|account|total)\b",
    re.IGNORECASE,
)
_CLAUSE: Final = re.compile(
    r"[;:.,()\u2013\u2014]\s|[;:.,()\u2014]$|\s(?:while|whereas|but|although|though|yet|despite|because|since|so|offset|offsets)\s"
)
_AND: Final = re.compile(r"\sand\s")
# "A lower churn risk would lift the forecast" is about another value than today's.
_SUPPOSED: Final = re.compile(
    r"\b(?:if|once|when|unless|until|would|could|should|might|may|can|will|to|higher|(?<!not )(?<!does )(?<!do )lower|"
    r"more|fewer|less|another|"
    r"(?:reduc|lower|rais|lift|cutt|fix|improv|increas|clos|address|repair|solv)ing)\b",
    re.IGNORECASE,
)
_TO: Final = re.compile(r"\s(?:to|into)\s(?:just\s|only\s|about\s)?")
_ROSE: Final = re.compile(
    r"\b(?:rose|risen|rises?|up|grew|grows?|grown|increased|climbed|gained) (?:\w+ )?from\s?$", re.IGNORECASE
)
_FELL: Final = re.compile(
    r"\b(?:fell|fallen|falls?|down|dropped|drops?|declined|decreased|sank|lost) (?:\w+ )?from\s?$", re.IGNORECASE
)
# "lowers it further, by $3K": the verb stands in the clause before
_BY: Final = re.compile(
    r"\s*(?:(?:though|if|but) )?(?:only |just )?(?:by )?(?:only |about |just |some )?", re.IGNORECASE
)
_PLUS: Final = re.compile(r",?\splus\s", re.IGNORECASE)
_MORE: Final = re.compile(r"\s(?:more|further|again|on top)\b", re.IGNORECASE)
_REACH: Final = 45  # characters after an amount in which "less" or "above" may stand
_WORD: Final = re.compile(r"[a-z]{3,}")


def find_wrong_direction(text: str, effects: Sequence[Effect], *, subjects: Sequence[str]) -> str | None:
    """Return a sentence on the first driver whose sign the text turns around, or None.

    Each effect that the text gives as an amount is judged by the sign or verb beside it, each that it speaks of by
    name by the verb after the name, if that verb's object is the forecast. ``subjects`` are what the forecast is
    called besides.
    """
    turned = _find_turned_change(text)
    if turned is not None or not effects:
        return turned
    return _by_amount(text, _without_labels(text, effects), effects) or _by_name(text, effects, subjects)


def _find_turned_change(text: str) -> str | None:
    """Return what is wrong with "rose from 8 to 5"."""
    amounts = read_amounts(text)
    for first, second in pairwise(amounts):
        between = text[first.end : second.start]
        before = _clause_before(text, 0, first.start)[-_REACH:]
        said = 1 if _ROSE.search(before) else -1 if _FELL.search(before) else 0
        moved = second.size - first.size
        if first.is_past and _TO.fullmatch(between) and first.unit == second.unit and said * moved < 0:
            return f"From {first.written} to {second.written} is the other direction."
    return None


def _without_labels(text: str, effects: Sequence[Effect]) -> str:
    """Return the text with blanks for the words of labels: "support tickets" support nothing."""
    for word in {word for effect in effects for word in _WORD.findall(effect.of.casefold())}:
        text = re.sub(rf"\b{re.escape(word)}\w?\b", lambda match: " " * len(match.group()), text, flags=re.IGNORECASE)
    return text


def _by_amount(text: str, verbs: str, effects: Sequence[Effect]) -> str | None:
    sizes = [(effect, read_amounts(effect.written, told=True)) for effect in effects]
    sizes += _sums(sizes)
    start = end = told = 0
    for amount in read_amounts(text, elliptic=True):
        matching = [
            effect
            for effect, known in sizes
            if known and amount.is_carried_by(known[0]) and _is_whole(amount, known[0])
        ]
        if not matching:
            continue
        named_before = _clause_before(text, start, amount.start)
        before = _clause_before(verbs, start, amount.start)
        after = verbs[amount.end : amount.end + _REACH]
        compared = _said_at_once(after)
        if not compared and len({effect.direction for effect in effects}) == 1 and _BY.fullmatch(before):
            before = verbs[start : amount.start]
        start = amount.end
        if len({effect.direction for effect in matching}) > 1:
            named = [effect for effect in matching if _names(effect.of, named_before)]
            matching = named if len({effect.direction for effect in named}) == 1 else []
        if not matching:
            continue
        if _NO_LONGER.search(before) and _GOAL.search(text[: amount.start]):
            continue
        verb = _said(before, last=True)
        beside = (verb, compared) if _moves_forecast(matching[0]) else (compared, verb)
        said = amount.sign or beside[0] or beside[1] or _said(_clause_after(after), last=False)
        if _goes_on(text[end:start], after) and not verb:
            said = told or said
        told, end = said, start
        if said * matching[0].direction < 0:
            return _explain(matching[0])
    return None


def _goes_on(between: str, after: str) -> bool:
    """Return whether a number adds to the one before it, whichever way that goes: "takes $8K, and $2K more"."""
    return bool(_PLUS.match(between) or (_AND.search(between) and _MORE.match(after)))


def _sums(sizes: Sequence[tuple[Effect, list[Amount]]]) -> list[tuple[Effect, list[Amount]]]:
    """Return what effects of one direction come to together, two by two and all."""
    sums = []
    for direction in (1, -1):
        same = [
            (effect, known[0])
            for effect, known in sizes
            if known and effect.of and effect.direction == direction and _moves_forecast(effect)
        ]
        for chosen in {*combinations(same, 2), *([tuple(same)] if len(same) > 2 else [])}:  # noqa: PLR2004 # pairs are in
            total = sum((amount.size for _, amount in chosen), Decimal(0))
            label = " and ".join(effect.of for effect, _ in chosen)
            amount = replace(chosen[0][1], size=total)
            sums.append((replace(chosen[0][0], of=label, written="what they come to together"), [amount]))
    return sums


def _is_whole(stated: Amount, known: Amount) -> bool:
    """Return whether a bare number is the effect as it is written, or names what it counts: 7 is not 7.3 patients."""
    return not known.noun or stated.size == known.size or stated.noun[:1] == known.noun[:1]


def _by_name(text: str, effects: Sequence[Effect], subjects: Sequence[str]) -> str | None:
    for clause in re.split(_CLAUSE, text):
        for part in re.split(_AND, clause):
            effect = next((each for each in effects if _moves_forecast(each) and _names(each.of, part)), None)
            if effect is None or not effect.direction:
                continue
            place = _end_of_name(effect.of, part)
            rest = part[place:]
            if _SUPPOSED.search(part[:place]) or _SUPPOSED.search(rest.split("forecast")[0]):
                continue
            if not (_FORECAST.search(rest) or any(_names(each, rest) for each in subjects) or _is_verdict(rest)):
                continue
            said = _said(rest, last=False)
            if said and said * effect.direction < 0 and not read_amounts(rest):
                return _explain(effect)
    return None


_VERDICT: Final = re.compile(
    r"\b(?:speaks? (?:for|against) (?:them|us|it)|(?:helps?|hurts?) (?:us|here)|holds? (?:it|them|us) back|"
    r"works? (?:for|against) us|weighs on (?:it|them)|is (?:a|the|our|their|its) (?:\w+ )?"
    r"(?:asset|strength|brake|headwind|tailwind|drag|plus|upside|drawback|weakness))\b",
    re.IGNORECASE,
)


def _is_verdict(rest: str) -> bool:
    return bool(_VERDICT.search(rest))


_AT_ONCE_UP: Final = re.compile(r"\s(?:more|above|over|higher|up|ahead|to the good|upwards?)\b", re.IGNORECASE)
_AT_ONCE_DOWN: Final = re.compile(
    r"\s(?:less|fewer|below|under|shy|lower|down|off|short|downwards?|drag|hit|penalty)\b", re.IGNORECASE
)


def _said_at_once(after: str) -> int:
    return 1 if _AT_ONCE_UP.match(after) else -1 if _AT_ONCE_DOWN.match(after) else 0


def _said(text: str, *, last: bool) -> int:
    """Return 1 or -1 for the last or first word of direction, turned around where it is denied; 0 without one."""
    found = sorted(
        [(match.start(), -match.end(), 1) for match in _UP.finditer(text)]
        + [(match.start(), -match.end(), -1) for match in _DOWN.finditer(text)]
    )
    # "brings it down" is found as both: the longer one counts.
    outer = [each for place, each in enumerate(found) if not any(-each[1] <= -other[1] for other in found[:place])]
    if not outer:
        return 0
    place, _, direction = outer[-1 if last else 0]
    denied = _NOT.search(re.split(_AND, text[max(place - 25, 0) : place])[-1])
    return -direction if denied else direction


def _clause_before(text: str, start: int, end: int) -> str:
    return re.split(_CLAUSE, text[start:end])[-1]


def _clause_after(text: str) -> str:
    return re.split(_AND, re.split(_CLAUSE, text)[0])[0]


def _moves_forecast(effect: Effect) -> bool:
    """Return whether it is one driver's: neither of a pair, beyond what each does, nor of an action."""
    return " with " not in effect.of and not effect.of.startswith("What an action")


def _names(label: str, text: str) -> bool:
    """Return whether the text has all words of a label, each by its beginning."""
    words = _WORD.findall(label.casefold())
    return bool(words) and all(re.search(rf"\b{re.escape(word.removesuffix('s'))}", text.casefold()) for word in words)


def _end_of_name(label: str, text: str) -> int:
    words = _WORD.findall(label.casefold())
    found = [re.search(rf"\b{re.escape(word.removesuffix('s'))}\w*", text.casefold()) for word in words]
    return max((match.end() for match in found if match), default=0)


def _explain(effect: Effect) -> str:
    if not effect.of:
        return (
            f"The prediction moves {'up' if effect.direction > 0 else 'down'} by {effect.written}; it says otherwise."
        )
    if not _moves_forecast(effect):
        side = "more" if effect.direction > 0 else "less"
        return f"{effect.of}: {effect.written} {side}; it says otherwise."
    does = "raises" if effect.direction > 0 else "lowers" if effect.direction < 0 else "does not move"
    return f"{effect.of} {does} the forecast, by {effect.written}; it says otherwise."
