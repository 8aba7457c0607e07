from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa

from pipeline.allocation.optimum import optimise
from pipeline.allocation.preview import Change, preview
from pipeline.allocation.problem import Budget, Constraints, Problem


def test_a_preview_names_who_gains_and_who_loses() -> None:
    problem = Problem(
        account_ids=pa.array(["A0", "A1"]),
        types=("workshop", "training"),
        gains=np.array([[[50.0], [10.0]], [[20.0], [30.0]]]),
        predicted=np.ones(2),
        reps=["Dana", "Ivo"],
        constraints=Constraints(capacity=2),
    )
    changed = replace(problem, constraints=Constraints(capacity=2, rep_capacity={"Dana": 0}))

    shown = preview(problem.account_ids.to_pylist(), problem.types, optimise(problem).counts, optimise(changed).counts)

    assert shown.losers == (Change(account_id="A0", actions=(("workshop", -1),)),)
    assert shown.gainers == (Change(account_id="A1", actions=(("workshop", 1),)),)
    assert shown.exchanged == ()
    assert shown.actions == 0


def test_an_account_that_swaps_one_type_for_another_neither_gains_nor_loses() -> None:
    problem = Problem(
        account_ids=pa.array(["A0"]),
        types=("workshop", "training"),
        gains=np.array([[[50.0], [10.0]]]),
        predicted=np.ones(1),
        constraints=Constraints(cap_per_account=1),
    )
    changed = replace(problem, constraints=Constraints(cap_per_account=1, budgets={"workshop": Budget(amount=0)}))

    shown = preview(problem.account_ids.to_pylist(), problem.types, optimise(problem).counts, optimise(changed).counts)

    assert shown.exchanged == (Change(account_id="A0", actions=(("workshop", -1), ("training", 1))),)
    assert not shown.gainers
    assert not shown.losers
