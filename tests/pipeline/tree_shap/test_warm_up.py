from __future__ import annotations

from typing import Any

from pipeline.tree_shap import is_compiled, warm_up
from pipeline.tree_shap.compiled import compiled


def test_what_was_compiled_once_is_found_again() -> None:
    warm_up()

    assert is_compiled()


def test_a_kernel_that_no_folder_can_hold_is_compiled_all_the_same() -> None:
    scope: dict[str, Any] = {}
    exec("def add_one(number):\n    return number + 1", scope)  # noqa: S102 - numba caches nothing that has no file

    assert compiled(scope["add_one"])(1) == 2
