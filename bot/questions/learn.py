"""Learn from what people asked: ``python -m bot.questions.learn`` after the examples or the questions were changed.

The questions are those that the tests measure, so it needs the folder of the project.
"""

from __future__ import annotations

import hashlib
import random
import re
import tomllib
import warnings
from array import array
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from bot.check.english import is_common
from bot.evidence import Driver
from bot.questions import numbers
from bot.questions.changes import NOT, ROLES, TIMES, change_of, find_values, is_same, signs_of_value
from bot.questions.learned import FINE_STEP, STEP, WEIGHTS, Learned, lexicon_of, product_of, unpack
from bot.questions.linear import scale
from bot.questions.phrases import parts_of
from bot.questions.practice import practices, slotted_lines
from bot.questions.reading import find_clauses, read, with_categories
from bot.questions.recognise import (
    AGE,
    ALL_BUT,
    ASIDE,
    BESIDE,
    MAX_CHARACTERS,
    ON_TOP,
    ONLY,
    QUERY,
    SAME,
    SINGLE,
    SURE,
    VALUES,
    WITHOUT,
    features_of,
    kind_of,
    weigh,
)
from bot.questions.references import find_query, part_of, signs_of_word
from bot.questions.signs import signs_of_question, signs_of_single, stemmed
from bot.questions.tokens import Token
from bot.questions.vocabulary import Name, Vocabulary, make_names
from bot.questions.words import stem, written_out
from bot.tools.calls import TOOLS, AccountFacts, Compare, Drivers, SearchDocuments, ToolCall, WhatIf, WhyAllocated
from storage.records import Feature, FeatureKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from scipy.sparse import csr_array

    from bot.questions.network import Product
    from bot.questions.practice import Examples, Line
    from bot.questions.reading import Reading
    from bot.questions.signs import Lexicon
    from bot.tools.calls import FeatureChange

EXAMPLES: Final = Path(__file__).with_name("examples.toml")
ASKED: Final = tuple(
    Path(__file__).parents[2] / "tests" / "bot" / name
    for name in (
        "questions.toml",
        "questions_by_four.toml",
        "questions_by_seven.toml",
        "questions_by_more.toml",
        "questions_by_many.toml",
        "questions_by_others.toml",
    )
)
_SEED: Final = 7
_HEED_OF_QUESTION: Final = 2.0
_FEW_WORDS: Final = 5
_RARE: Final = 2  # times that a word is said
_SHARE_WITH_ASIDE: Final = 0.5  # of the questions
_MARKS: Final = frozenset(".,:;?!\u2026)-")
_STRENGTHS: Final = {
    "intent": 16.0,
    "single": 60.0,
    "query": 30.0,
    "change": 40.0,
    "count": 40.0,
}  # the inverse of the regularisation, 1 for the others
_LEAST_WEIGHT: Final = 0.05
_MOST_STEPS: Final = 127
_RARE_SIGN: Final = 3  # times that a sign is there to be learned
_RARE_IN_NETWORK: Final = 8
_COMBINED: Final = frozenset("&~|")
_UNITS: Final = 64
_OTHER_QUERIES: Final = 2
_PASSES: Final = 6
_BATCH: Final = 256
_LEFT_OUT: Final[dict[str, Any]] = {"limit": None, "actions": None, "facts": [], "features": []}

