"""What a business calls its things: its features, actions, accounts, as a question may name them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rapidfuzz.distance import OSA

from bot.check.english import is_common
from bot.questions.words import is_filling, stem
from storage.records import FeatureKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bot.brief import Brief, Driver
    from storage.records import Feature

Stems = tuple[str, ...]

_WORD: Final = re.compile(r"[a-z]+")
_WINDOW: Final = re.compile(r",?\s*\b\d+\s*[dmwy]\b")  # "Complaints, 90 d" are complaints
# Words of labels that name nothing on their own: "risk" is more than one feature even where one label holds it.
_GENERIC: Final = frozenset(
    map(
        stem,
        """
        risk score rate size growth number share value use used usage year years day days time age name month months
        held owned elsewhere nearby other required need needed needs annual average total main product products company
        market quarter level index status type count amount sum last next late new old stage date area line lines open
        system systems
        given expected completed connected returned manages accepts order orders ordered online account accounts
        """.split(),
    )
)
_BETWEEN_WORDS: Final = frozenset({"between", "to", "from", "with", "and", "in", "by", "not", "no"})
# What people say for a word of a label, where a label has that word.
_SAID_FOR: Final = {
    "headcount": "employees",
    "workforce": "employees",
    "staff": "employees",
    "licenses": "licences",
    "license": "licences",
    "offices": "locations",
    "sites": "locations",
    "revenues": "revenue",
    "turnover": "revenue",
    "mail": "email",
    "emails": "email",
    "mails": "email",
    "downtime": "outages",
    "mature": "maturity",
    "attrition": "churn",
    "rival": "competitor",
    "rivals": "competitors",
    "competition": "competitor",
    "compete": "competitor",
    "competing": "competitor",
    "annually": "annual",
    "yearly": "annual",
    "demonstration": "demo",
    "demonstrations": "demos",
    "interface": "integration",
    "interfaces": "integrations",
}
# What people say for a feature whose label has these words, without any of them, filling left out.
_CALLED: Final = {
    "churn": (
        *(
            f"{odds} {going}"
            for odds in ("risk", "chance", "probability", "likelihood", "likely", "odds")
            for going in ("leave", "walk", "cancel", "defect")
        ),
        *(f"{going} risk" for going in ("leaving", "cancellation", "defection", "flight")),
    ),
    "annual revenue": ("turnover", "turn over", "annual sales", "yearly sales", "make a year", "earn a year"),
    "open rate": ("opens",),
    "csm": ("health score", "health rating", "customer health", "customer success score", "customer success rating"),
}
# And what for one that is a name, no number: "Competitor products" are not whom we are up against.
_CALLED_BY_NAME: Final = {"competitor": ("incumbent", "we up against")}
_YEARLY: Final = frozenset(map(stem, ("annual", "revenue")))
_VERBS: Final = frozenset({"open", "opened", "opening"})  # are no "opens"
# What a measure is called besides its name: "the churn figure", "their cloud score".
_MEASURES: Final = frozenset(
    "score rate level figure value number count percentage rating reading readiness adoption".split()
)
# What people say for how long somebody has been a customer.
_SINCE: Final = tuple(
    tuple(phrase.split())
    for phrase in (
        "age",
        "tenure",
        "as old",
        "old is the account",
        "old is this account",
        "old the account is",
        "old this account is",
        "customer since",
        "client since",
        "customer for",
        "been a customer",
        "been a client",
        "been customer",
        "been customers",
        "been clients",
        "been with us",
        "been ours",
        "they with us",
        "had them",
        "are they customers",
        "working with us",
        "they are customer",
        "they are a customer",
        "they are our customer",
        "are they customer",
        "are they a customer",
        "are they our customer",
    )
)
_LONGEST_PHRASE: Final = 6
_LABEL_LETTERS: Final = 5  # of a misspelt word of a label


@dataclass(frozen=True, slots=True)
class Name:
    """A feature, the stems that its label and its column are made of, and those of what else it is called."""

    driver: Driver
    label: frozenset[str]
    column: frozenset[str]
    called: tuple[Stems, ...]

    @property
    def feature(self) -> Feature:
        """The feature itself."""
        return self.driver.feature

    @property
    def head(self) -> str:
        """The stem of the label's last word, which says what the feature is."""
        return stem(self.feature.label.casefold().split()[-1])

    @property
    def telling(self) -> frozenset[str]:
        """The stems of the label that are of no other feature's kind, as "risk" is."""
        return self.label - _GENERIC

    @property
    def stems(self) -> frozenset[str]:
        """Every stem that may stand for a part of the name."""
        return self.label | self.column


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What a question about one account may name.

    ``categories`` returns the values that occur of a feature that is a category. ``is_account`` tells whether a text
    names other accounts that the person who asks may see; ``given`` is how many actions this one gets and ``most`` how
    many one may get.
    """

    names: tuple[Name, ...]
    phrases: dict[Stems, str]
    own: frozenset[str]
    own_id: str
    own_name: str
    action: frozenset[str]
    target: frozenset[str]
    predicted: float
    given: int
    most: int
    categories: Callable[[Feature], frozenset[str]]
    is_account: Callable[[str], bool]

    def usual(self, words: Sequence[str]) -> tuple[str, int]:
        """Return the usual word for what the words begin with, and how many of them that is; no word for none."""
        stems = tuple(map(stem, words[:_LONGEST_PHRASE]))
        for length in range(len(stems), 0, -1):
            if stems[:length] in self.phrases:
                return self.phrases[stems[:length]], length
        return "", 0

    @property
    def words(self) -> frozenset[str]:
        """The words of labels that are long enough to be recognised with an error in them."""
        labels = (name.feature.label.casefold() for name in self.names)
        return frozenset(word for label in labels for word in _WORD.findall(label) if len(word) >= _LABEL_LETTERS)

    @property
    def age(self) -> Name | None:
        """The feature that says for how long this has been a customer, if there is exactly one."""
        found = [
            name
            for name in self.names
            if name.feature.unit in {"months", "years"} and name.label & {"account", "client", "custom"}
        ]
        return found[0] if len(found) == 1 else None

    @property
    def yearly(self) -> Name | None:
        """The feature that says what the account makes in a year, if there is exactly one."""
        found = [name for name in self.names if name.feature.unit == "$" and name.label >= _YEARLY]
        return found[0] if len(found) == 1 else None


def make_vocabulary(
    brief: Brief,
    *,
    categories: Callable[[Feature], frozenset[str]],
    is_account: Callable[[str], bool],
) -> Vocabulary:
    """Return the words of a brief; the other two are as in `Vocabulary`."""
    words = brief.snapshot.words
    usual: dict[Stems, str] = {}
    for phrase, said in (
        (words.target, "forecast"),
        (words.action, "action"),
        (words.actions, "action"),
        (words.rep, "rep"),
        (words.reps, "rep"),
        (words.owner, "owner"),
        (words.territory, "region"),
        (words.industry, "industry"),
        (words.account, "account"),
        (words.accounts, "accounts"),
        *((item.label, "offer") for item in brief.account.sensitivities),
    ):
        usual.setdefault(_stems_of(phrase), said)
    # "Account" and "accounts" have one stem; which of them was written says whether one or all are meant.
    usual.pop(_stems_of("account"), None)
    own_name = " ".join(brief.account.name.casefold().split())
    return Vocabulary(
        names=make_names(brief.drivers),
        phrases={stems: said for stems, said in usual.items() if stems},
        own=frozenset(map(stem, _WORD.findall(f"{own_name} {brief.account.account_id.casefold()}"))),
        own_id=brief.account.account_id.casefold(),
        own_name=own_name,
        action=frozenset(_stems_of(words.actions)),
        target=frozenset(_stems_of(words.target)),
        predicted=brief.account.predicted,
        given=brief.account.allocation.actions,
        most=brief.snapshot.allocation.cap_per_account,
        categories=categories,
        is_account=is_account,
    )


def make_names(drivers: Sequence[Driver]) -> tuple[Name, ...]:
    """Return how the features of these drivers may be named."""
    labels = [_meaning(_WINDOW.sub("", driver.feature.label.casefold())) for driver in drivers]
    named = [label for label, driver in zip(labels, drivers, strict=True) if _is_name(driver.feature)]
    only, by_name = _only_once(_CALLED, labels), _only_once(_CALLED_BY_NAME, named)
    return tuple(
        Name(
            driver=driver,
            label=label,
            column=_meaning(driver.feature.name.casefold().replace("_", " ")),
            called=tuple(
                phrase
                for words, phrases in (*only.items(), *(by_name.items() if _is_name(driver.feature) else ()))
                if words <= label
                for phrase in phrases
            ),
        )
        for driver, label in zip(drivers, labels, strict=True)
    )


def _is_name(feature: Feature) -> bool:
    return feature.kind is FeatureKind.CATEGORY


def _only_once(
    called: Mapping[str, Sequence[str]], labels: Sequence[frozenset[str]]
) -> dict[frozenset[str], tuple[Stems, ...]]:
    """Return the phrases for words that exactly one of the labels has."""
    stems = {frozenset(_stems_of(words)): tuple(map(_stems_of, phrases)) for words, phrases in called.items()}
    return {words: phrases for words, phrases in stems.items() if sum(words <= label for label in labels) == 1}


def said_for(word: str) -> str:
    """Return the word of labels that people say this one for, or itself."""
    return _SAID_FOR.get(word, word)


def find_since(vocabulary: Vocabulary, words: Sequence[str]) -> tuple[Name | None, int]:
    """Return the age of the account where the words begin with one of the ways to say it, and how many they are."""
    name = vocabulary.age
    lengths = [len(phrase) for phrase in _SINCE if tuple(words[: len(phrase)]) == phrase]
    return (name, max(lengths)) if name is not None and lengths else (None, 0)


def find_category(categories: frozenset[str], words: Sequence[str]) -> tuple[str, int]:
    """Return the category that the words begin with, and how many of them that is; no category for none."""
    for category in sorted(categories, key=len, reverse=True):
        told = category.casefold().split()
        if told and list(words[: len(told)]) == told:
            return category, len(told)
        if len(told) == 1 and "".join(words[:2]) == told[0]:
            return category, 2  # "tech ops" are TechOps
    return "", 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A feature that some words begin with, and how many of them name it.

    ``whole`` where they are its whole label, ``or_target`` where the target may be meant as well.
    """

    name: Name | None = None
    length: int = 0
    whole: bool = False
    or_target: bool = False


