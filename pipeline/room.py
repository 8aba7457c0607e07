"""Room in memory that nothing uses any more."""

from __future__ import annotations

import ctypes

import pyarrow as pa


def give_back() -> None:
    """Give it back to the system; allocators would keep a gigabyte of it for a million accounts.

    Of what is not Arrow's only glibc can be told to.
    """
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
