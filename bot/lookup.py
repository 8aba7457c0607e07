"""Which account a person means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.records import AccountName

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.rights import Owned
    from storage.records import Account
    from storage.snapshots import Snapshot

_QUOTES = "\"'`*_~<>()[]{}\u00ab\u00bb\u2018\u2019\u201c\u201d,;:.!?"
_MOST_WORDS = 40
_LEAD = re.compile(r"^((please|now|and|also|brief me on|open|show me|show)\s+)+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """No single account is meant: what was asked, and those that it may be (``exact`` when each fits it fully)."""

    asked: str
    choices: tuple[AccountName, ...]
    exact: bool


def look_up(snapshot: Snapshot, asked: str, *, may_see: Callable[[Owned], bool]) -> Account | Unclear:
    """Return the account whose id or whole name was asked for, or else whose id is among the words.

    What may not be seen is as if it were not there.
    """
    bare = asked.strip(_QUOTES + " ")
    for words in dict.fromkeys((asked, bare)):
        if account := snapshot.find_account(words, visible=may_see):
            return account
    named = (
        snapshot.find_by_name(asked, visible=may_see)
        or snapshot.find_by_name(bare, visible=may_see)
        or _named_by_id(snapshot, asked, may_see)
    )
    if len(named) > 1:
        return Unclear(asked=asked, choices=named, exact=True)
    if named and (account := snapshot.find_account(named[0].account_id, visible=may_see)):
        return account
    return Unclear(asked=asked, choices=snapshot.closest(bare or asked, visible=may_see), exact=False)


def find_named(snapshot: Snapshot, text: str, *, may_see: Callable[[Owned], bool]) -> Account | None:
    """Return the account that a text names by id or whole name, None where it says anything else."""
    bare = _LEAD.sub("", text.strip(_QUOTES + " ")).strip(_QUOTES + " ")
    if account := snapshot.find_account(bare, visible=may_see):
        return account
    named = snapshot.find_by_name(bare, visible=may_see)
    return snapshot.find_account(named[0].account_id, visible=may_see) if len(named) == 1 else None


def _named_by_id(snapshot: Snapshot, asked: str, may_see: Callable[[Owned], bool]) -> tuple[AccountName, ...]:
    words = dict.fromkeys(word.strip(_QUOTES) for word in asked.split()[:_MOST_WORDS])
    found = (snapshot.find_account(word, visible=may_see) for word in words if any(char.isdigit() for char in word))
    return tuple(AccountName(account_id=account.account_id, name=account.name) for account in found if account)
