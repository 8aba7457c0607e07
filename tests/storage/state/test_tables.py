"""What the tables of the state keep, besides threads, events and the ledger."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from storage.state import (
    ActionOutcome,
    AuditRow,
    DigestClaim,
    Feedback,
    KeptPlan,
    OutcomeStatus,
    PostedMessage,
    State,
    Subscription,
    Thread,
    Turn,
)

if TYPE_CHECKING:
    import pytest

NOW = datetime(2026, 3, 2, 6, 30)  # noqa: DTZ001 - moments in the state are UTC without a zone
DAY = date(2026, 3, 2)
ROW = AuditRow(
    at=NOW,
    user_id="U1",
    channel="C1",
    thread_ts="1.1",
    kind="brief",
    account_id="ACME-042",
    snapshot_id="000007-1a2b3c4d",
    evidence=("D1", "K3"),
    model="claude-sonnet-5-5",
    input_tokens=5_000_000_000,
    cache_read_tokens=2,
    cache_write_tokens=3,
    output_tokens=4,
    dollars=0.0123,
    seconds=4.5,
    dropped=1,
)
MESSAGE = PostedMessage(
    channel="C1", message_ts="2.2", thread_ts="1.1", requested_by="U1", account_id="ACME-042", posted_at=NOW
)
VOTE = Feedback(channel="C1", message_ts="2.2", user_id="U1", vote=1, reason="", at=NOW)
OUTCOME = ActionOutcome(
    account_id="ACME-042",
    action="Offer the training package.",
    snapshot_id="000007-1a2b3c4d",
    user_id="U1",
    status=OutcomeStatus.NOT_NOW,
    reason="Their budget opens in May.",
    at=NOW,
)
SUBSCRIPTION = Subscription(
    subscription_id="S1",
    channel="D1",
    created_by="U1",
    at=time(8, 5),
    timezone="Europe/Madrid",
    days=frozenset({0, 4}),
    territory="EMEA",
    top=5,
    created_at=NOW,
)
PLAN = KeptPlan(plan_id="p1", brief_hash="ab", model="claude-sonnet-5-5", content='{"sections": []}', written_at=NOW)


def test_the_audit_gives_back_every_row_from_a_moment_on_oldest_first(state: State) -> None:
    bare = AuditRow(at=NOW + timedelta(seconds=1), user_id="", channel="C2", kind="digest")
    for row in (bare, ROW, replace(ROW, at=NOW - timedelta(microseconds=1))):
        state.audit(row)

    assert list(state.audit_since(NOW)) == [ROW, bare]


def test_what_was_spent_is_the_sum_of_what_is_known_since_a_moment(state: State) -> None:
    assert state.dollars_since(NOW) == 0
    for at, dollars in ((NOW - timedelta(microseconds=1), 8.0), (NOW, 0.25), (NOW, 0.5), (NOW, None)):
        state.audit(replace(ROW, at=at, dollars=dollars))

    assert state.dollars_since(NOW) == 0.75


def test_the_audit_is_read_in_pages_that_lose_and_repeat_nothing(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.state.audit._PAGE", 3)
    rows = [replace(ROW, at=NOW + timedelta(seconds=number // 4), dropped=number) for number in range(12)]
    for row in rows:
        state.audit(row)

    assert sorted(row.dropped for row in state.audit_since(NOW)) == list(range(12))


def test_who_asked_for_a_message_is_remembered_and_so_is_its_deletion(state: State) -> None:
    state.remember_message(MESSAGE)
    state.remember_message(replace(MESSAGE, requested_by="U2"))

    assert state.find_message("C1", "2.2") == MESSAGE
    assert state.find_message("C1", "9.9") is None
    for hours in (1, 2):
        state.mark_message_deleted("C1", "2.2", now=NOW + timedelta(hours=hours))
    assert state.find_message("C1", "2.2") == replace(MESSAGE, deleted_at=NOW + timedelta(hours=1))


def test_a_changed_vote_takes_the_place_of_the_persons_earlier_one_and_of_nobody_elses(state: State) -> None:
    changed = replace(VOTE, vote=-1, reason="The price is wrong.", at=NOW + timedelta(minutes=2))
    other = replace(VOTE, user_id="U2", at=NOW + timedelta(minutes=1))
    for vote in (VOTE, other, changed, VOTE, replace(VOTE, message_ts="3.3")):
        state.add_feedback(vote)

    assert state.feedback("C1", "2.2") == (other, changed)


def test_an_account_has_the_latest_outcome_of_each_action_and_the_record_has_all(state: State) -> None:
    won = replace(OUTCOME, status=OutcomeStatus.WON, reason="", amount=12_500.5, at=NOW + timedelta(days=1))
    other = replace(OUTCOME, action="Call the CFO.", status=OutcomeStatus.DONE, at=NOW + timedelta(hours=1))
    elsewhere = replace(OUTCOME, account_id="ACME-043", at=NOW + timedelta(days=2))
    for outcome in (won, OUTCOME, other, elsewhere):
        state.add_outcome(outcome)

    assert state.outcomes("ACME-042") == (won, other)
    assert state.outcomes("ACME-044") == ()
    assert state.outcomes_since(NOW) == (OUTCOME, other, won, elsewhere)


def test_a_subscription_lasts_until_it_is_ended(state: State) -> None:
    channel = replace(SUBSCRIPTION, subscription_id="S2", channel="C1", territory=None, created_at=NOW - timedelta(1))
    for subscription in (SUBSCRIPTION, channel, replace(SUBSCRIPTION, top=9)):
        state.subscribe(subscription)

    assert state.subscriptions() == (channel, SUBSCRIPTION)
    state.unsubscribe("S1", user_id="U2", now=NOW)
    assert state.subscriptions() == (channel,)


def test_the_digests_of_two_subscriptions_in_one_channel_are_two(state: State) -> None:
    assert state.claim_digest("S1", DAY, now=NOW) is DigestClaim.CLAIMED
    assert state.claim_digest("S2", DAY, now=NOW) is DigestClaim.CLAIMED


def test_a_digest_that_was_skipped_is_not_claimed_again(state: State) -> None:
    state.claim_digest("S1", DAY, now=NOW)
    state.mark_digest_skipped("S1", DAY, now=NOW)

    assert state.claim_digest("S1", DAY, now=NOW + timedelta(hours=1)) is DigestClaim.SKIPPED


def test_the_snapshot_of_the_last_posted_digest_is_known(state: State) -> None:
    assert state.last_digest("S1") is None
    for age, snapshot_id in enumerate(["third", "second", "first"]):
        state.mark_digest_posted("S1", DAY - timedelta(age), message_ts="1.1", now=NOW, snapshot_id=snapshot_id)
    state.claim_digest("S1", DAY + timedelta(1), now=NOW)

    assert state.last_digest("S1").snapshot_id == "third"


def test_the_newest_plan_that_a_model_wrote_from_a_brief_is_found_for_exactly_that_brief(state: State) -> None:
    again = replace(PLAN, plan_id="p2", content="{}", written_at=NOW + timedelta(hours=1))
    offline = replace(PLAN, plan_id="p3", model=None, written_at=NOW + timedelta(hours=2))
    for plan in (PLAN, again, offline):
        state.keep_plan(plan)

    assert state.find_written_plan("ab") == again
    assert state.find_written_plan("cd") is None


def test_a_thread_shows_the_plan_that_was_posted_whatever_is_written_later(state: State) -> None:
    thread = Thread(channel="C1", thread_ts="1.1", account_id="A", snapshot_id="1", opened_by="U1", opened_at=NOW)
    state.open_thread(thread)
    assert state.find_shown_plan("C1", "1.1") is None
    state.keep_plan(PLAN)
    state.show_plan("C1", "1.1", plan_id="p1")
    state.keep_plan(replace(PLAN, plan_id="p2", written_at=NOW + timedelta(hours=1)))

    assert state.find_shown_plan("C1", "1.1") == PLAN
    assert state.find_shown_plan("C1", "9.9") is None


def test_a_thread_is_nudged_once_and_knows_it(state: State) -> None:
    thread = Thread(channel="D1", thread_ts="1.1", account_id="ACME-042", snapshot_id="000007-1a2b3c4d",
                    opened_by="U1", opened_at=NOW, private=True)  # fmt: skip
    state.open_thread(thread)

    assert [state.claim_nudge("D1", "1.1", now=NOW + timedelta(days=age)) for age in (1, 2)] == [True, False]
    assert not state.claim_nudge("D1", "9.9", now=NOW)
    assert state.find_thread("D1", "1.1") == replace(thread, nudged_at=NOW + timedelta(days=1))


def test_history_is_forgotten_before_a_moment_and_outcomes_are_not(state: State) -> None:
    old, late = NOW - timedelta(days=400), NOW
    threads = [
        Thread(channel="C1", thread_ts=ts, account_id="A", snapshot_id="1", opened_by="U1", opened_at=old)
        for ts in ("1.1", "1.2")
    ]
    for thread in threads:
        state.open_thread(thread)
        state.add_turn("C1", thread.thread_ts, Turn(author="person", user_id="U1", text="Old", at=old))
    state.add_turn("C1", "1.2", Turn(author="person", user_id="U1", text="Late", at=late))
    for at in (old, late):
        state.audit(replace(ROW, at=at))
        state.remember_message(replace(MESSAGE, message_ts=str(at), posted_at=at))
        state.add_feedback(replace(VOTE, message_ts=str(at), at=at))
        state.add_outcome(replace(OUTCOME, at=at))
        state.keep_plan(replace(PLAN, plan_id=str(at), written_at=at))
        state.mark_digest_posted("S1", at.date(), message_ts="1.1", now=at)

    # Two turns, one thread that has no other, and one row of each of five tables.
    assert state.forget_history(NOW - timedelta(days=365)) == 8
    assert state.forget_history(NOW - timedelta(days=365)) == 0
    assert state.find_thread("C1", "1.1") is None
    assert [turn.text for turn in state.transcript("C1", "1.2")] == ["Late"]
    assert [row.at for row in state.audit_since(old)] == [late]
    assert [state.find_message("C1", str(at)) is None for at in (old, late)] == [True, False]
    assert [len(state.feedback("C1", str(at))) for at in (old, late)] == [0, 1]
    assert len(state.outcomes_since(old)) == 2
