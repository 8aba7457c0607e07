"""What a method has returned from is there after its process was killed, whatever else was going on."""

from __future__ import annotations

from contextlib import closing
from datetime import date, datetime
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from storage.state import DigestClaim, State, Thread

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    Start = Callable[[str], subprocess.Popen[str]]

NOW = datetime(2026, 3, 2)  # noqa: DTZ001 - moments in the state are UTC without a zone
# Says that something was written as soon as its method has returned.
WRITER = """
for number in range(1_000_000):
    assert state.claim_event(f"NAME {number}", now=now)
    state.add_turn("C1", "1.1", Turn(author="person", user_id="NAME", text=str(number), at=now))
    state.audit(AuditRow(at=now, user_id="NAME", channel="C1", kind="brief", dropped=number))
    assert state.claim_digest("NAME", date.fromordinal(number + 1), now=now) is DigestClaim.CLAIMED
    state.mark_digest_posted("NAME", date.fromordinal(number + 1), message_ts="1.1", now=now)
    print(number, flush=True)
"""


def write_and_be_killed(writer: subprocess.Popen[str], *, after: int) -> int:
    """Kill the writer somewhere after so many rounds and return how many it has said to be written."""
    assert writer.stdout is not None
    for number in range(1, after):
        assert writer.stdout.readline() == f"{number}\n"
    writer.kill()
    return after + writer.stdout.read().count("\n")


def count_written(state: State, name: str, *, most: int) -> dict[str, set[int]]:
    """Return the numbers of a writer's rounds that each table holds."""
    days = [date.fromordinal(number + 1) for number in range(most)]
    return {
        "turns": {int(turn.text) for turn in state.transcript("C1", "1.1") if turn.user_id == name},
        "audit": {row.dropped for row in state.audit_since(NOW) if row.user_id == name},
        "events": {number for number in range(most) if not state.claim_event(f"{name} {number}", now=NOW)},
        "digests": {
            day.toordinal() - 1 for day in days if state.claim_digest(name, day, now=NOW) is DigestClaim.POSTED
        },
    }


@pytest.mark.parametrize("seed", range(2))
def test_all_that_killed_writers_said_to_be_written_is_there_once(place: Any, start: Start, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - no secret
    with closing(place.open()) as state:
        state.open_thread(
            Thread(channel="C1", thread_ts="1.1", account_id="A", snapshot_id="1", opened_by="U1", opened_at=NOW)
        )
        names = ("Ada", "Grace")
        writers = [start(WRITER.replace("NAME", name)) for name in names]
        for writer in writers:
            assert writer.stdin is not None
            assert writer.stdout is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
            assert writer.stdout.readline() == "0\n"
        written = [write_and_be_killed(writer, after=random.randint(1, 12)) for writer in writers]

        for name, rounds in zip(names, written, strict=True):
            for table, numbers in count_written(state, name, most=rounds + 2).items():
                # The round in which the writer was killed may have come further than it could say.
                assert numbers in (set(range(rounds)), set(range(rounds + 1))), (table, name)
        texts = [(turn.user_id, turn.text) for turn in state.transcript("C1", "1.1")]
        assert len(texts) == len(set(texts))
