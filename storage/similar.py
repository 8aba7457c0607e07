"""Which accounts a mistyped id or company name may have meant."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from storage.records import AccountName

# Similarities from 0 to 1; below these, what is found has little to do with what was typed.
_LEAST_OF_IDS = 0.7
_LEAST_OF_NAMES = 0.75
_WORD = re.compile(r"[^\W_](?:[\w'\u2019&+./-]*[\w+])?|&")
_MOST_WORDS = 8  # of a name that is looked for in a text


class SimilarAccounts:
    """The ids and names of a snapshot, folded once so that they can be compared with what somebody typed."""

    def __init__(self, accounts: tuple[AccountName, ...]) -> None:
        self._accounts = accounts
        self._ids = [_fold_id(account.account_id) for account in accounts]
        self._names = [account.name.casefold() for account in accounts]

    @cached_property
    def _by_words(self) -> Mapping[str, AccountName]:
        named = {name: account for name, account in zip(self._names, self._accounts, strict=True) if " " in name}
        return named | {account.account_id.casefold(): account for account in self._accounts}

    def mentioned(self, text: str) -> tuple[AccountName, ...]:
        """Return the accounts whose id, or whole name of two words or more, stands in the text, in any letter case.

        A name of one word is left out: whether "summit" is one its capital letter must tell.
        """
        words = [(match.start(), match.end()) for match in _WORD.finditer(text)]
        folded = (
            text[words[first][0] : words[last][1]].casefold()
            for first in range(len(words))
            for last in range(first, min(first + _MOST_WORDS, len(words)))
        )
        found = (self._by_words.get(each) for each in folded)
        return tuple(dict.fromkeys(account for account in found if account is not None))

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
