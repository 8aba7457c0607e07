from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from pipeline.columns import ColumnType, read_columns
from pipeline.pack import parse_pack
from pipeline.readiness import Readiness, assess, match_names, name_verbatim
from storage.records import Fitness
from storage.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Judge = Callable[..., Readiness]
    Cells = dict[str, list[Any]]

PACK = """
name = "small"
title = "Small"
{more}

[words]
account = "account"
accounts = "accounts"
rep = "rep"
reps = "reps"
action = "call"
actions = "calls"
target = "revenue"

[columns]
id = "account_id"
{time}

[target]
column = "revenue"
label = "Revenue"
unit = "$"

[actions]
capacity = 10
cap_per_account = 2
cost = 1
response = {{first = 0.1, decay = 0.5}}

[score]
target_per_point = 1000

[[never]]
column = "religion"
reason = "protected"
"""
FEATURE = '[[features]]\ncolumn = "{0}"\nlabel = "{0}"\ngroup = "G"\nkind = "{1}"\n'


def accounts(count: int = 200) -> Cells:
    """Return columns of accounts whose revenue three features explain in part."""
    random = np.random.default_rng(7)
    demos, visits, staff = random.poisson(3, count), random.poisson(20, count), random.lognormal(4, 1, count)
    revenue = 5_000 * demos + 400 * visits + 60 * staff + random.normal(0, 5_000, count) + 30_000
    return {
        "account_id": [f"{place:05}" for place in range(count)],
        "demos": demos.tolist(),
        "visits": visits.tolist(),
        "staff": np.round(staff).astype(int).tolist(),
        "tier": random.choice(["gold", "silver"], count).tolist(),
        "revenue": np.round(revenue, 2).tolist(),
    }


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """Write columns to a file and judge it by a pack that has all but id and target for features."""

    def judge(
        cells: Cells,
        *,
        extra_lines: tuple[str, ...] = (),
        more: str = "",
        time: str = "",
        without: tuple[str, ...] = (),
        percent: tuple[str, ...] = (),
    ) -> Readiness:
        lines = [",".join(cells), *(",".join(map(str, row)) for row in zip(*cells.values(), strict=True)), *extra_lines]
        path = tmp_path / "export.csv"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        features = [name for name in cells if name not in {"account_id", "revenue", "religion", *without}]
        text = PACK.format(more=more, time=time) + "\n".join(
            FEATURE.format(name, "category" if isinstance(cells[name][0], str) else "number")
            + ('unit = "%"\n' if name in percent else "")
            for name in features
        )
        pack = parse_pack(text, source="small.toml")
        table = read_table(str(path))
        return assess(table, read_columns(table, verbatim=name_verbatim(pack, table.names)), pack)

    return judge


def test_a_plain_table_is_ready_and_every_feature_is_used(judge: Judge) -> None:
    readiness = judge(accounts())

    assert (readiness.verdict, readiness.reasons) == (Fitness.READY, ())
    assert readiness.features == ("demos", "visits", "staff", "tier")
    assert readiness.rows_read == readiness.rows_used == 200
    assert {report.name: report.done for report in readiness.columns} == {
        "account_id": "the id of the account",
        "demos": "used",
        "visits": "used",
        "staff": "used",
        "tier": "used",
        "revenue": "the target",
    }


def test_rows_that_are_dropped_are_counted_with_their_lines(judge: Judge) -> None:
    cells = accounts()
    cells["account_id"][3] = ""
    cells["revenue"][5] = ""
    cells["revenue"][8] = "tbd"

    readiness = judge(cells, extra_lines=("only,three,cells",))

    assert [str(dropped) for dropped in readiness.dropped] == [
        "1 row has 3 cells where the column names are 6 (line 202)",
        "1 row without an id (line 5)",
    ]
    assert (readiness.rows_read, readiness.rows_used) == (201, 199)
    assert 3 not in readiness.positions


def test_an_id_that_nobody_can_type_is_dropped_with_its_line(judge: Judge) -> None:
    cells = accounts()
    cells["account_id"][3:6] = ["A" * 101, "00\u202e004", "00\u200b005"]
    cells["account_id"][6:8] = ["B" * 100, "M\u00fcller 7"]

    readiness = judge(cells)

    assert [str(dropped) for dropped in readiness.dropped] == [
        "3 rows with an id that nobody can type, of more than 100 characters or with invisible ones (line 5, 6, 7)"
    ]
    assert readiness.rows_used == 197


