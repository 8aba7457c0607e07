from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from pipeline.tree_shap import is_compiled, warm_up
from pipeline.tree_shap.compiled import compiled

if TYPE_CHECKING:
    from pathlib import Path


def test_what_was_compiled_once_is_found_again() -> None:
    warm_up()

    assert is_compiled()


def test_where_nothing_was_compiled_a_process_of_its_own_does_it(tmp_path: Path) -> None:
    code = (
        "from pipeline.tree_shap import warm_up; from pipeline.tree_shap.values import add_values; warm_up(); "
        "print(sum(add_values.stats.cache_hits.values()), sum(add_values.stats.cache_misses.values()))"
    )
    env = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}
    found = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=env
    )

    assert found.stdout.split() == ["1", "0"]


def test_a_kernel_that_no_folder_can_hold_is_compiled_all_the_same() -> None:
    scope: dict[str, Any] = {}
    exec("def add_one(number):\n    return number + 1", scope)  # noqa: S102 - numba caches nothing that has no file

    assert compiled(scope["add_one"])(1) == 2