Lesson = tuple[set[str], str, float]
Readings = dict[tuple[str, frozenset[str]], "Reading"]  # of texts, each after questions about these features


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question that somebody asked, the one just before it, and the call that answers it."""

    text: str
    author: str
    before: str
    call: ToolCall | None
    beside: bool = False  # another question, of which it asks nothing


def read_asked(paths: Iterable[Path]) -> list[Asked]:
    """Return the questions of these files."""
    return [
        Asked(
            text=told["text"],
            author=told.get("batch", told.get("written", "")),
            before=told.get("before", ""),
            call=call_of(told),
        )
        for path in paths
        for told in tomllib.loads(path.read_text("utf-8"))["question"]
    ]


def call_of(question: Mapping[str, Any]) -> ToolCall | None:
    """Return the call that answers a question of such a file; what it leaves out is not asked for."""
    if "call" not in question:
        return None
    tool = TOOLS[question["call"]["tool"]]
    left_out = {name: _LEFT_OUT[name] for name in tool.model_fields if name in _LEFT_OUT}
    return tool.model_validate(left_out | question["call"])


def is_same_call(one: ToolCall | None, other: ToolCall | None) -> bool:
    """Whether two calls ask for the same, in whatever order they name it."""
    match one, other:
        case WhatIf(), WhatIf():
            pairs = zip(*(sorted(call.changes, key=lambda each: each.feature) for call in (one, other)), strict=False)
            return len(one.changes) == len(other.changes) and all(is_same(*pair) for pair in pairs)
        case AccountFacts(), AccountFacts():
            return set(one.facts) == set(other.facts) and set(one.features) == set(other.features)
        case Compare(), Compare():
            return set(one.accounts) == set(other.accounts)
        case SearchDocuments(), SearchDocuments():
            return one.query.casefold() == other.query.casefold()
        case _:
            return one == other


def vocabulary_of(asked: Iterable[Asked]) -> Vocabulary:
    """Return the words of the account that the questions are about."""
    told = tomllib.loads(ASKED[0].read_text("utf-8"))["account"]
    others = frozenset(name for one in asked if isinstance(one.call, Compare) for name in one.call.accounts)
    categories = {each["name"]: frozenset(each.get("categories", ())) for each in told["features"]}
    drivers = [
        Driver(
            evidence_id="",
            feature=Feature(
                name=each["name"],
                label=each["label"],
                group="",
                unit=each["unit"],
                kind=FeatureKind.CATEGORY if "categories" in each else FeatureKind.NUMBER,
            ),
            value=each.get("value"),
            shap=0.0,
        )
        for each in told["features"]
    ]
    name, own_id = told["name"].casefold(), told["id"].casefold()
    return Vocabulary(
        names=make_names(drivers),
        phrases={tuple(map(stem, phrase.split())): said for phrase, said in told["phrases"].items()},
        own=frozenset(stem(word) for word in re.findall("[a-z]+", f"{name} {own_id}")),
        own_id=own_id,
        own_name=name,
        action=frozenset({stem("actions")}),
        target=frozenset(map(stem, told["target"].split())),
        predicted=told["predicted"],
        given=told["given"],
        most=told["most"],
        categories=lambda feature: categories[feature.name],
        is_account=lambda text: text in others,
    )


def learn(examples: Examples, asked: Sequence[Asked]) -> dict[str, NDArray[Any]]:
    """Return what is learned as arrays."""
    vocabulary = vocabulary_of(asked)
    lines = list(slotted_lines(examples, random.Random(_SEED)))  # noqa: S311 # which of many ways are learned
    times = Counter(each for one in asked for each in set(_words_of(one.text)))
    known = {word for line in lines for word in line.words if word.isalnum()}
    known |= {word for word, number in times.items() if number >= _RARE or is_common(word)}
    words = {
        "known": np.array(" ".join(sorted(known))),
        "alike": np.array("\n".join(f"{name} {told}" for name, told in examples["alike"].items())),
        "digest": np.array(digest()),
    }
    readings: Readings = {}
    school = _School(vocabulary, frozenset(known), examples, readings)
    school.teach([one for one in asked if not one.before], {}, lines)
    # What a follow-up leans on is what was understood of the question before it.
    model = unpack(words | school.learned(quick=True))
    answered = {one.text: one.call for one in asked if not one.before}
    before = {one.before for one in asked if one.before}
    befores = {text: answered[text] if text in answered else _likeliest(text, vocabulary, model) for text in before}
    school = _School(vocabulary, frozenset(known), examples, readings)
    parts = [part for one in asked if one.call is not None for part in _parts(one, vocabulary, model)]
    asides = [part.text for part in parts if part.beside]
    framed = _framed(asked, asides, random.Random(_SEED))  # noqa: S311 # which aside goes with which question
    school.teach([*asked, *parts, *framed], befores, lines)
    return words | school.learned(quick=False)


def digest() -> str:
    """Return the digest of the examples and the questions as they are."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in (EXAMPLES, *ASKED))).hexdigest()


def _likeliest(text: str, vocabulary: Vocabulary, model: Learned) -> ToolCall | None:
    return weigh(text, vocabulary, earlier=(), model=model)[0]


