"""The check is measured: faults seeded into correct statements are caught, correct statements pass."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import pytest
from faults import Case, is_kept, read_cases, read_written, seed_faults

from bot.check import subject_of
from bot.writer.offline import compose_plan
from storage.records import AccountName

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.brief import Brief

LEAST_CAUGHT = 0.99
MOST_STOPPED = 0.01
KINDS = 16


@pytest.fixture(scope="module")
def cases(brief_of: Callable[[str], Brief]) -> list[Case]:
    """Return all statements that were written by hand, and the offline plans of a few accounts."""
    others = (
        AccountName(account_id="LOSS-001", name="Everything Is Difficult GmbH"),
        AccountName(account_id="ACME-055", name="Ridgeline Freight 55"),
    )
    plans = [
        Case(
            statement=statement,
            evidence=brief.evidence,
            subject=subject_of(brief),
            others=others,
            source="plans",
        )
        for brief in (brief_of(account_id) for account_id in ("ACME-003", "ACME-017", "ACME-042", "ACME-007"))
        for section in compose_plan(brief)[0]
        for statement in section.statements
    ]
    return [*read_cases(), *plans]


def test_correct_statements_pass(cases: list[Case]) -> None:
    stopped = [case.statement.text for case in cases if not is_kept(case)]

    assert len(cases) > 200
    assert len(stopped) <= MOST_STOPPED * len(cases), stopped


def test_what_models_write_of_the_evidence_passes() -> None:
    written = read_written()
    stopped = [(case.source, case.statement.text) for case in written if not is_kept(case)]

    assert len(written) > 1_000
    assert len(stopped) <= MOST_STOPPED * len(written), stopped


def test_faults_of_every_kind_are_caught(cases: list[Case]) -> None:
    random = Random(1)  # noqa: S311 # faults need no secrecy
    faults = [fault for case in cases for fault in seed_faults(case, random)]
    missed = [fault for fault in faults if is_kept(fault.case)]

    assert len(faults) >= 1_000
    assert len(Counter(fault.kind for fault in faults)) == KINDS
    assert len(missed) <= (1 - LEAST_CAUGHT) * len(faults), [fault.case.statement.text for fault in missed]
