"""Files into a thread: shared as one message, of which it is remembered who asked for it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.room import Room

# Together some 10 seconds: a share that takes longer appears below what comes after it, which is better than nothing.
# Slack answers a hundred such questions a minute, of all briefs together.
_SHARE_PAUSES: Final = (0.15, 0.3, 0.6, 1.2, 2.4, 4.8)


def share_files(room: Room, uploads: Sequence[dict[str, Any]], *, thread_ts: str | None) -> None:
    """Upload files into a thread of a room, and wait until they stand there.

    Slack shares after it has answered; what is posted before that would stand above them.
    """
    answer = room.client.files_upload_v2(channel=room.channel, thread_ts=thread_ts, file_uploads=list(uploads))
    last = answer["files"][-1]["id"]  # all of them stand in one message
    for pause in _SHARE_PAUSES:
        time.sleep(pause)
        shares = room.client.files_info(file=last)["file"].get("shares")
        if shares:
            for share in _shares_in(shares, room.channel):
                room.remember(share["ts"], thread_ts)
            return


def _shares_in(shares: Mapping[str, Mapping[str, Any]], channel: str) -> list[dict[str, str]]:
    """Return the shares of a file in a channel, of the public and the private ones that Slack tells of."""
    return [share for by_channel in shares.values() for share in by_channel.get(channel, [])]
