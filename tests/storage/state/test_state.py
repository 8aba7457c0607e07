"""Events, threads and the ledger of digests, on both databases, shared by threads and by processes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from storage.errors import StateUnavailableError, UnknownThreadError
from storage.state import DigestClaim, OpenRequest, PostedMessage, State, Thread, Turn

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    Start = Callable[[str], subprocess.Popen[str]]

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


def request(key: str) -> OpenRequest:
    return OpenRequest(key=key, channel="C1", thread_ts="1700000000.000100", user_id="U1")


def test_a_request_is_opened_once_and_never_again_when_it_is_closed(state: State) -> None:
    def opens(key: str) -> bool:
        return state.open_request(request(key), worker="w", now=NOW, lease_seconds=60)

    state.claim_event("seen", now=NOW)
    assert [opens(key) for key in ("a", "b", "a", "seen")] == [True, True, False, False]
    state.close_request("a")
    assert not opens("a")
    assert not state.claim_event("a", now=NOW)


def test_a_request_is_opened_by_one_of_many_threads(state: State) -> None:
    def opens(number: int) -> bool:
        return state.open_request(request(str(number % 50)), worker="w", now=NOW, lease_seconds=60)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(opens, range(400))) == 50


def test_open_requests_are_taken_over_once_when_their_lease_ran_out_and_not_when_it_was_renewed(state: State) -> None:
    for key, worker in (("dead", "1"), ("closed", "1"), ("alive", "2")):
        state.open_request(request(key), worker=worker, now=NOW, lease_seconds=0)
    state.close_request("closed")
    state.renew_requests("2", now=NOW, lease_seconds=60)

    assert state.take_over_requests(now=NOW, lease_seconds=0) == (request("dead"),)
    state.renew_requests("1", now=NOW, lease_seconds=60)  # it is not the dead worker's any more
    assert state.take_over_requests(now=NOW, lease_seconds=60) == (request("dead"),)
    assert state.take_over_requests(now=NOW, lease_seconds=60) == ()


def test_requests_are_counted_by_person_until_a_minute_has_as_many_as_it_may(state: State) -> None:
    counted = [state.count_request("U1", most=3, now=NOW) for _ in range(3)]

    assert counted == [0, 0, 0]
    assert 55 < state.count_request("U1", most=3, now=NOW) <= 60
    assert state.count_request("U2", most=3, now=NOW) == 0
    assert state.count_request("U1", most=4, now=NOW) == 0


def test_requests_that_come_at_once_are_each_counted(state: State) -> None:
    with ThreadPoolExecutor(8) as pool:
        waits = list(pool.map(lambda _: state.count_request("U1", most=20, now=NOW), range(50)))

    assert waits.count(0) == 20


def test_old_events_are_forgotten_and_counted(state: State) -> None:
    for age in range(5):
        state.claim_event(f"event {age}", now=NOW - timedelta(hours=age))

    assert state.forget_events(NOW - timedelta(hours=2)) == 2
    assert state.forget_events(NOW - timedelta(hours=2)) == 0
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


@pytest.mark.parametrize("deleted", ["before it is remembered", "before the turns are kept", "afterwards"])
def test_what_a_deleted_message_said_or_answered_leaves_the_transcript(state: State, deleted: str) -> None:
    state.open_thread(THREAD)
    if deleted == "before it is remembered":
        state.mark_message_deleted("C1", "2.1", now=NOW)
    for message_ts in ("2.1", "2.2"):
        state.remember_message(
            PostedMessage(channel="C1", message_ts=message_ts, thread_ts=THREAD.thread_ts, requested_by="U1",
                          account_id="ACME-042", posted_at=NOW)
        )  # fmt: skip
    turns = [replace(turn(text), message_ts=ts) for text, ts in (("Why?", "2.1"), ("So", "2.1"), ("And?", "2.2"))]

    if deleted == "before the turns are kept":
        state.mark_message_deleted("C1", "2.1", now=NOW)
    for each in turns:
        state.add_turn("C1", THREAD.thread_ts, each)
    if deleted == "afterwards":
        assert state.transcript("C1", THREAD.thread_ts) == tuple(turns)
        state.mark_message_deleted("C2", "2.1", now=NOW)
        state.mark_message_deleted("C1", "2.1", now=NOW)

    assert state.transcript("C1", THREAD.thread_ts) == (turns[2],)
    state.add_turn("C1", THREAD.thread_ts, turn("Later"))
    assert [each.text for each in state.transcript("C1", THREAD.thread_ts)] == ["And?", "Later"]


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


def test_a_digest_is_claimed_once_and_taken_over_when_the_lease_has_run_out(state: State) -> None:
    assert state.claim_digest("C1", DAY, now=NOW) is DigestClaim.CLAIMED
    assert state.claim_digest("C1", DAY, now=NOW) is DigestClaim.TAKEN
    assert state.claim_digest("C2", DAY, now=NOW, lease_seconds=0) is DigestClaim.CLAIMED
    assert state.claim_digest("C2", DAY, now=NOW) is DigestClaim.TAKEN_OVER
    assert state.claim_digest("C2", DAY, now=NOW) is DigestClaim.TAKEN


def test_a_posted_digest_is_never_claimed_again(state: State) -> None:
    state.claim_digest("C1", DAY, now=NOW)
    state.mark_digest_posted("C1", DAY, message_ts="1.1", now=NOW)
    state.mark_digest_posted("C1", DAY, message_ts="2.2", now=NOW)

    assert state.claim_digest("C1", DAY, now=NOW + timedelta(days=9)) is DigestClaim.POSTED
    assert state.claim_digest("C1", DAY + timedelta(days=1), now=NOW) is DigestClaim.CLAIMED
    assert state.claim_digest("C2", DAY, now=NOW) is DigestClaim.CLAIMED


def test_everything_is_still_there_when_the_file_is_opened_again(place: Any, state: State) -> None:
    state.claim_event("a", now=NOW)
    state.open_thread(THREAD)
    state.add_turn("C1", THREAD.thread_ts, turn("Hello"))
    state.claim_digest("C1", DAY, now=NOW)
    state.close()

    with closing(place.open()) as again:
        assert not again.claim_event("a", now=NOW)
        assert again.find_thread("C1", THREAD.thread_ts) == THREAD
        assert again.transcript("C1", THREAD.thread_ts) == (turn("Hello"),)
        assert again.claim_digest("C1", DAY, now=NOW) is DigestClaim.TAKEN


def test_a_closed_state_says_so_in_a_sentence(state: State) -> None:
    state.close()

    with pytest.raises(StateUnavailableError, match="cannot be used"):
        state.claim_event("a", now=NOW)


def test_processes_that_start_and_claim_at_once_share_every_event_and_digest(start: Start) -> None:
    racers = [
        start("""
won = sum(state.claim_event(str(number), now=now) for number in range(60))
claimed = sum(state.claim_digest("C1", date.fromordinal(number), now=now) == "claimed" for number in range(1, 61))
print(won, claimed)
""")
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
