"""Every answer and view leaves a line in the audit, and no more than that."""

from __future__ import annotations

import csv
from dataclasses import astuple
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from anthropic_server import API_KEY

from bot.__main__ import main
from bot.config import DigestConfig
from bot.digest import post_due_digests
from storage.errors import StateUnavailableError
from storage.state import ActionOutcome, AuditRow, OutcomeStatus

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from anthropic_server import AnthropicServer

BEGINNING = datetime.min  # noqa: DTZ901 - moments in the state are UTC without a zone
MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def audit(bot: Any) -> list[AuditRow]:
    return list(bot.services.state.audit_since(BEGINNING))


def test_a_brief_its_plan_and_an_answer_each_leave_a_line_that_says_who_saw_what_where(bot: Any) -> None:
    bot.ask("/precall ACME-042")
    bot.say("Why does it get this many actions?", thread_ts=bot.thread_ts())

    brief, plan, answer = audit(bot)
    assert [row.kind for row in (brief, plan, answer)] == ["brief", "plan", "answer"]
    for row in (brief, plan, answer):
        assert (row.user_id, row.channel, row.account_id) == (bot.person, bot.channel, "ACME-042")
        with bot.services.snapshots.lease() as snapshot:
            assert row.snapshot_id == snapshot.info.snapshot_id
    assert plan.thread_ts == answer.thread_ts == bot.thread_ts()
    assert {"D1", "A1", "P1"} <= set(brief.evidence)
    assert answer.evidence
    assert set(answer.evidence) <= set(brief.evidence)


def test_another_account_that_an_answer_tells_of_is_in_its_line(bot: Any) -> None:
    bot.ask("/precall ACME-042")
    bot.say("compare with ACME-009", thread_ts=bot.thread_ts())

    answer = audit(bot)[-1]
    assert answer.account_id == "ACME-042"
    assert "ACME-009" in answer.evidence


def test_nothing_of_what_a_customer_is_or_somebody_asked_is_in_the_audit(bot: Any) -> None:
    bot.ask("/precall ACME-042")
    bot.say("Do they know about Project Hedgehog?", thread_ts=bot.thread_ts())

    written = " ".join(str(astuple(row)) for row in audit(bot))
    assert "ACME-042" in written
    for word in ("Ridgeline", "Hedgehog", "Dana", "demo"):
        assert word not in written


def test_the_model_its_tokens_and_their_price_are_in_the_line_of_what_it_wrote(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path, anthropic: AnthropicServer
) -> None:
    with run_bot(home, env={"ANTHROPIC_API_KEY": API_KEY, "ANTHROPIC_BASE_URL": anthropic.url}) as bot:
        bot.ask("/precall ACME-042")
        brief, plan = audit(bot)

    assert (brief.model, brief.input_tokens, brief.dollars) == (None, 0, None)
    assert plan.model == "claude-sonnet-5-5"
    assert plan.output_tokens > 0
    assert plan.dollars
    assert plan.dollars > 0


def test_those_who_saw_choices_the_model_or_the_list_of_documents_are_known(bot: Any) -> None:
    bot.ask("/precall twin peaks ltd")
    bot.ask("/precall model")
    bot.ask("/precall docs")
    bot.ask("/precall help")

    choices, model, documents = audit(bot)
    assert (choices.kind, choices.evidence) == ("choices", ("TWIN-001", "TWIN-002"))
    assert (model.kind, model.account_id) == ("model", None)
    assert (documents.kind, documents.snapshot_id) == ("documents", None)


def test_a_digest_leaves_one_line_with_the_accounts_it_names(
    run_bot: Callable[..., AbstractContextManager[Any]], home: Path
) -> None:
    with run_bot(home, clock=lambda: MONDAY) as bot:
        for _ in range(2):
            post_due_digests(
                bot.services, bot.client, DigestConfig(channels=(bot.channel,), at=time(8), timezone=ZoneInfo("UTC"))
            )
        [row] = audit(bot)
        [digest] = bot.posted()

        assert (row.kind, row.user_id, row.channel, row.at) == ("digest", "", bot.channel, MONDAY.replace(tzinfo=None))
        assert row.evidence
        assert all(account_id in bot.read(digest) for account_id in row.evidence)
        assert bot.services.state.last_digest(bot.channel).snapshot_id == row.snapshot_id


def test_what_cannot_be_recorded_is_not_shown(bot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_row: AuditRow) -> None:
        raise StateUnavailableError

    monkeypatch.setattr(type(bot.services.state), "audit", lambda _state, row: refuse(row))
    bot.ask("/precall ACME-042")

    [message] = bot.posted()
    assert message.only_visible_to(bot.person)
    assert "cannot read my data" in bot.read(message)


@pytest.fixture
def precall(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def precall(home: Path, *arguments: str) -> tuple[int, str, str]:
        monkeypatch.setenv("PRECALL_HOME", str(home))
        for name in ("DATABASE_URL", "DYNO"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr("sys.argv", ["precall", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        output = capsys.readouterr()
        return int(caught.value.code or 0), output.out, output.err

    return precall


def test_the_audit_is_exported_from_a_day_on(
    precall: Callable[..., tuple[int, str, str]],
    run_bot: Callable[..., AbstractContextManager[Any]],
    home: Path,
    tmp_path: Path,
) -> None:
    path = tmp_path / "audit.csv"
    with run_bot(home, clock=lambda: MONDAY) as bot:
        bot.ask("/precall ACME-042")

    assert precall(home, "audit", "--since", "2026-11-23", "--csv", str(path)) == (0, f"Wrote 2 rows to {path}.\n", "")
    brief, plan = sorted(csv.DictReader(path.read_text().splitlines()), key=lambda row: row["kind"])
    assert (brief["at"], brief["kind"], brief["account_id"]) == ("2026-11-23T08:00:00.000", "brief", "ACME-042")
    assert (plan["kind"], plan["model"], plan["dollars"]) == ("plan", "", "")
    assert precall(home, "audit", "--since", "2026-11-24", "--csv", str(path))[1].startswith("Wrote 0 rows")


def test_outcomes_are_exported_with_what_a_spreadsheet_would_run_made_inert(
    precall: Callable[..., tuple[int, str, str]], run_bot: Callable[..., AbstractContextManager[Any]], home: Path
) -> None:
    with run_bot(home) as bot:
        bot.services.state.add_outcome(
            ActionOutcome(
                account_id="-1",
                action="Call.",
                snapshot_id="1",
                user_id="U1",
                status=OutcomeStatus.LOST,
                at=MONDAY,
                reason="=HYPERLINK(1)",
                amount=1250.5,
            )
        )

    code, out, _ = precall(home, "outcomes")
    [outcome] = csv.DictReader(out.splitlines())
    assert code == 0
    assert outcome == {
        "at": "2026-11-23T08:00:00.000",
        "account_id": "-1",
        "action": "Call.",
        "snapshot_id": "1",
        "user_id": "U1",
        "status": "lost",
        "reason": "'=HYPERLINK(1)",
        "amount": "1250.5",
    }


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(("audit", "--since", "yesterday"), "yesterday"), (("audit", "--csv", "/nowhere/x.csv"), "cannot be written")],
)
def test_an_export_that_cannot_be_made_says_why(
    precall: Callable[..., tuple[int, str, str]], home: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    code, _, err = precall(home, *arguments)

    assert code
    assert sentence in err
    assert "Traceback" not in err