def _parts(one: Asked, vocabulary: Vocabulary, model: Learned) -> list[Asked]:
    """Return the clauses of a question with an answer that ask for all of it or for nothing, where that can be told."""
    weighed = {each: weigh(each, vocabulary, earlier=(), model=model) for each in find_clauses(one.text)}
    asking = [each for each, (call, _) in weighed.items() if is_same_call(call, one.call)]
    if len(asking) != 1:
        return []
    # "So what changed" beside another question asks for nothing of its own, but it does where it stands alone.
    silent = [
        each
        for each, (call, sure) in weighed.items()
        if each not in asking and (call is None or (sure < SURE and "?" not in each))
    ]
    return [
        *(replace(one, text=each, before="", call=None, beside=True) for each in silent),
        *(replace(one, text=each) for each in asking),
    ]


def _framed(asked: Iterable[Asked], asides: Sequence[str], chance: random.Random) -> Iterator[Asked]:
    """Yield questions with something beside them that somebody said beside another."""
    for one in asked:
        if asides and chance.random() < _SHARE_WITH_ASIDE:
            texts = [one.text, chance.choice(asides)]
            chance.shuffle(texts)
            text = " ".join(each if each[-1:] in _MARKS else f"{each}." for each in texts)
            if len(text) <= MAX_CHARACTERS:
                yield replace(one, text=text)


def _words_of(text: str) -> Iterator[str]:
    for word in re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", text.lower().replace("\u2019", "'")):
        yield from written_out(word)


