"""Text as databases take it."""

from __future__ import annotations


def well_formed(text: str) -> str:
    """Return the text with U+FFFD for each half of a surrogate pair that stands alone, as JSON may hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