def test_rows_without_an_outcome_are_kept_to_be_predicted_and_counted(judge: Judge) -> None:
    cells = accounts()
    cells["revenue"][5] = ""
    cells["revenue"][8] = "tbd"

    readiness = judge(cells)

    assert (readiness.rows_used, readiness.rows_to_predict) == (200, 2)
    assert readiness.reasons == ("The target has 1 cell that cannot be read, taken as not known.",)


def test_a_row_without_an_outcome_is_dropped_where_its_id_has_one_with(judge: Judge) -> None:
    cells = accounts()
    for name, column in cells.items():
        column.append("" if name == "revenue" else column[0])

    readiness = judge(cells)

    assert (readiness.rows_used, readiness.rows_to_predict) == (200, 0)
    assert [str(dropped) for dropped in readiness.dropped] == [
        "1 row without a number in the target 'revenue', of ids that have another row with one (line 202)"
    ]


def test_exact_copies_are_merged_with_a_count(judge: Judge) -> None:
    cells = accounts()
    for column in cells.values():
        column.extend([column[0], column[0], column[1]])

    readiness = judge(cells)

    assert readiness.merged == 3
    assert readiness.rows_used == 200
    assert readiness.verdict is Fitness.READY
    assert [str(dropped) for dropped in readiness.dropped] == [
        "3 rows that are exact copies of an earlier one (line 202, 203, 204)"
    ]


def test_an_id_with_rows_that_differ_is_refused_by_name(judge: Judge) -> None:
    cells = accounts()
    cells["account_id"][10] = cells["account_id"][9]

    readiness = judge(cells)

    assert readiness.verdict is Fitness.NOT_READY
    assert readiness.conflicting == ("00009",)
    assert "'00009' (line 12)" in readiness.reasons[0]
    assert "export.csv" in readiness.reasons[0]


def test_with_a_time_an_id_may_have_a_row_for_each_moment(judge: Judge) -> None:
    cells = accounts()
    cells["month"] = ["2024-01-31"] * 200
    cells["account_id"][10] = cells["account_id"][9]
    cells["month"][10] = "2024-02-29"

    assert judge(cells, without=("month",)).conflicting == ("00009",)
    assert judge(cells, without=("month",), time='time = "month"').conflicting == ()


@pytest.mark.parametrize(
    ("make", "how"),
    [
        (lambda revenue: revenue, "is a copy of the target"),
        (lambda revenue: np.round(revenue * 0.92 + 3, 2), "is the target on another scale"),
        (lambda revenue: np.digitize(revenue, [40_000, 55_000, 65_000]), "4 ranges that do not overlap"),
        (lambda revenue: (revenue > 50_000).astype(int), "2 ranges that do not overlap"),
        (lambda revenue: np.round(np.sqrt(revenue) * np.linspace(0.99, 1.01, len(revenue)), 3), "alone explains 9"),
    ],
)
def test_a_feature_that_knows_the_target_is_named_and_left_out(judge: Judge, make: Any, how: str) -> None:
    cells = accounts()
    cells["hint"] = make(np.array(cells["revenue"])).tolist()

    readiness = judge(cells)

    assert [leak.column for leak in readiness.leaks] == ["hint"]
    assert how in readiness.leaks[0].how
    assert readiness.features == ("demos", "visits", "staff", "tier")
    assert readiness.verdict is Fitness.CARE
    assert "hint (left out)" in readiness.reasons[0]


def test_a_bin_in_words_is_a_leak_too(judge: Judge) -> None:
    cells = accounts()
    cells["size"] = [("small", "large")[amount > 50_000] for amount in cells["revenue"]]

    assert [leak.column for leak in judge(cells).leaks] == ["size"]


def test_a_successor_is_known_by_its_name(judge: Judge) -> None:
    cells = accounts()
    random = np.random.default_rng(1)
    cells |= {
        name: random.integers(0, 99, 200).tolist() for name in ("closed_won_amount", "closed_tickets_90d", "churn_risk")
    }

    assert [leak.column for leak in judge(cells).leaks] == ["closed_won_amount"]


def test_a_leak_that_the_pack_allows_is_used_and_still_named(judge: Judge) -> None:
    cells = accounts()
    cells["hint"] = cells["revenue"]

    readiness = judge(cells, more='allow_leaks = ["hint"]')

    assert "hint" in readiness.features
    assert readiness.leaks[0].allowed
    assert "hint (allowed)" in readiness.reasons[0]


