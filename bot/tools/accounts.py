"""Which other account a person or the model means, among those that the person may see."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rapidfuzz.distance import OSA

from bot.lookup import Unclear, look_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.rights import Owned
    from storage.records import Account
    from storage.snapshots import Snapshot

_DEPTH: Final = 25
_LEAST_CHARACTERS: Final = 4
_TYPO_FROM: Final = 6  # letters of a word, from where on one of them may be wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """``named`` are the accounts that the text names, ``alike`` others that resemble it; each may be empty."""

    named: tuple[Account, ...]
    alike: tuple[Account, ...]


def match_accounts(snapshot: Snapshot, asked: str, *, may_see: Callable[[Owned], bool]) -> Matches:
    """Return what is meant as if the accounts that may not be seen did not exist."""
    found = look_up(snapshot, asked, may_see=may_see)
    if not isinstance(found, Unclear):
        return Matches(named=(found,), alike=())
    choices = found.choices if found.exact else snapshot.closest(asked, limit=_DEPTH, visible=may_see)
    accounts = [snapshot.find_account(each.account_id, visible=may_see) for each in choices]
    alike = tuple(account for account in accounts if account is not None)
    named = tuple(account for account in alike if found.exact or is_named(asked, account))
    return Matches(named=named, alike=() if named else alike)


def is_named(asked: str, account: Account) -> bool:
    """Tell whether the text is the account's id written otherwise, or all of its words are words of the name."""
    if _bare(asked) == _bare(account.account_id):
        return True
    words, name = _words(asked), _words(account.name)
    told = [word for word in words if len(word) >= _LEAST_CHARACTERS]
    return bool(told) and all(any(_same(word, each) for each in name) for word in words)


def _same(word: str, other: str) -> bool:
    return word == other or (len(word) >= _TYPO_FROM and OSA.distance(word, other) == 1)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _bare(account_id: str) -> str:
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"[\W_]", "", account_id.casefold()))
