"""The Evidence and PDF buttons, pressed as people press them."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from pypdf import PdfReader

from bot.kept_plan import keep, recall
from bot.papers import evidence_modal
from bot.plan import Authorship, Plan, Section, SectionName, Statement
from bot.workspace.render import block_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bot.brief import Brief

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_the_evidence_of_each_statement_is_shown_to_who_asks_for_it_alone(bot: Any) -> None:
    bot.ask("/precall ACME-042")
    posted = len(bot.posted())

    bot.workspace.press("Evidence", user=bot.person)
    bot.wait()

    shown = words(bot.workspace.modal(bot.person).content["blocks"])
    assert "Executive summary" in shown
    assert "D1 · SHAP: " in shown
    assert len(bot.posted()) == posted
    assert bot.workspace.refusals == []


def test_the_pdf_is_uploaded_into_the_thread_once_for_a_click_that_arrives_twice(bot: Any) -> None:
    bot.ask("/precall ACME-042")

    bot.workspace.press("PDF", user=bot.person)
    bot.workspace.redeliver()
    bot.wait()

    bot.workspace.share_files()
    thread = bot.workspace.thread(bot.channel, bot.thread_ts())
    [file] = [file for message in thread for file in message.files if file.name == "brief.pdf"]
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(file.content)).pages)
    assert "ACME-042" in text
    assert "What the statements rest on" in text


def test_somebody_without_rights_sees_neither_evidence_nor_pdf(bot: Any, home: Path) -> None:
    bot.ask("/precall ACME-042")
    stranger = bot.workspace.add_person("zoe")
    bot.workspace.change_channel(bot.channel, members=bot.workspace.members(bot.channel) | {stranger})
    (home / "access.toml").write_text('default = "none"\n')

    for button in ("Evidence", "PDF"):
        bot.workspace.press(button, user=stranger)
        bot.wait()
        assert bot.posted()[-1].only_visible_to(stranger)
        assert "There is nothing here that I can tell you about." in bot.read(bot.posted()[-1])
    assert bot.workspace.modal(stranger) is None


def test_a_plan_that_is_kept_comes_back_as_it_was_with_what_it_cites(brief_of: Callable[[str], Brief]) -> None:
    brief = brief_of("EVIL-<!here>&001")
    plan = plan_of(Statement(text="Ask “why” 株式会社.", evidence=("D1", "A2")))

    kept = keep(plan, brief, now=NOW)
    sourced = recall(kept)

    assert sourced.plan == plan
    assert [source.evidence_id for source in sourced.sources] == ["D1", "A2"]
    assert keep(plan, brief, now=NOW) == kept
    assert keep(plan, brief_of("ACME-042"), now=NOW).brief_hash != kept.brief_hash


def test_a_modal_holds_what_slack_takes_and_counts_the_rest(brief_of: Callable[[str], Brief]) -> None:
    brief = brief_of("ACME-042")
    many = tuple(Statement(text=f"Statement {number}.", evidence=("D1",)) for number in range(30))

    view = evidence_modal(recall(keep(plan_of(*many), brief, now=NOW)))

    assert len(view["blocks"]) == 100
    shown = sum(block["type"] == "rich_text" for block in view["blocks"])
    assert words(view["blocks"][-1:]).startswith(f"{30 * 7 + 1 - shown} more statements")


def words(blocks: list[dict[str, Any]]) -> str:
    return "\n".join(block_text(block, {}) for block in blocks)


def plan_of(*statements: Statement) -> Plan:
    return Plan(
        sections=tuple(Section(name=name, statements=statements) for name in SectionName),
        promotion=statements[0],
        authorship=Authorship(model=None, note="no API key is set", dropped=0, usage=None),
    )