def find_name(vocabulary: Vocabulary, words: Sequence[str]) -> Found:
    """Return the feature that the words begin with; no feature and a length is what several could be meant by."""
    called = _find_called(vocabulary, words)
    if called.name is not None or is_filling(words[0]) or not _WORD.fullmatch(words[0]):
        return called
    runs = [(name, *_run(name, words)) for name in vocabulary.names]
    most = max((len(stems) for _, stems, _ in runs), default=0)
    longest = [(name, stems, length) for name, stems, length in runs if len(stems) == most]
    whole = [each for each in longest if each[1] >= each[0].label] or [
        each for each in longest if each[1] >= each[0].column
    ]
    if not most:
        return Found()
    # "Visits" alone are the actions, where these are called so.
    if len(whole) == 1 and (whole[0][1] >= whole[0][0].label or not whole[0][1] <= vocabulary.action):
        return Found(name=whole[0][0], length=whole[0][2], whole=True)
    name, stems, length = longest[0]
    # "May I request you to" asks for no demo requests.
    if stems <= _GENERIC or stems <= vocabulary.action or words[length : length + 1] == ["you"]:
        return Found()
    # "Budget" alone is not the budget quarter.
    if len(longest) > 1 or (name.feature.kind is FeatureKind.CATEGORY and name.head not in stems):
        return Found(length=length)
    as_target = vocabulary.target.issuperset(stem(word) for word in words[:length] if not is_filling(word))
    length += words[length : length + 1] != [] and words[length] in _MEASURES
    return Found(name=name, length=length, or_target=as_target)