class _School:
    """What there is to learn for each model: signs, what they tell, and how much heed is due to that."""

    def __init__(self, vocabulary: Vocabulary, known: frozenset[str], examples: Examples, readings: Readings) -> None:
        self.vocabulary, self.known, self.examples, self.readings = vocabulary, known, examples, readings
        self.lexicon = lexicon_of((), examples["alike"])
        self.told: dict[str, list[Lesson]] = {"single": [], "change": [], "count": []}
        self.said: list[tuple[str, tuple[str, ...], str, float]] = []
        self.sought: list[tuple[Sequence[Token], int, int, str]] = []
        self.unsought: list[tuple[str, Reading, str]] = []
        self.queries = examples["words"]["topic"].split("|")
        self.chance = random.Random(_SEED)  # noqa: S311 # which examples go together

    def teach(
        self,
        asked: Sequence[Asked],
        befores: Mapping[str, ToolCall | None],
        lines: Sequence[Line],
    ) -> None:
        """Learn from what was asked, from lines with slots, and from questions made up of lines."""
        kinds = [kind_of(one.call) for one in asked]
        self.queries += [one.call.query for one in asked if isinstance(one.call, SearchDocuments)]
        for one in asked:
            self.question(one, befores.get(one.before), any_kind=self.chance.choice(kinds))
        for line in lines:
            self.line(line)
        for label, practice in practices(self.examples, self.vocabulary, self.chance):
            self.practice(label, self.read(practice.text, None), practice.roles, single=practice.single)

    def read(self, text: str, before: ToolCall | None) -> Reading:
        features = features_of(before)
        if (text, features) not in self.readings:
            about = self.named(features)
            self.readings[text, features] = read(text, self.vocabulary, known=self.known, about=about)
        return self.readings[text, features]

    def named(self, features: Collection[str]) -> list[Name]:
        return [name for name in self.vocabulary.names if name.feature.name in features]

    def question(self, one: Asked, before: ToolCall | None, *, any_kind: str) -> None:
        reading = self.read(one.text, before)
        kind = kind_of(before) if one.before else ""
        words = list(reading.words)
        start, stop = _span(one.call, reading)
        words[start:stop] = [QUERY] if start < stop else []
        label = ASIDE if one.beside else _label(one.call, before, reading)
        if label == VALUES and not reading.names and self.vocabulary.age in self.named(features_of(one.call)):
            label = AGE
        self.said.append((label, tuple(words), kind, _HEED_OF_QUESTION))
        # A question that stands alone means the same after any other one, unless it says too little to mean anything.
        if one.call is not None or len(words) > _FEW_WORDS:
            self.said.append((label, tuple(words), kind or any_kind, _HEED_OF_QUESTION))
        if start < stop:
            self.sought.append((reading.tokens, start, stop, kind))
            self.others_sought(reading, start, stop, kind)
        elif not isinstance(one.call, SearchDocuments):
            self.unsought.append((label, reading, kind))
        self.arguments(one.call, before, reading, kind)

    def arguments(self, call: ToolCall | None, before: ToolCall | None, reading: Reading, kind: str) -> None:
        """Learn what the numbers, values and parts of a question are."""
        match call:
            case AccountFacts(facts=(_, *_)):
                parts = [part for part in parts_of(reading.tokens) if all(token.name is None for token in part)]
                if len(parts) == len(call.facts) and len({*call.facts, *call.features}) > 1:  # in this order
                    for fact, part in zip(call.facts, parts, strict=True):
                        self.said.append((fact.value, tuple(token.word for token in part), "", 1.0))
            case Drivers():
                unsaid = call.limit in {None, 1} and not reading.amounts
                if unsaid:
                    self.single(reading, one=call.limit == 1)
                self.number("drivers", None if unsaid else call.limit, reading, kind)
            case WhyAllocated():
                self.number("why", call.actions, reading, kind)
            case WhatIf():
                earlier = before.changes if isinstance(before, WhatIf) else ()
                self.changes([each for each in call.changes if not _is_in(each, earlier)], reading, earlier)
            case _:
                pass

    def others_sought(self, reading: Reading, start: int, stop: int, kind: str) -> None:
        """Learn that what else was ever looked for may stand in the place of what is, too."""
        low, high = reading.tokens[start].start, reading.tokens[stop - 1].end
        for query in self.chance.choices(self.queries, k=_OTHER_QUERIES):
            other = self.read(f"{reading.text[:low]}{query}{reading.text[high:]}", None)
            first, last = _span(SearchDocuments(query=query), other)
            if first < last:
                self.sought.append((other.tokens, first, last, kind))

    def line(self, line: Line) -> None:
        words = line.words
        self.said.append((line.label, words, line.before, 1.0))
        if QUERY in words:
            place, query = words.index(QUERY), self.chance.choice(self.queries).lower().split()
            words = (*words[:place], *query, *words[place + 1 :])
            self.sought.append((_tokens(words), place, place + len(query), line.before))

    def practice(self, label: str, reading: Reading, starts: Mapping[int, str], *, single: bool) -> None:
        self.said.append((label, reading.words, "", 1.0))
        roles = {place: starts[token.start] for place, token in enumerate(reading.tokens) if token.start in starts}
        if label == "what_if":
            factors = [
                each for each in find_values(reading.tokens) if each.kind in {"factor", "fraction", "times", "percent"}
            ]
            self.roles_of_values(reading, roles or {each.place: TIMES for each in factors}, ())
            return
        self.roles_of_counts("why" if label == "why_allocated" else "drivers", reading, roles, "")
        if label != "why_allocated" and not reading.amounts:
            self.single(reading, one=single)

    def single(self, reading: Reading, *, one: bool) -> None:
        signs = signs_of_single(reading.words, self.lexicon)
        self.told["single"].append((signs, SINGLE if one else "all", 1.0))

    def number(self, about: str, wanted: int | None, reading: Reading, kind: str) -> None:
        given = self.vocabulary.given if about == "why" else -1
        fits = [
            (count.place, role)
            for role in numbers.ROLES
            for count in reversed(numbers.find_counts(reading.tokens, given=given, most=self.vocabulary.most))
            if numbers.number_of(role, count, given=given) == wanted
        ]
        if fits or wanted is None:
            self.roles_of_counts(about, reading, dict(fits[:1]), kind)

    def roles_of_counts(self, about: str, reading: Reading, roles: Mapping[int, str], kind: str) -> None:
        for given in {self.vocabulary.given, 0} if about == "why" else {-1}:
            counts = numbers.find_counts(reading.tokens, given=given, most=self.vocabulary.most)
            for each in counts:
                signs = numbers.signs_of_count(
                    reading.tokens, counts, each, self.lexicon, given=given, about=about, before=kind
                )
                self.told["count"].append((signs, roles.get(each.place, numbers.NOT), 1.0))

    def changes(self, wanted: Sequence[FeatureChange], reading: Reading, earlier: Sequence[FeatureChange]) -> None:
        features = {name.feature.name: name.feature for name in self.vocabulary.names}
        about = self.named({each.feature for each in earlier})
        reading, _ = with_categories(reading, self.vocabulary, known=self.known, about=about)
        roles: dict[int, str] = {}
        for change in wanted:
            fits = [
                (value.place, role)
                for value in find_values(reading.tokens, earlier)
                for role in ROLES
                if (made := change_of(role, value, features[change.feature])) is not None
                and is_same(made, change)
                and value.place not in roles
            ]
            if not fits:
                return
            roles |= fits[:1]
        self.roles_of_values(reading, roles, earlier)

    def roles_of_values(self, reading: Reading, roles: Mapping[int, str], earlier: Sequence[FeatureChange]) -> None:
        values = find_values(reading.tokens, earlier)
        for each in values:
            signs = signs_of_value(reading.tokens, values, each, self.lexicon, earlier=earlier)
            self.told["change"].append((signs, roles.get(each.place, NOT), 1.0))

    def learned(self, *, quick: bool) -> dict[str, NDArray[Any]]:
        """Return the models as arrays; quickly, or as well as can be."""
        arrays = _fit("query", self.lessons_of_queries(quick=quick), quick=quick)
        if not quick:
            self.seek(product_of("query", arrays))
        arrays |= _fit("intent", self.lessons_of_intents(quick=quick), quick=quick)
        for model, told in self.told.items():
            arrays |= _fit(model, told, quick=quick)
        return arrays

    def lessons_of_queries(self, *, quick: bool) -> Iterator[Lesson]:
        stems = [[stem(each.word) for each in tokens] for tokens, _, _, _ in self.sought]
        for lexicon in self.lexicons(stems, quick=quick):
            for tokens, start, stop, kind in self.sought:
                for place in range(len(tokens)):
                    yield signs_of_word(tokens, place, lexicon, before=kind), part_of(place, start, stop), 1.0

    def lessons_of_intents(self, *, quick: bool) -> Iterator[Lesson]:
        for lexicon in self.lexicons([stemmed(words) for _, words, _, _ in self.said], quick=quick):
            for label, words, kind, heed in self.said:
                yield signs_of_question(stemmed(words), lexicon, before=kind), label, heed

    def lexicons(self, said: Iterable[Sequence[str]], *, quick: bool) -> list[Lexicon]:
        """Return what is heard, and what if rare words never were: what an unknown word means is learned, too."""
        times = Counter(each for stems in said for each in set(stems))
        often = frozenset(each for each, number in times.items() if number >= _RARE)
        return [replace(self.lexicon, stems=stems) for stems in ([often] if quick else [frozenset(times), often])]

    def seek(self, model: Product) -> None:
        """Learn that a question is no other one for what would be looked for if it asked for that."""
        lexicon = replace(self.lexicon, stems=frozenset(model.linear.rows))
        for label, reading, kind in self.unsought:
            start, stop, _ = find_query(reading, model, lexicon, before=kind)
            if start < stop:
                self.said.append((label, (*reading.words[:start], QUERY, *reading.words[stop:]), kind, 1.0))


