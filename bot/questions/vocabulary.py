"""What a business calls its things: its features, actions, accounts, as a question may name them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rapidfuzz.distance import OSA

from bot.questions.concepts import Concept, Stems, is_filling, phrases, stem
from storage.records import FeatureKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.brief import Brief, Driver
    from storage.records import Feature

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
        given expected completed connected returned manages accepts order orders ordered online account accounts
        """.split(),  # noqa: SIM905 # a hundred quoted words would be harder to read
    )
)
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
    "mail": "email",
    "emails": "email",
    "downtime": "outages",
}
_LABEL_LETTERS: Final = 5  # of a misspelt word of a label


@dataclass(frozen=True, slots=True)
class Name:
    """A feature and the stems that its label and its column are made of."""

    driver: Driver
    label: frozenset[str]
    column: frozenset[str]

    @property
    def feature(self) -> Feature:
        """The feature itself."""
        return self.driver.feature

    @property
    def head(self) -> str:
        """The stem of the label's last word, which says what the feature is."""
        return stem(self.feature.label.casefold().split()[-1])

    @property
    def stems(self) -> frozenset[str]:
        """Every stem that may stand for a part of the name."""
        return self.label | self.column


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What a question about one account may name.

    ``categories`` returns the values that occur of a feature that is a category. ``is_account`` tells whether a text
    names other accounts that the person who asks may see; ``given`` is how many actions this one gets.
    """

    names: tuple[Name, ...]
    phrases: dict[Stems, Concept | None]
    own: frozenset[str]
    own_id: str
    accounts: frozenset[str]
    action: frozenset[str]
    target: frozenset[str]
    predicted: float
    given: int
    categories: Callable[[Feature], frozenset[str]]
    is_account: Callable[[str], bool]


def make_vocabulary(
    brief: Brief,
    *,
    categories: Callable[[Feature], frozenset[str]],
    is_account: Callable[[str], bool],
) -> Vocabulary:
    """Return the words of a brief; the other two are as in `Vocabulary`."""
    words = brief.snapshot.words
    own: dict[Stems, Concept | None] = {}
    for phrase, concept in (
        (words.target, Concept.PREDICTION),
        (words.action, Concept.ACTION),
        (words.actions, Concept.ACTION),
        (words.rep, Concept.OWNER),
        (words.reps, Concept.OWNER),
        (words.owner, Concept.OWNER),
        (words.territory, Concept.REGION),
        (words.industry, Concept.INDUSTRY),
        (words.account, None),
        (words.accounts, None),
        *((item.label, Concept.OFFER) for item in brief.account.sensitivities),
    ):
        own.setdefault(_stems_of(phrase), concept)
    return Vocabulary(
        names=tuple(
            Name(
                driver=driver,
                label=_meaning(_WINDOW.sub("", driver.feature.label.casefold())),
                column=_meaning(driver.feature.name.casefold().replace("_", " ")),
            )
            for driver in brief.drivers
        ),
        phrases={**phrases(), **{stems: concept for stems, concept in own.items() if stems}},
        own=frozenset(map(stem, _WORD.findall(f"{brief.account.name} {brief.account.account_id}".casefold())))
        | frozenset(map(stem, ("account", "customer", "client", "company", "prospect"))),
        own_id=brief.account.account_id.casefold(),
        accounts=frozenset((words.account.casefold(), words.accounts.casefold(), "account", "customer")),
        action=frozenset(_stems_of(words.actions)),
        target=frozenset(_stems_of(words.target)),
        predicted=brief.account.predicted,
        given=brief.account.allocation.actions,
        categories=categories,
        is_account=is_account,
    )


def find_name(vocabulary: Vocabulary, words: Sequence[str]) -> tuple[Name | None, int, bool]:
    """Return the feature that the words begin with, how many of them name it, and whether they are its whole label.

    No feature and a length is what several features could be meant by, or the target; without a length none is.
    """
    runs = [(name, *_run(name, words)) for name in vocabulary.names]
    most = max((len(stems) for _, stems, _ in runs), default=0)
    longest = [(name, stems, length) for name, stems, length in runs if len(stems) == most]
    whole = [each for each in longest if each[1] >= each[0].label] or [
        each for each in longest if each[1] >= each[0].column
    ]
    if not most:
        return None, 0, False
    # "Visits" alone are the actions, where these are called so.
    if len(whole) == 1 and (whole[0][1] >= whole[0][0].label or not whole[0][1] <= vocabulary.action):
        return whole[0][0], whole[0][2], True
    name, stems, length = longest[0]
    if stems <= _GENERIC or stems <= vocabulary.action:
        return None, 0, False
    # "Budget" alone is not the budget quarter.
    if name.feature.kind is FeatureKind.CATEGORY and name.head not in stems:
        return None, length, False
    return (name if len(longest) == 1 and not stems <= vocabulary.target else None), length, False


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
    for said in (word, _SAID_FOR.get(word, word)):
        if (stemmed := stem(said)) in name.stems:
            return stemmed
    if not misspelt:
        return ""
    near = [
        each
        for each in name.label
        if each[0] == word[0]
        and OSA.distance(stem(word), each) == 1
        and (len(word) >= _LABEL_LETTERS or sorted(stem(word)) == sorted(each))
    ]
    return near[0] if len(near) == 1 else ""


def _meaning(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in _WORD.findall(text) if len(word) > 1 and not is_filling(word))


def _stems_of(phrase: str) -> Stems:
    return tuple(stem(word) for word in _WORD.findall(phrase.casefold()))
