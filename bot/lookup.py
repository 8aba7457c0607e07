"""Which account a person means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.records import AccountName

if TYPE_CHECKING:
    from storage.records import Account
    from storage.snapshots import Snapshot

_QUOTES = "\"'`*_~<>()[]{}\u00ab\u00bb\u2018\u2019\u201c\u201d,;:.!?"
_MOST_WORDS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """No single account is meant: what was asked, and those that it may be (``exact`` when each fits it fully)."""

    asked: str
    choices: tuple[AccountName, ...]
    exact: bool


def look_up(snapshot: Snapshot, asked: str) -> Account | Unclear:
    """Return the account whose id or whole name was asked for, or else whose id is among the words."""
    bare = asked.strip(_QUOTES + " ")
    if account := snapshot.find_account(asked) or snapshot.find_account(bare):
        return account
    named = snapshot.find_by_name(asked) or snapshot.find_by_name(bare) or _named_by_id(snapshot, asked)
    if len(named) > 1:
        return Unclear(asked=asked, choices=named, exact=True)
    if named and (account := snapshot.find_account(named[0].account_id)):
        return account
    return Unclear(asked=asked, choices=snapshot.closest(bare or asked), exact=False)


def _named_by_id(snapshot: Snapshot, asked: str) -> tuple[AccountName, ...]:
    words = dict.fromkeys(word.strip(_QUOTES) for word in asked.split()[:_MOST_WORDS])
    found = (snapshot.find_account(word) for word in words if any(char.isdigit() for char in word))
    return tuple(AccountName(account_id=account.account_id, name=account.name) for account in found if account)
