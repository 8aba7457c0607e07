"""How the kernels are compiled: to machine code, cached beside their source, releasing the interpreter lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

Kernel = TypeVar("Kernel", bound="Callable[..., object]")


def compiled(kernel: Kernel) -> Kernel:
    """Compile ``kernel`` at its first call, or load what an earlier process compiled.

    The cache is beside the source, where that cannot be written in the user's own cache folder (or in NUMBA_CACHE_DIR),
    and where that cannot be written either, there is none. Processes that compile at once do the same work, and the
    last one's file stays.

    Kernels release the lock and are spread over threads by their callers: numba's own parallel loops would depend on
    which threading layer is installed, and one of them aborts the process when two threads call it at once.
    """
    try:
        made = numba.njit(nogil=True, cache=True)(kernel)
    except RuntimeError:  # numba found no folder that it may write
        made = numba.njit(nogil=True)(kernel)
    return cast("Kernel", made)
