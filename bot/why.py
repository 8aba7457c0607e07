"""Why an account gets as many actions as it does: the answer to ``/precall why``, told to who asked alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.audit import AuditKind, audit_view
from bot.blocks import reasons_message, several_accounts_message, unknown_account_message
from bot.lookup import Unclear, look_up
from bot.tools.allocation import describe_turning_points
from pipeline.errors import NoRulesError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.access import Visit
    from bot.rights import Owned
    from bot.room import Room
    from bot.services import Services
    from storage.records import Account, AllocationReason
    from storage.snapshots import Snapshot

_NOBODY: Final = "Say which one, for instance `/precall why ACME-042`: I answer why it gets as many actions as it does."


def parse_why(asked: str) -> str | None:
    """Return what stands after ``why``, or None if that is not asked."""
    word, _, rest = asked.strip().partition(" ")
    return rest.strip(" ?") if word.lower() == "why" else None


def answer_why(services: Services, visit: Visit, room: Room, asked: str) -> None:
    """Tell who asked every reason for the actions of an account, and the other accounts in it that they may see."""
    if not asked:
        room.tell(_NOBODY)
        return
    with services.snapshots.lease() as snapshot:
        found = look_up(snapshot, asked, may_see=visit.viewer.may_see)
        if isinstance(found, Unclear):
            ids = [choice.account_id for choice in found.choices]
            audit_view(services, room, AuditKind.CHOICES, snapshot_id=snapshot.info.snapshot_id, account_ids=ids)
            message = several_accounts_message if found.exact else unknown_account_message
            room.whisper(message(found.asked, found.choices, words=snapshot.info.words))
            return
        why = _find_reasons(services, snapshot, found)
        told = [found.account_id, *(each for reason in why for each in reason.accounts)]
        audit_view(services, room, AuditKind.WHY, snapshot_id=snapshot.info.snapshot_id, account_ids=told)
        reasons = [_say(each, snapshot, visit.viewer.may_see) for each in why]
        reasons += [text for text in describe_turning_points(services.models, snapshot, found) if text]
        room.whisper(reasons_message(found, reasons or [found.allocation.reason], snapshot.info))


def _find_reasons(services: Services, snapshot: Snapshot, account: Account) -> Sequence[AllocationReason]:
    """Return the reasons, exact ones where the snapshot keeps what its allocation can be repeated with."""
    try:
        return services.models.of(snapshot).explain(account)
    except NoRulesError:
        return account.allocation.reasons


def _say(reason: AllocationReason, snapshot: Snapshot, may_see: Callable[[Owned], bool]) -> str:
    """Return a reason with the ids of the accounts that it speaks of, as far as this person may see them."""
    seen = [each for each in reason.accounts if snapshot.find_account(each, visible=may_see) is not None]
    return f"{reason.text} Elsewhere: {', '.join(seen)}." if seen else reason.text
