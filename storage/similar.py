"""Which accounts a mistyped id or company name may have meant."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from storage.records import AccountName

# Similarities from 0 to 1; below these, what is found has little to do with what was typed.
_LEAST_OF_IDS = 0.7
_LEAST_OF_NAMES = 0.75


class SimilarAccounts:
    """The ids and names of a snapshot, folded once so that they can be compared with what somebody typed."""

    def __init__(self, accounts: tuple[AccountName, ...]) -> None:
        self._accounts = accounts
        self._ids = [_fold_id(account.account_id) for account in accounts]
        self._names = [account.name.casefold() for account in accounts]

    def closest(
        self, text: str, *, limit: int, visible: Callable[[AccountName], bool] = lambda _: True
    ) -> tuple[AccountName, ...]:
        """Return the accounts whose id or name resembles the text, best first; ids count one swap as one error."""
        shown = [visible(account) for account in self._accounts]
        by_id = process.extract(
            _fold_id(text),
            _only(shown, self._ids),
            scorer=OSA.normalized_similarity,
            score_cutoff=_LEAST_OF_IDS,
            limit=limit,
        )
        found = {position: similarity for _, similarity, position in by_id}
        for _, percent, position in process.extract(
            text.casefold().strip(),
            _only(shown, self._names),
            scorer=fuzz.WRatio,
            score_cutoff=100 * _LEAST_OF_NAMES,
            limit=limit,
        ):
            found[position] = max(found.get(position, 0.0), percent / 100)
        ranked = sorted(found, key=lambda position: (-found[position], position))
        return tuple(self._accounts[position] for position in ranked[:limit])


def _only(shown: Sequence[bool], texts: Sequence[str]) -> list[str | None]:
    """Return the texts that may be found; what is None is not compared, and the others keep their positions."""
    return [text if each else None for each, text in zip(shown, texts, strict=True)]


def _fold_id(account_id: str) -> str:
    """Return ``acme42`` for ``ACME-042``: letters and digits only, without the zeros in front of a number."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"[\W_]", "", account_id.casefold()))