def _label(call: ToolCall | None, before: ToolCall | None, reading: Reading) -> str:
    match call, before:
        case WhatIf(), WhatIf() if any(_is_in(each, before.changes) for each in call.changes):
            if len(call.changes) >= len(before.changes) or not all(
                _is_in(each, before.changes) for each in call.changes
            ):
                return ON_TOP
            categories = {token.category for token in reading.tokens}
            named = {name.feature.name for name in reading.names}
            kept = any(each.feature in named or each.amount in categories for each in call.changes)
            return ONLY if kept else WITHOUT
        case Compare(), Compare() if set(call.accounts) > set(before.accounts):
            return BESIDE
        case Compare(), Compare() if not set(call.accounts) & set(reading.accounts):
            return ALL_BUT
        case Drivers(), Drivers() if call.direction == before.direction:
            return SAME
        case _:
            return kind_of(call)


def _is_in(change: FeatureChange, changes: Sequence[FeatureChange]) -> bool:
    return any(is_same(change, each) for each in changes)


def _tokens(words: Iterable[str]) -> list[Token]:
    return [Token(word=word, start=0, end=0) for word in words]


def _span(call: ToolCall | None, reading: Reading) -> tuple[int, int]:
    """Return the tokens that are to be looked for, from and to."""
    if not isinstance(call, SearchDocuments):
        return 0, 0
    start = reading.text.casefold().find(call.query.casefold())
    stop = start + len(call.query)
    inside = [place for place, each in enumerate(reading.tokens) if start <= each.start and each.end <= stop]
    return (inside[0], inside[-1] + 1) if start >= 0 and inside else (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """Lessons as numbers: a row for each and a column for each sign that is not rare."""

    signs: list[str]
    values: csr_array
    labels: list[str]
    heeds: NDArray[np.float64]


def _table(lessons: Iterable[Lesson]) -> _Table:
    from scipy.sparse import csr_array

    columns: dict[str, int] = {}
    places, ends, values, labels, heeds = array("i"), array("i", [0]), array("f"), [], array("d")
    for signs, label, heed in lessons:
        places.extend(columns.setdefault(sign, len(columns)) for sign in sorted(signs))
        values.extend([scale(signs)] * len(signs))
        ends.append(len(places))
        labels.append(label)
        heeds.append(heed)
    often = np.bincount(places, minlength=len(columns)) >= _RARE_SIGN
    told = sorted(sign for sign, column in columns.items() if often[column])
    table = csr_array((values, places, ends), shape=(len(labels), len(columns)))[:, [columns[sign] for sign in told]]
    return _Table(signs=told, values=table, labels=labels, heeds=np.asarray(heeds))


def _fit(model: str, lessons: Iterable[Lesson], *, quick: bool) -> dict[str, NDArray[Any]]:
    table = _table(lessons)
    return _linear(model, table) | _network(model, table, passes=1 if quick else _PASSES)


def _linear(model: str, table: _Table) -> dict[str, NDArray[Any]]:
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=_STRENGTHS.get(model, 1.0), max_iter=250, tol=1e-3)
    fitted.fit(table.values, table.labels, sample_weight=table.heeds)
    weights, bias = _of_each(fitted.coef_.T, fitted.intercept_)
    weights = np.where(np.abs(weights) < _LEAST_WEIGHT, 0, weights)
    kept = weights.any(axis=1)
    return {
        f"{model}.names": np.array(" ".join(fitted.classes_)),
        f"{model}.signs": np.array("\n".join(np.array(table.signs)[kept])),
        # In columns, which are mostly zeros: the file is a fifth of what it would be.
        f"{model}.weights": _in_steps(weights[kept].T, STEP),
        f"{model}.bias": bias.astype(np.float32),
    }


