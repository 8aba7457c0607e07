"""How the kernels are compiled: to machine code, cached beside their source, releasing the interpreter lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

Kernel = TypeVar("Kernel", bound="Callable[..., object]")


def compiled(kernel: Kernel) -> Kernel:
    """Compile ``kernel`` at its first call, or load what an earlier process compiled.

    Kernels release the lock and are spread over threads by their callers: numba's own parallel loops would depend on
    which threading layer is installed, and one of them aborts the process when two threads call it at once.
    """
    return cast("Kernel", numba.njit(nogil=True, cache=True)(kernel))
