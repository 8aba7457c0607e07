"""State in real files, shared by threads and by processes."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from storage.errors import NewerStateError, StateUnavailableError, UnknownThreadError
from storage.state import DigestClaim, State, Thread, Turn, open_state

NOW = datetime(2026, 3, 2, 6, 30)  # noqa: DTZ001 - moments in the state are UTC without a zone
DAY = date(2026, 3, 2)
THREAD = Thread(
    channel="C1",
    thread_ts="1700000000.000100",
    account_id='O\'Brien "x" ü',
    snapshot_id="000007-1a2b3c4d",
    opened_by="U1",
    opened_at=NOW,
)


def turn(text: str, *, at: datetime = NOW) -> Turn:
    return Turn(author="person", user_id="U1", text=text, at=at)


def test_an_event_is_claimed_once(state: State) -> None:
    assert [state.claim_event(key, now=NOW) for key in ("a", "b", "a", "A")] == [True, True, False, True]


def test_an_event_is_claimed_by_one_of_many_threads(state: State) -> None:
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda number: state.claim_event(str(number % 50), now=NOW), range(400)))

    assert sum(claims) == 50


def test_old_events_are_forgotten_and_counted(state: State) -> None:
    for age in range(5):
        state.claim_event(f"event {age}", now=NOW - timedelta(hours=age))

    assert state.forget_before(NOW - timedelta(hours=2)) == 2
    assert state.forget_before(NOW - timedelta(hours=2)) == 0
    assert [state.claim_event(f"event {age}", now=NOW) for age in range(5)] == [False, False, False, True, True]


def test_a_thread_is_found_by_channel_and_moment(state: State) -> None:
    state.open_thread(THREAD)

    assert state.find_thread("C1", "1700000000.000100") == THREAD
    assert state.find_thread("C2", "1700000000.000100") is None
    assert state.find_thread("C1", "1700000000.0001") is None
    assert state.find_thread("' OR 1=1 --", "\ud800") is None


def test_a_thread_that_is_opened_again_stays_as_it_was(state: State) -> None:
    state.open_thread(THREAD)
    state.open_thread(Thread(channel="C1", thread_ts=THREAD.thread_ts, account_id="other", snapshot_id="other",
                             opened_by="U2", opened_at=NOW))  # fmt: skip

    assert state.find_thread("C1", THREAD.thread_ts) == THREAD


def test_moments_come_back_in_utc(state: State) -> None:
    tokyo = timezone(timedelta(hours=9))
    state.open_thread(THREAD)
    state.add_turn("C1", THREAD.thread_ts, turn("Hello", at=datetime(2026, 3, 2, 5, tzinfo=tokyo)))

    [hello] = state.transcript("C1", THREAD.thread_ts)
    assert hello.at == datetime(2026, 3, 1, 20)  # noqa: DTZ001 - the claim is that there is no zone


def test_a_transcript_has_the_turns_of_one_thread_in_the_order_in_which_they_came(state: State) -> None:
    state.open_thread(THREAD)
    turns = tuple(turn(text, at=NOW - timedelta(seconds=place)) for place, text in enumerate(["b", "a", "c"]))
    for each in turns:
        state.add_turn("C1", THREAD.thread_ts, each)

    assert state.transcript("C1", THREAD.thread_ts) == turns
    assert state.transcript("C2", THREAD.thread_ts) == ()


def test_turns_that_come_at_once_are_all_kept(state: State) -> None:
    state.open_thread(THREAD)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: state.add_turn("C1", THREAD.thread_ts, turn(str(number))), range(100)))

    assert sorted(int(each.text) for each in state.transcript("C1", THREAD.thread_ts)) == list(range(100))


@pytest.mark.parametrize("text", ["", "'; DROP TABLE turns; --", "💥\n<!channel>", "x" * 100_000])
def test_what_was_said_survives_byte_for_byte(state: State, text: str) -> None:
    state.open_thread(THREAD)
    state.add_turn("C1", THREAD.thread_ts, turn(text))

    assert [each.text for each in state.transcript("C1", THREAD.thread_ts)] == [text]


def test_half_a_surrogate_pair_and_nul_are_replaced(state: State) -> None:
    state.open_thread(THREAD)
    state.add_turn("C1", THREAD.thread_ts, turn("half \ud83d of an emoji, \0"))

    assert (
        state.transcript("C1", THREAD.thread_ts)[0].text
        == "half \N{REPLACEMENT CHARACTER} of an emoji, \N{REPLACEMENT CHARACTER}"
    )


def test_a_turn_of_a_thread_that_was_never_opened_is_refused(state: State) -> None:
    with pytest.raises(UnknownThreadError, match=r"1\.5 in C9"):
        state.add_turn("C9", "1.5", turn("Hello"))


def test_a_digest_is_claimed_once_and_taken_over_when_the_lease_runs_out(state: State) -> None:
    def claim(seconds: float) -> DigestClaim:
        return state.claim_digest("C1", DAY, now=NOW + timedelta(seconds=seconds))

    assert claim(0) is DigestClaim.CLAIMED
    assert claim(119.9) is DigestClaim.TAKEN
    assert claim(120) is DigestClaim.TAKEN_OVER
    assert claim(239) is DigestClaim.TAKEN
    assert claim(240) is DigestClaim.TAKEN_OVER


def test_a_posted_digest_is_never_claimed_again(state: State) -> None:
    state.claim_digest("C1", DAY, now=NOW)
    state.mark_digest_posted("C1", DAY, message_ts="1.1", now=NOW)
    state.mark_digest_posted("C1", DAY, message_ts="2.2", now=NOW)

    assert state.claim_digest("C1", DAY, now=NOW + timedelta(days=9)) is DigestClaim.POSTED
    assert state.claim_digest("C1", DAY + timedelta(days=1), now=NOW) is DigestClaim.CLAIMED
    assert state.claim_digest("C2", DAY, now=NOW) is DigestClaim.CLAIMED


def test_everything_is_still_there_when_the_file_is_opened_again(path: Path, state: State) -> None:
    state.claim_event("a", now=NOW)
    state.open_thread(THREAD)
    state.add_turn("C1", THREAD.thread_ts, turn("Hello"))
    state.claim_digest("C1", DAY, now=NOW)
    state.close()

    with closing(open_state(path)) as again:
        assert not again.claim_event("a", now=NOW)
        assert again.find_thread("C1", THREAD.thread_ts) == THREAD
        assert again.transcript("C1", THREAD.thread_ts) == (turn("Hello"),)
        assert again.claim_digest("C1", DAY, now=NOW) is DigestClaim.TAKEN


def test_commits_reach_the_disk_before_a_method_returns(path: Path, state: State) -> None:
    [[mode]] = state._database.run("PRAGMA journal_mode")  # noqa: SLF001 - no other way to see it
    [[synchronous]] = state._database.run("PRAGMA synchronous")  # noqa: SLF001 - as above

    assert (mode, synchronous) == ("wal", 2)
    assert path.exists()


def test_a_file_of_a_later_version_is_left_alone(path: Path, state: State) -> None:
    state.close()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("INSERT INTO migrations (number) VALUES (99)")

    with pytest.raises(NewerStateError, match="version 99"):
        open_state(path)


def test_a_file_that_is_no_state_is_named(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 1000)

    with pytest.raises(StateUnavailableError, match=r"state\.sqlite"):
        open_state(path)


def test_a_closed_state_says_so_in_a_sentence(state: State) -> None:
    state.close()

    with pytest.raises(StateUnavailableError, match="cannot be used"):
        state.claim_event("a", now=NOW)


RACE = """
import sys
from datetime import date, datetime
from pathlib import Path
from storage.state import open_state

sys.stdin.readline()
state = open_state(Path(sys.argv[1]))
now = datetime(2026, 3, 2)
won = sum(state.claim_event(str(number), now=now) for number in range(60))
claimed = sum(state.claim_digest("C1", date.fromordinal(number), now=now) == "claimed" for number in range(1, 61))
print(won, claimed)
state.close()
"""


def test_processes_that_start_and_claim_at_once_share_every_event_and_digest(path: Path) -> None:
    racers = [
        subprocess.Popen(  # noqa: S603 - our own interpreter
            [sys.executable, "-c", RACE, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[3],
        )
        for _ in range(3)
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    results = [racer.communicate()[0].split() for racer in racers]

    assert [racer.returncode for racer in racers] == [0, 0, 0]
    assert sum(int(won) for won, _ in results) == 60
    assert sum(int(claimed) for _, claimed in results) == 60