def _network(model: str, table: _Table, *, passes: int) -> dict[str, NDArray[Any]]:
    """Learn from signs that are no combination of others, which the units combine."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    times = np.diff(table.values.tocsc().indptr)
    plain = [_COMBINED.isdisjoint(sign) and sign.count(" ") <= 1 for sign in table.signs]
    columns = np.flatnonzero((times >= _RARE_IN_NETWORK) & plain)
    batch = min(_BATCH, len(table.labels))
    fitted = MLPClassifier((_UNITS,), max_iter=passes, batch_size=batch, learning_rate_init=2e-3, random_state=_SEED)
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):  # it is stopped before it overfits
        fitted.fit(table.values[:, columns], table.labels)
    (hidden, weights), (hidden_bias, bias) = fitted.coefs_, fitted.intercepts_
    weights, bias = _of_each(weights, bias)
    return {
        f"{model}.network.signs": np.array("\n".join(np.array(table.signs)[columns])),
        f"{model}.network.hidden": _in_steps(hidden.T, FINE_STEP),
        f"{model}.network.hidden_bias": hidden_bias.astype(np.float32),
        f"{model}.network.weights": weights.astype(np.float32),
        f"{model}.network.bias": bias.astype(np.float32),
    }


def _of_each(weights: NDArray[Any], bias: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the weights of each label, where of two labels there were those of the second alone."""
    return (weights, bias) if weights.shape[1] > 1 else (np.hstack([0 * weights, weights]), np.append(0.0, bias))


def _in_steps(weights: NDArray[Any], step: float) -> NDArray[np.int8]:
    return np.clip(np.rint(weights / step), -_MOST_STEPS, _MOST_STEPS).astype(np.int8)


if __name__ == "__main__":
    arrays = learn(tomllib.loads(EXAMPLES.read_text("utf-8")), read_asked(ASKED))
    np.savez_compressed(EXAMPLES.with_name(WEIGHTS), allow_pickle=False, **arrays)
