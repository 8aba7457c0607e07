"""Files into a thread: shared as one message, of which it is remembered who asked for it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.room import Room

# Together some 13 seconds: a share that takes longer appears below what comes after it, which is better than nothing.
_SHARE_PAUSES: Final = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4)


def share_files(room: Room, uploads: Sequence[dict[str, Any]], *, thread_ts: str | None) -> None:
    """Upload files into a thread of a room, and wait until they stand there.

    Slack shares after it has answered; what is posted before that would stand above them.
    """
    answer = room.client.files_upload_v2(channel=room.channel, thread_ts=thread_ts, file_uploads=list(uploads))
    waiting = [file["id"] for file in answer["files"]]
    for pause in _SHARE_PAUSES:
        found = {each: room.client.files_info(file=each)["file"].get("shares") for each in waiting}
        for ts in {share["ts"] for shares in found.values() if shares for share in _shares_in(shares, room.channel)}:
            room.remember(ts, thread_ts)
        waiting = [each for each, shares in found.items() if not shares]
        if not waiting:
            return
        time.sleep(pause)


def _shares_in(shares: Mapping[str, Mapping[str, Any]], channel: str) -> list[dict[str, str]]:
    """Return the shares of a file in a channel, of the public and the private ones that Slack tells of."""
    return [share for by_channel in shares.values() for share in by_channel.get(channel, [])]
