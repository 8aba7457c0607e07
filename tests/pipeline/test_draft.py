from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import numpy as np
import pytest

from pipeline.columns import read_columns
from pipeline.draft import draft_pack
from pipeline.errors import FaultyPackError
from pipeline.pack import Pack, parse_pack
from pipeline.readiness import assess, name_verbatim
from pipeline.synthetic import make_accounts
from storage.records import Fitness
from storage.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Draft = Callable[[dict[str, list[str]]], str]


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    """Write columns to a file and draft a pack from it."""

    def draft(cells: dict[str, list[str]]) -> str:
        path = tmp_path / "export.csv"
        lines = ["\t".join(cells), *("\t".join(row) for row in zip(*cells.values(), strict=True))]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        table = read_table(str(path))
        return draft_pack(table, read_columns(table))

    return draft


def crm(count: int = 60) -> dict[str, list[str]]:
    """Return what a CRM exports."""
    random = np.random.default_rng(3)
    return {
        "Account ID": [f"{place:05}" for place in range(count)],
        "Account Name": [f"Company {place}" for place in range(count)],
        "Owner": random.choice(["Ada", "Grace"], count).tolist(),
        "Region": random.choice(["EMEA", "NA", "APAC"], count).tolist(),
        "Employees": random.integers(5, 900, count).astype(str).tolist(),
        "Open Rate": [f"{share} %" for share in random.integers(1, 99, count)],
        "Premium": random.choice(["Yes", "No"], count).tolist(),
        "Annual Revenue": [f"${amount:,}" for amount in random.integers(1_000, 900_000, count)],
        "Expansion Revenue": [f"${amount:,}" for amount in random.integers(1_000, 90_000, count)],
        "Closed Won Amount": [f"${amount:,}" for amount in random.integers(1_000, 90_000, count)],
        "Contact Email": [f"p{place}@example.com" for place in range(count)],
        "Age": random.integers(20, 70, count).astype(str).tolist(),
        "Last Call": [f"2024-03-{day:02}" for day in random.integers(1, 28, count)],
        "Empty": [""] * count,
    }


def test_a_draft_guesses_what_the_columns_of_a_crm_are(draft: Draft) -> None:
    pack = parse_pack(draft(crm()), source="draft.toml")

    assert pack.columns.named() == {
        "id": "Account ID",
        "name": "Account Name",
        "owner": "Owner",
        "territory": "Region",
    }
    assert (pack.target.column, pack.target.unit) == ("Expansion Revenue", "$")
    assert {column.column: column.reason for column in pack.never} == {
        "Contact Email": "personal",
        "Age": "protected",
        "Closed Won Amount": "outcome",
    }
    assert [(feature.name, feature.unit, feature.kind.value) for feature in pack.features] == [
        ("Employees", "", "number"),
        ("Open Rate", "%", "number"),
        ("Premium", "", "number"),
        ("Annual Revenue", "$", "number"),
    ]
    assert pack.score.target_per_point == pytest.approx(900, rel=0.02)


def test_every_guess_has_a_comment(draft: Draft) -> None:
    lines = draft(crm()).splitlines()
    guesses = [line for line in lines if line.startswith(("id =", 'name = "A', "owner", "territory", "column ="))]

    assert len(guesses) == 4 + 1 + 4 + 3
    assert all("  # " in line for line in guesses)
    assert "# Not used: Last Call (date)" in lines
    assert "# Not used: Empty (empty)" in lines


def test_names_that_look_like_toml_stay_names(draft: Draft) -> None:
    cells = crm()
    hostile = ['a "quoted" name', "]] # x\\", "ключ = 1", " spaced "]
    numbers = cells["Employees"]
    pack = parse_pack(draft({**cells, **dict.fromkeys(hostile, numbers)}), source="draft.toml")

    assert set(hostile) <= {feature.name for feature in pack.features}


def test_a_draft_of_a_table_with_nothing_to_predict_says_what_to_fill_in(draft: Draft) -> None:
    text = draft({"id": [f"a{place}" for place in range(30)], "tier": ["gold", "silver"] * 15})

    assert 'column = ""  # no column of numbers is left to predict; name one' in text
    tomllib.loads(text)
    with pytest.raises(FaultyPackError, match=r"target\.column"):
        parse_pack(text, source="draft.toml")


def test_the_demo_accounts_are_ready_by_their_own_draft(tmp_path: Path) -> None:
    accounts = make_accounts(200, seed=1)
    path = tmp_path / "export.csv"
    accounts.table.assign(expansion_revenue=accounts.outcome).to_csv(path, index=False)
    table = read_table(str(path))

    pack: Pack = parse_pack(draft_pack(table, read_columns(table)), source="draft.toml")
    readiness = assess(table, read_columns(table, verbatim=name_verbatim(pack, table.names)), pack)

    assert pack.target.column == "expansion_revenue"
    assert len(readiness.features) == 28  # the sensitivities are numbers like any other
    assert (readiness.verdict, readiness.reasons) == (Fitness.READY, ())