def _find_called(vocabulary: Vocabulary, words: Sequence[str]) -> Found:
    """Return the feature that the words begin with another phrase for, filling between its words."""
    for name in vocabulary.names:
        for phrase in name.called:
            left = list(phrase)
            for place, word in enumerate(words):
                if stem(word) == left[0] and not (len(phrase) == 1 and word in _VERBS):
                    left.pop(0)
                    if not left:
                        return Found(name=name, length=place + 1, whole=True)
                elif len(left) == len(phrase) or not is_filling(word):
                    break
    return Found()


def _run(name: Name, words: Sequence[str]) -> tuple[frozenset[str], int]:
    """Return which stems of a name the words begin with, filling between them, and how many words that are.

    A misspelt word counts where the words are the whole label: "contracts" are no "Active contacts".
    """
    found, length = _run_of(name, words, misspelt=True)
    return (found, length) if found >= name.label else _run_of(name, words, misspelt=False)


def _run_of(name: Name, words: Sequence[str], *, misspelt: bool) -> tuple[frozenset[str], int]:
    found: set[str] = set()
    length = 0
    for place, word in enumerate(words):
        part = _part(name, word, misspelt=misspelt)
        if part and part not in found:
            found.add(part)
            length = place + 1
        elif not found or not is_filling(word):
            break
    return frozenset(found), length


def _part(name: Name, word: str, *, misspelt: bool) -> str:
    """Return the stem of the name that the word is, or is a misspelling of, else nothing."""
    if is_filling(word) or not _WORD.fullmatch(word):
        return ""
    for said in (word, said_for(word)):
        if (stemmed := stem(said)) in name.stems:
            return stemmed
    if not misspelt or is_common(word):
        return ""  # "rises" is no misspelt "risk"
    near = [
        each
        for each in name.label
        if each[0] == word[0]
        and OSA.distance(stem(word), each) == 1
        and (len(word) >= _LABEL_LETTERS or sorted(stem(word)) == sorted(each))
    ]
    return near[0] if len(near) == 1 else ""


def _meaning(text: str) -> frozenset[str]:
    words = (word for word in _WORD.findall(text) if len(word) > 1 and not is_filling(word))
    return frozenset(stem(word) for word in words if word not in _BETWEEN_WORDS)


def _stems_of(phrase: str) -> Stems:
    return tuple(stem(word) for word in _WORD.findall(phrase.casefold()))
