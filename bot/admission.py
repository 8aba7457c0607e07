"""Whether somebody may speak of what a thread is about, and who hears the answer."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from storage.errors import SnapshotGoneError
from storage.state import PostedMessage

if TYPE_CHECKING:
    from bot.room import Room
    from bot.services import Services
    from storage.records import Account
    from storage.state import Thread

_NOTHING_TO_TELL: Final = "There is nothing here that I can tell you about. Ask for a brief with /precall."


def enter(services: Services, room: Room, thread: Thread | None) -> Room | None:
    """Return the room as one in which the thread's account may be spoken of; else say why not and return None.

    The rights are those of who asks and of the room as they are now, whoever opened the thread. Where not everybody in
    the room may see the account, the room is a private one.
    """
    visit = services.access.visit(room.user_id, room.channel)
    if visit.refusal:
        room.tell(visit.refusal)
        return None
    account = None if thread is None else find_subject(services, thread)
    if account is None or not visit.viewer.may_see(account):
        room.tell(_NOTHING_TO_TELL)
        return None
    if visit.audience.may_see(account):
        return remembering(services, replace(room, may_see=visit.may_post), account.account_id)
    return replace(room, private=True, may_see=visit.viewer.may_see)


def remembering(services: Services, room: Room, account_id: str | None) -> Room:
    """Return the room as one in which it is remembered who asked for each message."""

    def remember(ts: str, thread_ts: str | None) -> None:
        services.state.remember_message(
            PostedMessage(
                channel=room.channel,
                message_ts=ts,
                thread_ts=thread_ts,
                requested_by=room.user_id,
                account_id=account_id,
                posted_at=services.clock(),
            )
        )

    return replace(room, remember=remember)


def find_subject(services: Services, thread: Thread) -> Account | None:
    """Return the account that a thread is about as the newest data know it, else as the thread's own did."""
    for snapshot_id in (None, thread.snapshot_id):
        with suppress(SnapshotGoneError), services.snapshots.lease(snapshot_id) as snapshot:
            if account := snapshot.find_account(thread.account_id):
                return account
    return None
