"""The brief of an account with everything that is known now: the snapshot, the library, and what people reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.brief import make_brief
from bot.outcomes import with_outcomes

if TYPE_CHECKING:
    from bot.brief import Brief
    from bot.services import Services
    from storage.records import Account
    from storage.snapshots import Snapshot


def prepare_brief(services: Services, snapshot: Snapshot, account: Account) -> Brief:
    """Return the brief as everybody gets it who asks for it now."""
    brief = make_brief(snapshot, account, library=services.shelf.current())
    outcomes = services.state.outcomes(account.account_id)
    return with_outcomes(brief, outcomes, name_of=services.access.name_of)