def test_noise_is_no_leak(judge: Judge) -> None:
    cells = accounts(60)
    cells |= {f"noise_{place}": np.random.default_rng(place).integers(0, 3, 60).tolist() for place in range(20)}

    assert judge(cells).leaks == ()


def test_columns_of_no_use_are_ignored_and_it_is_said_why(judge: Judge) -> None:
    cells = accounts()
    cells |= {
        "nothing": [""] * 200,
        "always": ["same"] * 200,
        "notes": [f"they said on day {place} that all is well with them" for place in range(200)],
        "record": [f"R-{place}" for place in range(200)],
        "contact": [f"person{place}@example.com" for place in range(200)],
        "line": [f"+1 (555) 010-{place:04}" for place in range(200)],
        "Contact Name": [f"Ada {place % 90}" for place in range(200)],
        "religion": ["none", "some"] * 100,
        "mixed": ["1.5", '"2,5"'] * 100,
        "unknown": list(range(0, 400, 2)),
    }
    reports = {report.name: report for report in judge(cells, without=("unknown",)).columns}

    assert {name: reports[name].done.partition(";")[0] for name in list(cells)[6:]} == {
        "nothing": "ignored: nothing in it",
        "always": "ignored: the same everywhere",
        "notes": "ignored: free text",
        "record": "ignored: different in nearly every row",
        "contact": "ignored: personal data",
        "line": "ignored: personal data",
        "Contact Name": "ignored: personal data",
        "religion": "never used: protected",
        "mixed": "ignored: follows no one convention",
        "unknown": "ignored: not in the pack",
    }
    assert "decimal comma: 100 cells ('2,5' in line 3" in reports["mixed"].done
    assert reports["nothing"].missing_share == 1
    assert reports["always"].type is ColumnType.CONSTANT


@pytest.mark.parametrize(
    ("count", "verdict", "words"),
    [
        (1, Fitness.NOT_READY, "1 usable row with"),
        (39, Fitness.NOT_READY, "39 usable rows with an outcome; at least 40"),
        (40, Fitness.CARE, "Only 40 rows"),
        (149, Fitness.CARE, "Only 149 rows"),
    ],
)
def test_too_few_rows_are_said_so(judge: Judge, count: int, verdict: Fitness, words: str) -> None:
    cells = {name: column[:count] for name, column in accounts().items()}
    readiness = judge(cells)

    assert readiness.verdict is verdict
    assert any(words in reason for reason in readiness.reasons)


def test_outliers_that_dominate_are_said_so(judge: Judge) -> None:
    cells = accounts()
    cells["revenue"][4] = 1e8

    assert any("largest 2 rows hold 9" in reason for reason in judge(cells).reasons)


def test_without_id_or_target_the_table_is_not_ready(judge: Judge) -> None:
    cells = accounts()
    cells["sales"] = cells.pop("revenue")
    cells["key"] = cells.pop("account_id")

    readiness = judge(cells)

    assert readiness.verdict is Fitness.NOT_READY
    assert [reason.partition(",")[0] for reason in readiness.reasons] == [
        "The table has no column 'account_id'",
        "The table has no column 'revenue'",
    ]


def test_a_target_that_mixes_conventions_is_refused_with_lines(judge: Judge) -> None:
    cells = accounts()
    cells["revenue"] = ["$1.50", "€2.50"] * 100

    readiness = judge(cells)

    assert readiness.verdict is Fitness.NOT_READY
    assert "amounts in $: 100 cells ('$1.50' in line 2" in readiness.reasons[0]


def test_names_match_by_their_words() -> None:
    names = ("Account ID", "demoRequests", "A B", "a_b", "revenue")
    assert match_names(["account_id", "demo_requests", "a b", "revenue", "none"], names) == {
        "account_id": "Account ID",
        "demo_requests": "demoRequests",
        "revenue": "revenue",
    }


def test_percentages_that_are_no_shares_of_1_are_told(judge: Judge) -> None:
    cells = accounts()
    cells["visits"] = [visits / 100 for visits in cells["visits"]]

    readiness = judge(cells, percent=("demos", "visits"))

    assert readiness.verdict is Fitness.CARE
    assert "0.35 is 35 %, are demos;" in readiness.reasons[0]


def test_ids_that_differ_only_in_capitals_are_told(judge: Judge) -> None:
    cells = accounts()
    cells["account_id"][7] = "acme-x"
    cells["account_id"][9] = "ACME-X"

    assert "'acme-x' and 'ACME-X'" in judge(cells).reasons[0]
