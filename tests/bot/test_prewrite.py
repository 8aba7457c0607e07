"""Plans that are written before anybody asks for them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from anthropic_server import API_KEY, AnthropicServer, Scenario
from rich.console import Console

from bot.config import BotConfig
from bot.errors import BatchNotReadError, NotWrittenAheadError
from bot.prewrite import Prewriting, find_accounts, report_table
from bot.writer import make_batch_writer
from storage.state import Subscription

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


@pytest.fixture
def bot(run_bot: Callable[..., AbstractContextManager[Any]], home: Path, anthropic: AnthropicServer) -> Iterator[Any]:
    with run_bot(home, env={"ANTHROPIC_API_KEY": API_KEY, "ANTHROPIC_BASE_URL": anthropic.url}) as running:
        yield running


@pytest.fixture
def prewriting(bot: Any, home: Path, anthropic: AnthropicServer) -> Callable[..., Prewriting]:
    """Make a run for the bot's home."""

    def prewriting(*, minutes: float = 1, pause: Callable[[float], None] = lambda _: None) -> Prewriting:
        return Prewriting(
            services=bot.services,
            batches=make_batch_writer(api_key=API_KEY, base_url=anthropic.url, model="claude-sonnet-5-5"),
            folder=home / "prewrite",
            wait=timedelta(minutes=minutes),
            show=lambda _through, _total: None,
            pause=pause,
        )

    return prewriting


def digest_of(bot: Any) -> Any:
    env = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s", "PRECALL_DIGEST_CHANNELS": bot.channel}
    return BotConfig.from_env(env).digest


def live_requests(anthropic: AnthropicServer) -> list[dict[str, Any]]:
    return [request for request in anthropic.requests if "requests" not in request]


def stop(_seconds: float) -> None:
    raise KeyboardInterrupt


def test_what_was_written_ahead_is_posted_at_once_and_not_paid_again(
    bot: Any, anthropic: AnthropicServer, prewriting: Callable[..., Prewriting]
) -> None:
    anthropic.polls = 2
    report = prewriting().write(digest_of(bot))

    assert sorted(report.written) == sorted(find_accounts(bot.services, digest_of(bot)))
    assert (report.there, report.failed) == ([], {})
    bot.ask(f"/precall {report.written[0]}")
    assert live_requests(anthropic) == []
    assert "UTC from these very facts" in bot.read(bot.posted()[-1])


def test_a_plan_that_is_there_is_not_asked_for_again(
    bot: Any, anthropic: AnthropicServer, prewriting: Callable[..., Prewriting]
) -> None:
    account_ids = find_accounts(bot.services, digest_of(bot))
    bot.ask(f"/precall {account_ids[0]}")

    first, second = prewriting().write(digest_of(bot)), prewriting().write(digest_of(bot))

    assert first.there == [account_ids[0]]
    assert sorted(first.written) == sorted(account_ids[1:])
    assert (second.written, len(second.there)) == ([], len(account_ids))
    assert len(anthropic.batches) == 1


