"""Draft a pack from a table: a guess for every column, with a comment that says why."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import numpy as np

from pipeline.columns import Column, ColumnType, split_words
from pipeline.errors import ExistingFileError, UnwritableFileError
from pipeline.leaks import name_successors
from pipeline.readiness import is_personal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from storage.raw_table import RawTable

_ROLES: Final = {
    "name": (("name",), ("account", "name"), ("company",), ("customer",), ("client",), ("title",)),
    "owner": (("owner",), ("rep",), ("account", "owner"), ("manager",), ("salesperson",), ("adviser",), ("advisor",)),
    "territory": (("territory",), ("region",), ("country",), ("state",), ("district",), ("branch",)),
    "industry": (("industry",), ("sector",), ("segment",), ("vertical",), ("specialty",)),
}
_TARGET_WORDS: Final = (
    "target", "outcome", "expansion", "revenue", "sales", "amount", "arr", "value", "spend", "price", "y"
)  # fmt: skip
_PROTECTED: Final = frozenset(
    ("gender", "sex", "race", "ethnicity", "religion", "nationality", "disability", "marital", "pregnant")
)
# The age of these is somebody's; that of an account or a building is not.
_PERSONS: Final = frozenset({"age", "person", "customer", "client", "patient", "buyer", "owner", "seller", "contact"})
_USED: Final = {ColumnType.NUMBER, ColumnType.YES_NO, ColumnType.CATEGORY}
_NAME_CHARACTERS: Final = 40


class _Guesses:
    """What the columns of a table seem to be; each column is one thing."""

    def __init__(self, table: RawTable, columns: Sequence[Column]) -> None:
        self.left = list(columns)
        self.id = self._take(_is_id) or self._take(lambda column: column.distinct == table.rows) or self._take(_any)
        self.roles = {role: self._take(_called(names)) for role, names in _ROLES.items()}
        self.never = [(column, reason) for column in list(self.left) if (reason := _why_never(column)) is not None]
        self.left = [column for column in self.left if column not in [taken for taken, _ in self.never]]
        numbers = [column for column in self.left if column.type is ColumnType.NUMBER]
        self.target = max(reversed(numbers), key=_target_likeness, default=None)
        if self.target is not None:
            self.left.remove(self.target)
            late = set(name_successors([column.name for column in self.left], self.target.name))
            self.never += [(column, "outcome") for column in self.left if column.name in late]
            self.left = [column for column in self.left if column.name not in late]
        self.features = [column for column in self.left if column.type in _USED]
        self.unused = [column for column in self.left if column.type not in _USED]

    def _take(self, fits: Callable[[Column], bool]) -> Column | None:
        found = next((column for column in self.left if fits(column)), None)
        if found is not None:
            self.left.remove(found)
        return found


def draft_pack(table: RawTable, columns: Sequence[Column]) -> str:
    """Return the TOML of a pack whose every guess has a comment; without a column to predict it says what to fill in.

    The text reads back as a pack where the table has an id, a number to predict and a feature.
    """
    guesses = _Guesses(table, columns)
    return "\n".join(
        [
            f"# Drafted from {_comment(table.source)}: {table.rows} rows, {len(columns)} columns.",
            "# Every line is a guess; correct what is wrong.",
            'name = "draft"',
            'title = "Your accounts"',
            "",
            "[words]  # what you call things, in the middle of a sentence",
            'account = "account"',
            'accounts = "accounts"',
            'rep = "account executive"',
            'reps = "account executives"',
            'action = "sales action"',
            'actions = "sales actions"',
            f"target = {_string(_phrase(guesses.target.name) if guesses.target is not None else 'revenue')}",
            "",
            *_draft_columns(guesses, table),
            "",
            *_draft_target(guesses),
            *_draft_features(guesses),
            *_draft_never(guesses),
            "",
            *(f"# Not used: {_comment(column.name)} ({column.type})" for column in guesses.unused),
            "",
            "[actions]  # how many you can give, how many one account may have, what one costs in dollars",
            "capacity = 250",
            "cap_per_account = 5",
            "cost = 400",
            "response = {first = 0.05, decay = 0.6}  # assumed until you measure it",
            "",
            "# [allocation]  # the best way there is to give them; uncomment what limits it beside these",
            '# method = "score"  # instead: by points, as in [score]',
            "# capacity_per_rep = 20",
            "# rep_capacity = {}  # who has another one, by name",
            "# territory_minimum = {}  # what a territory gets at least, by name",
            "",
            "[score]  # the stated rule that gives actions: predicted value in this unit",
            f"target_per_point = {_points(guesses.target)}  # a hundredth of the largest value seen",
            "",
        ]
    )


def guess_findings(columns: Sequence[Column], target: str) -> tuple[str, ...]:
    """Say that nothing but its place speaks for the target that was drafted, where that is so."""
    if any(column.name == target and _target_likeness(column) for column in columns):
        return ()
    return (
        (
            f"No pack was given, and no column is named like an outcome: the last column of numbers, {target!r}, is "
            f"taken for what is to be predicted. If it is not, nothing here means anything; name it in a pack."
        ),
    )


def write_draft(path: Path, draft: str) -> None:
    """Write a draft into a new file; one that is there may hold corrections and is left alone."""
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(draft)
    except FileExistsError as error:
        raise ExistingFileError(path) from error
    except OSError as error:
        raise UnwritableFileError(path, error) from error


def _draft_columns(guesses: _Guesses, table: RawTable) -> Iterable[str]:
    yield "[columns]"
    if guesses.id is None:
        yield 'id = ""  # no column names the rows; add one'
    else:
        why = "differs in every row" if guesses.id.distinct == table.rows else "named like an id, yet not unique"
        yield f"id = {_string(guesses.id.name)}  # {why}"
    for role, column in guesses.roles.items():
        if column is not None:
            yield f"{role} = {_string(column.name)}  # by its name"
        else:
            yield f'# {role} = ""  # no column is named like one'


def _draft_target(guesses: _Guesses) -> Iterable[str]:
    yield "[target]"
    if guesses.target is None:
        yield 'column = ""  # no column of numbers is left to predict; name one'
        yield 'label = ""'
        yield 'unit = ""'
        return
    why = "by its name" if _target_likeness(guesses.target) else "the last column of numbers"
    yield f"column = {_string(guesses.target.name)}  # {why}; the one mistake here that spoils everything"
    yield f"label = {_string(_label(guesses.target.name))}"
    yield f"unit = {_string(_unit(guesses.target))}  # $, hours, patients, …"


def _draft_features(guesses: _Guesses) -> Iterable[str]:
    for column in guesses.features:
        yield ""
        yield "[[features]]"
        seen = f"{column.type}, {column.distinct} values, {column.missing_share:.0%} missing"
        yield f"column = {_string(column.name)}  # {seen}"
        yield f"label = {_string(_label(column.name))}"
        yield 'group = "Profile"  # features of one group stand together'
        yield f"unit = {_string(_unit(column))}"
        yield f'kind = "{"category" if column.type is ColumnType.CATEGORY else "number"}"'
        yield 'influence = "none"  # or "rep can raise", "rep can lower"'


def _draft_never(guesses: _Guesses) -> Iterable[str]:
    whys = {
        "personal": "names or reaches a person",
        "protected": "an attribute that law or decency protects",
        "outcome": "named like something known only after the outcome",
    }
    for column, reason in guesses.never:
        yield ""
        yield "[[never]]"
        yield f"column = {_string(column.name)}  # {whys[reason]}"
        yield f'reason = "{reason}"'


def _is_id(column: Column) -> bool:
    words = split_words(column.name)
    return bool(words) and words[-1] in {"id", "key", "number", "no", "nr", "code"} and column.distinct > 1


def _any(column: Column) -> bool:
    return column.type is ColumnType.IDENTIFIER


def _called(names: Sequence[tuple[str, ...]]) -> Callable[[Column], bool]:
    def fits(column: Column) -> bool:
        return column.type not in {ColumnType.NUMBER, ColumnType.EMPTY} and split_words(column.name) in names

    return fits


def _why_never(column: Column) -> str | None:
    words = set(split_words(column.name))
    if words & _PROTECTED or ("age" in words and words <= _PERSONS):
        return "protected"
    return "personal" if is_personal(column) else None


def _target_likeness(column: Column) -> int:
    """Return how much a name sounds like what one wants to know; the first words of the list sound most like it."""
    return max(
        (len(_TARGET_WORDS) - place for place, word in enumerate(_TARGET_WORDS) if word in split_words(column.name)),
        default=0,
    )


def _points(target: Column | None) -> str:
    if target is None:
        return "1000"
    largest = float(np.nanmax(np.abs(np.asarray(target.values, dtype=np.float64))))
    return f"{largest / 100:.6g}" if largest else "1"


def _unit(column: Column) -> str:
    notes = " ".join(column.notes)
    if "amounts in $" in notes:
        return "$"
    return "%" if "percentages" in notes else ""


def _label(name: str) -> str:
    phrase = _phrase(name)
    return phrase[0].upper() + phrase[1:]


def _phrase(name: str) -> str:
    return " ".join(split_words(name))[:_NAME_CHARACTERS].strip() or "column"


def _string(text: str) -> str:
    """Return a TOML string; its escapes are those of JSON but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _comment(text: str) -> str:
    return _string(text)[1:-1]
