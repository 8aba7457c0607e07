"""The whole story once, on accounts and documents that were really built."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from anthropic_server import API_KEY, AnthropicServer, Scenario
from rich.console import Console

from bot.config import DigestConfig
from bot.digest import post_due_digests
from bot.plan import SectionName
from pipeline.accounts import of_synthetic
from pipeline.config import PipelineConfig
from pipeline.pack import read_pack
from pipeline.progress import ProgressBars
from pipeline.run import build_from
from pipeline.synthetic import make_accounts
from storage.snapshots import SnapshotStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def home(built_home: Path, tmp_path: Path) -> Path:
    return shutil.copytree(built_home, tmp_path / "home")


@pytest.fixture
def bot(run_bot: Callable[..., AbstractContextManager[Any]], home: Path) -> Iterator[Any]:
    with run_bot(home, clock=lambda: MONDAY_NOON) as running:
        yield running


def test_from_accounts_to_a_thread_a_conversation_and_a_digest(bot: Any) -> None:
    bot.ask("/precall acme-042")

    parent, pictures, *plan = bot.workspace.thread(bot.channel, bot.thread_ts())
    assert "ACME-042" in bot.read(parent)
    assert "predicted expansion revenue, 80 % interval" in bot.read(parent)
    assert [file.name for file in pictures.files] == ["waterfall.png", "interactions.png"]
    read = bot.read(plan)
    headings = [read.index(section.heading) for section in SectionName]
    assert headings == sorted(headings)
    assert "[SHAP: " in read
    assert ", p. " in read
    assert "Recommended promotion" in read

    asked = bot.say("Why does it get this many actions?", thread_ts=bot.thread_ts())
    bot.workspace.redeliver()
    bot.wait()
    answers = [message for message in bot.posted() if message.ts > asked.ts]
    assert len(answers) == 1
    assert "[Allocation" in bot.read(answers)

    everyone_at_eight = DigestConfig(channels=(bot.channel,), at=time(8), timezone=ZoneInfo("Europe/Madrid"))
    post_due_digests(bot.services, bot.client, everyone_at_eight)
    post_due_digests(bot.services, bot.client, everyone_at_eight)
    [digest] = [message for message in bot.posted() if message.metadata]
    bot.workspace.press("Brief me", user=bot.person, on=digest)
    bot.wait()
    assert sum("Executive summary" in bot.read(message) for message in bot.posted()) == 2

    bot.ask("/precall ACME-9999")
    assert bot.posted()[-1].only_visible_to(bot.person)
    bot.workspace.press("brief_account:0", user=bot.person, on=bot.posted()[-1])
    bot.wait()
    assert sum("Executive summary" in bot.read(message) for message in bot.posted()) == 3

    assert bot.workspace.refusals == []
    assert bot.workspace.failed_deliveries == []
    assert bot.workspace.never_shown == []


def test_a_second_build_says_what_changed_in_the_thread_and_in_the_digest(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path
) -> None:
    rebuild_with_demo_requests(home, "ACME-042")

    with run_bot(home, clock=lambda: MONDAY_NOON) as bot:
        bot.ask("/precall ACME-042")
        asked = bot.say("What changed?", thread_ts=bot.thread_ts())
        [answer] = [message for message in bot.posted() if message.ts > asked.ts]
        read = bot.read(answer)
        assert "Since snapshot 000001 of the same day" in read
        assert "because its data changed (" in read
        assert "Demo requests " in read
        assert "[Change: prediction]" in read

        post_due_digests(
            bot.services, bot.client, DigestConfig(channels=(bot.channel,), at=time(8), timezone=ZoneInfo("UTC"))
        )
        [digest] = [message for message in bot.posted() if message.metadata]
        assert "most since snapshot 000001" in bot.read(digest)
        assert "because its data changed (" in bot.read(digest)
        assert bot.workspace.refusals == []


def rebuild_with_demo_requests(home: Path, account_id: str) -> None:
    """Build once more after these accounts' interest turned round."""
    now = datetime.now(UTC)
    config = PipelineConfig(home=home, as_of=now.date(), accounts=100, capacity=60)
    accounts = make_accounts(config.accounts, seed=config.seed)
    table = accounts.table.copy()
    mine = table["account_id"] == account_id
    many = table.loc[mine, "demo_requests"].fillna(0) > 2
    table.loc[mine, ["demo_requests", "cloud_maturity", "website_visits_30d"]] = many.map(
        {True: (0.0, 1.0, 2.0), False: (9.0, 9.5, 200.0)}
    ).iloc[0]
    store = SnapshotStore(config.snapshots)
    made = of_synthetic(replace(accounts, table=table), read_pack("software"), seed=config.seed)
    build_from(made, config, store=store, progress=ProgressBars(Console(quiet=True)), now=now)
    store.close()


def test_claude_writes_the_plan_and_when_it_fails_the_offline_writer_does_and_says_why(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path, anthropic: AnthropicServer
) -> None:
    env = {"ANTHROPIC_API_KEY": API_KEY, "ANTHROPIC_BASE_URL": anthropic.url}
    with run_bot(home, env=env) as bot:
        bot.ask("/precall ACME-042")
        assert "Written by claude-sonnet-5-5" in bot.read(bot.posted())

        anthropic.next(Scenario.REFUSAL)
        bot.ask("/precall ACME-043")

        plan = bot.read(bot.posted()[-1])
        assert "Risk mitigation" in plan
        assert "Written without an AI model: Claude declined to write this." in plan
        assert bot.workspace.refusals == []