def test_the_digests_that_people_subscribed_to_count_too(bot: Any) -> None:
    subscription = Subscription(
        subscription_id="one",
        channel=bot.channel,
        created_by=bot.person,
        at=time(8),
        timezone="UTC",
        days=frozenset(range(5)),
        territory="EMEA",
        top=3,
        created_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
    nobody = BotConfig.from_env({"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_SIGNING_SECRET": "s"}).digest
    before = find_accounts(bot.services, nobody)
    bot.services.state.subscribe(subscription)

    with bot.services.snapshots.lease() as snapshot:
        accounts = [snapshot.find_account(each) for each in find_accounts(bot.services, nobody)]
    assert before == ()
    assert accounts
    assert {account.region for account in accounts if account} == {"EMEA"}


def test_requests_carry_no_account_id_in_their_own_ids_and_cost_half(
    bot: Any, anthropic: AnthropicServer, prewriting: Callable[..., Prewriting]
) -> None:
    report = prewriting().write(digest_of(bot))

    (batch,) = anthropic.batches.values()
    assert all(re.fullmatch(r"[0-9a-f]{64}", request["custom_id"]) for request, _ in batch.requests)
    a_plan = (900 * 2e-6 + 4_000 * 2.5e-6 + 1_200 * 10e-6) / 2
    assert report.dollars == pytest.approx(a_plan * len(report.written))
    assert report.tokens_out == 1_200 * len(report.written)


def test_what_a_plan_cost_ahead_is_in_the_audit(bot: Any, prewriting: Callable[..., Prewriting]) -> None:
    report = prewriting().write(digest_of(bot))

    rows = [
        row for row in bot.services.state.audit_since(datetime(2026, 1, 1, tzinfo=UTC)) if row.kind == "written ahead"
    ]
    assert sorted(row.account_id for row in rows) == sorted(report.written)
    assert sum(row.dollars for row in rows) == pytest.approx(report.dollars)


def test_each_request_that_failed_is_named_with_its_reason_and_the_others_are_kept(
    bot: Any, anthropic: AnthropicServer, prewriting: Callable[..., Prewriting]
) -> None:
    account_ids = find_accounts(bot.services, digest_of(bot))
    anthropic.next_in_batch(Scenario.ERRORED, Scenario.EXPIRED, Scenario.REFUSAL)

    report = prewriting().write(digest_of(bot))

    assert [report.failed[account_id] for account_id in account_ids[:3]] == [
        "Claude's service failed at it (api_error)",
        "Claude's service did not come to it within a day",
        "Claude declined to write this",
    ]
    assert sorted(report.written) == sorted(account_ids[3:])
    console = Console(width=200, file=StringIO())
    with console.capture() as printed:
        console.print(report_table(report))
    assert f"{account_ids[1]}: Claude's service did not come to it within a day" in printed.get()
    assert "SECRET" not in str(report)


def test_a_plan_of_a_batch_is_checked_and_what_fails_is_sent_back_once(
    bot: Any, anthropic: AnthropicServer, prewriting: Callable[..., Prewriting]
) -> None:
    anthropic.next_in_batch(Scenario.ONE_SECTION_INVENTED)

    report = prewriting().write(digest_of(bot))

    assert len(live_requests(anthropic)) == 1
    bot.ask(f"/precall {find_accounts(bot.services, digest_of(bot))[0]}")
    assert "$777,123" not in bot.workspace.everything_posted()
    assert report.failed == {}


@pytest.mark.parametrize(("minutes", "pause"), [(0, lambda _: None), (1, stop)])
def test_a_wait_that_ends_early_names_the_batch_and_nothing_is_paid_twice(
    bot: Any, anthropic: AnthropicServer, prewriting: Callable[..., Prewriting], minutes: float, pause: Any
) -> None:
    anthropic.polls = 1

    with pytest.raises(BatchNotReadError, match="precall prewrite --batch msgbatch_1"):
        prewriting(minutes=minutes, pause=pause).write(digest_of(bot))
    report = prewriting().take_up("msgbatch_1", digest_of(bot))

    assert sorted(report.written) == sorted(find_accounts(bot.services, digest_of(bot)))
    assert len(anthropic.batches) == 1


def test_the_next_run_takes_up_a_batch_that_was_left_before_it_asks_for_more(
    bot: Any, anthropic: AnthropicServer, prewriting: Callable[..., Prewriting]
) -> None:
    anthropic.polls = 1
    with pytest.raises(BatchNotReadError):
        prewriting(minutes=0).write(digest_of(bot))

    report = prewriting().write(digest_of(bot))

    assert len(report.written) == len(find_accounts(bot.services, digest_of(bot)))
    assert len(anthropic.batches) == 1


def test_results_can_be_taken_up_where_nobody_remembers_what_was_asked(
    bot: Any, home: Path, anthropic: AnthropicServer, prewriting: Callable[..., Prewriting]
) -> None:
    anthropic.polls = 1
    with pytest.raises(BatchNotReadError):
        prewriting(minutes=0).write(digest_of(bot))
    (home / "prewrite" / "msgbatch_1.json").unlink()

    assert prewriting().take_up("msgbatch_1", digest_of(bot)).failed == {}


def test_a_service_that_fails_while_a_batch_is_waited_for_is_asked_again(
    bot: Any, anthropic: AnthropicServer, prewriting: Callable[..., Prewriting]
) -> None:
    anthropic.next(Scenario.NORMAL, Scenario.OVERLOADED, Scenario.RATE_LIMITED_FOR_AN_HOUR)

    assert prewriting().write(digest_of(bot)).failed == {}


def test_a_batch_that_is_not_taken_is_one_sentence_and_sent_only_once(
    bot: Any, anthropic: AnthropicServer, prewriting: Callable[..., Prewriting]
) -> None:
    anthropic.next(Scenario.FAILED)

    with pytest.raises(NotWrittenAheadError, match="No plan was written ahead: Claude's service failed"):
        prewriting().write(digest_of(bot))
    assert len(anthropic.requests) == 1


def test_a_batch_that_nobody_knows_is_one_sentence(bot: Any, prewriting: Callable[..., Prewriting]) -> None:
    with pytest.raises(BatchNotReadError, match="knows no batch msgbatch_9"):
        prewriting().take_up("msgbatch_9", digest_of(bot))
