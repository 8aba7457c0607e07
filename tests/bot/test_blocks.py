from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_up import WORDS

from bot.blocks import (
    BRIEF_ACTION,
    Message,
    answer_message,
    digest_message,
    headline_message,
    help_message,
    model_message,
    plan_messages,
    readiness_message,
    sentence_message,
    several_accounts_message,
    unknown_account_message,
)
from bot.normalise import normalise
from bot.plan import Answer, Authorship, Plan, Section, SectionName, Statement, Usage
from bot.workspace.block_kit import message_blocks
from pipeline.card import CardSection, describe_model
from pipeline.columns import ColumnType
from pipeline.leaks import Leak
from pipeline.readiness import ColumnReport, Dropped, Readiness
from storage.records import AccountName, Contribution, DigestRow, Feature, FeatureKind, Fitness, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.brief import Brief
    from storage.snapshots import Snapshot

DAY = date(2026, 11, 23)
OFFLINE = Authorship(model=None, note="no API key is set", dropped=0, usage=None)
HOSTILE = (
    "<!channel>",
    "<@U123>",
    "<https://evil.example|x>",
    "&lt;!channel&gt;",
    "*bold* _it_ ~gone~ `code`",
    "two\nlines\r\nand ```fences```",
    "\u202egnp.exe\u202c",
    ":smile: 😀",
    "n" * 10_000,
    "\uff1c!here\uff1e",
    "# heading\n> quote\n- list",
)


def plan_of(*statements: Statement, authorship: Authorship = OFFLINE) -> Plan:
    return Plan(
        sections=tuple(Section(name=name, statements=statements) for name in SectionName),
        promotion=Statement(text="Offer the training package.", evidence=("P7",)),
        authorship=authorship,
    )


def row(
    number: int, *, account_id: str | None = None, name: str = "Ridgeline", label: str = "Demo requests"
) -> DigestRow:
    return DigestRow(
        account_id=account_id or f"ACME-{number:03}",
        name=name,
        owner="Dana Reyes",
        region="EMEA",
        predicted=96_200.0,
        low=78_000.0,
        high=118_000.0,
        actions=4,
        strongest=tuple(
            Contribution(
                feature=Feature(name="any", label=label, group="Any", unit="", kind=FeatureKind.NUMBER),
                value=value,
                shap=shap,
            )
            for value, shap in ((7.0, 19_500.0), (2.0, -640.0))
        ),
    )


# Where Slack parses nothing; of the last four it is ids and styles alone that are text of their own.
HARMLESS = {"plain_text", "text", "button", "rich_text_list", "section", "overflow"}


def strings(value: Any, *, at: str = "") -> list[tuple[str, str]]:
    """Return every string of a block with the type of the object that it stands in."""
    if isinstance(value, dict):
        kind = value.get("type", at)
        return [found for key, each in value.items() if key != "type" for found in strings(each, at=kind)]
    if isinstance(value, list | tuple):
        return [found for each in value for found in strings(each, at=at)]
    return [(at, value)] if isinstance(value, str) else []


def assert_slack_takes(*messages: Message) -> None:
    """Assert that Slack would take the messages, and that nothing in them pings, links or formats."""
    for message in messages:
        assert message_blocks(json.loads(json.dumps(message.blocks)))
        assert 0 < len(message.text) <= 4000
        assert "<" not in message.text
        assert ">" not in message.text
        assert {kind for kind, _ in strings(message.blocks)} <= HARMLESS


def shown(message: Message) -> str:
    return "".join(text for _, text in strings(message.blocks))


@pytest.mark.parametrize("account_id", ["ACME-042", "LOSS-001", "GAPS-001", "HUGE-001", "EVIL-<!here>&001"])
def test_slack_takes_the_brief_of_every_account(account_id: str, brief_of: Callable[[str], Brief]) -> None:
    brief = brief_of(account_id)
    cited = tuple(item.evidence_id for item in brief.evidence)

    assert_slack_takes(headline_message(brief), *plan_messages(brief, plan_of(Statement(text="So.", evidence=cited))))


def test_the_headline_says_account_value_interval_actions_reason_and_date(brief_of: Callable[[str], Brief]) -> None:
    words = shown(headline_message(brief_of("LOSS-001")))

    for part in (
        "Everything Is Difficult GmbH · LOSS-001",
        "$22.3K · predicted expansion revenue, 80 % interval $17.9K to $27.9K",
        "no action · at most 5 for one account · rank 64 of 64 accounts",
        "$48.9K below the baseline of $71.2K: ",
        "Logistics · North America · owner Ivo Maric",
        "Data as of 22 Nov 2026 · snapshot 000001",
    ):
        assert part in words


def test_a_name_that_looks_like_markup_is_shown_as_it_is_written(brief_of: Callable[[str], Brief]) -> None:
    message = headline_message(brief_of("EVIL-<!here>&001"))

    assert "<!channel> *bold* _it_ `code` <@U123>" in message.blocks[0]["text"]["text"]
    assert "&lt;!channel&gt; *bold*" in message.text
    assert "&amp;lt;!channel&amp;gt;" in message.text


def test_a_statement_is_a_bullet_with_its_citations_once_each(brief_of: Callable[[str], Brief]) -> None:
    brief = brief_of("ACME-042")
    [message] = plan_messages(brief, plan_of(Statement(text="Ask for a demo.", evidence=("D1", "A1", "D1"))))

    assert message.blocks[0]["text"]["text"] == "Executive summary"
    [item] = message.blocks[1]["elements"][0]["elements"]
    assert [part["text"] for part in item["elements"]] == [
        "Ask for a demo.",
        " [SHAP: Demo requests -$13K · Allocation]",
    ]


def test_an_id_without_evidence_is_shown_rather_than_left_out(brief_of: Callable[[str], Brief]) -> None:
    [message] = plan_messages(brief_of("ACME-042"), plan_of(Statement(text="So.", evidence=("K99",))))

    assert "So. [K99]" in shown(message)


def test_a_plan_ends_with_the_promotion_and_who_wrote_it(brief_of: Callable[[str], Brief]) -> None:
    [message] = plan_messages(brief_of("ACME-042"), plan_of(Statement(text="So.", evidence=("D1",))))

    assert [block["type"] for block in message.blocks[-3:]] == ["header", "rich_text", "context"]
    assert message.blocks[-3]["text"]["text"] == "Recommended promotion"
    assert message.blocks[-1]["elements"][0]["text"] == "Written without an AI model: no API key is set."


@pytest.mark.parametrize(
    ("authorship", "line"),
    [
        (
            Authorship(
                model="claude-x",
                note="",
                dropped=0,
                usage=Usage(
                    input_tokens=1,
                    cache_read_tokens=2,
                    cache_write_tokens=3,
                    output_tokens=4,
                    dollars=0.0352,
                    seconds=12.34,
                ),
            ),
            "Written by claude-x · 6 tokens in (2 of them cached), 4 out · $0.035 · 12.3 s.",
        ),
        (
            Authorship(
                model="claude-x",
                note="",
                dropped=1,
                usage=Usage(
                    input_tokens=1,
                    cache_read_tokens=2,
                    cache_write_tokens=3,
                    output_tokens=4,
                    dollars=None,
                    seconds=2.0,
                ),
            ),
            (
                "Written by claude-x · 6 tokens in (2 of them cached), 4 out · 2.0 s. "
                "1 statement was left out because its evidence did not carry it."
            ),
        ),
        (
            replace(OFFLINE, note="", dropped=3),
            "Written without an AI model. 3 statements were left out because their evidence did not carry them.",
        ),
    ],
)
def test_the_authorship_line_says_model_cost_and_what_was_left_out(
    authorship: Authorship, line: str, brief_of: Callable[[str], Brief]
) -> None:
    answer = Answer(statements=(Statement(text="Because.", evidence=("A2",)),), authorship=authorship)

    assert line in shown(answer_message(brief_of("ACME-042"), answer))


def test_a_long_plan_becomes_several_messages_that_lose_nothing(brief_of: Callable[[str], Brief]) -> None:
    statements = tuple(Statement(text=f"Point {number} {'word ' * 120}end.", evidence=("D1",)) for number in range(12))
    messages = plan_messages(brief_of("ACME-042"), plan_of(*statements))

    assert len(messages) > 1
    assert_slack_takes(*messages)
    together = "".join(map(shown, messages))
    assert all(together.count(f"Point {number} word") == len(SectionName) for number in range(12))
    assert all(sum(len(text) for _, text in strings(message.blocks)) < 12_000 for message in messages)
    assert all("Written without" not in shown(message) for message in messages[:-1])


def test_an_answer_that_is_too_long_says_how_much_is_missing(brief_of: Callable[[str], Brief]) -> None:
    statements = tuple(Statement(text=f"Point {number} {'word ' * 180}end.", evidence=()) for number in range(15))
    message = answer_message(brief_of("ACME-042"), Answer(statements=statements, authorship=OFFLINE))

    assert_slack_takes(message)
    said = sum(f"Point {number} word" in shown(message) for number in range(15))
    assert 0 < said < 15
    assert f"{15 - said} more statements did not fit into this message." in shown(message)


def test_an_answer_without_statements_is_still_a_message(brief_of: Callable[[str], Brief]) -> None:
    assert_slack_takes(answer_message(brief_of("ACME-042"), Answer(statements=(), authorship=OFFLINE)))


def test_help_names_the_command_the_mention_and_the_thread() -> None:
    message = help_message(None)

    assert_slack_takes(message)
    for part in ("/precall account id", "@precall account id", "thread"):
        assert part in shown(message)


def test_the_closest_accounts_are_buttons_that_brief_them() -> None:
    closest = (AccountName(account_id="ACME-042", name="Ridgeline"), AccountName(account_id="ACME-043", name="Ridge"))
    message = unknown_account_message("ACME-O42", closest, words=WORDS)
    buttons = message.blocks[1]["elements"]

    assert_slack_takes(message)
    assert "“ACME-O42”" in shown(message)
    assert [button["value"] for button in buttons] == ["ACME-042", "ACME-043"]
    assert buttons[0]["text"]["text"] == "Ridgeline · ACME-042"
    assert all(BRIEF_ACTION.fullmatch(button["action_id"]) for button in buttons)


def test_nothing_close_is_said_without_buttons() -> None:
    message = unknown_account_message("zzz", (), words=WORDS)

    assert_slack_takes(message)
    assert "Nothing resembles it" in message.text


def test_a_button_cuts_the_name_and_keeps_the_id() -> None:
    message = unknown_account_message("x", (AccountName(account_id="ACME-042", name="n" * 200),), words=WORDS)
    label = message.blocks[1]["elements"][0]["text"]["text"]

    assert len(label) == 75
    assert label.endswith("… · ACME-042")


@pytest.mark.parametrize(("length", "buttons"), [(2000, 1), (2001, 0)])
def test_an_id_that_no_button_can_carry_gets_none(length: int, buttons: int, snapshot: Snapshot) -> None:
    message = digest_message(snapshot.info, (row(0, account_id="i" * length),), day=DAY)

    assert_slack_takes(message)
    assert sum("accessory" in block for block in message.blocks) == buttons


@pytest.mark.parametrize(("accounts", "note"), [(25, ""), (26, "Also: 1 more.")])
def test_choices_beyond_what_one_block_holds_are_counted(accounts: int, note: str) -> None:
    choices = tuple(AccountName(account_id=f"ACME-{number}", name="R") for number in range(accounts))
    message = several_accounts_message("R", choices, words=WORDS)

    assert_slack_takes(message)
    assert shown(message).startswith("Several accounts are called “R”.")
    assert len(message.blocks[1]["elements"]) == 25
    assert shown(message).endswith(note)


def test_an_account_that_no_button_can_carry_is_named() -> None:
    message = unknown_account_message("x", (AccountName(account_id="i" * 2001, name="Ridgeline"),), words=WORDS)

    assert_slack_takes(message)
    assert "Also: Ridgeline · iii" in shown(message)


def test_a_digest_row_has_value_interval_actions_reason_and_a_button(snapshot: Snapshot) -> None:
    message = digest_message(snapshot.info, (row(42),), day=DAY)

    assert_slack_takes(message)
    assert message.blocks[0]["text"]["text"] == "Accounts for Monday, 23 Nov 2026"
    assert message.blocks[2]["text"]["text"] == (
        "1. Ridgeline · ACME-042\n$96.2K ($78K to $118K) · 4 actions · Dana Reyes\n"
        "Demo requests 7 +$19.5K · Demo requests 2 -$640"
    )
    assert message.blocks[2]["accessory"]["value"] == "ACME-042"
    assert message.blocks[2]["accessory"]["text"]["text"] == "Brief me"


@pytest.mark.parametrize(("rows", "blocks", "missing"), [(47, 50, None), (48, 50, "2 more"), (500, 50, "454 more")])
def test_a_digest_fills_fifty_blocks_at_most_and_counts_what_is_missing(
    rows: int, blocks: int, missing: str | None, snapshot: Snapshot
) -> None:
    message = digest_message(snapshot.info, tuple(map(row, range(rows))), day=DAY)

    assert_slack_takes(message)
    assert len(message.blocks) == blocks
    assert ("do not fit" in shown(message)) == (missing is not None)
    assert missing is None or f"{missing} accounts do not fit into this message." in shown(message)


def test_a_day_without_accounts_says_so(snapshot: Snapshot) -> None:
    assert "No account gets actions." in shown(digest_message(snapshot.info, (), day=DAY))


@pytest.mark.parametrize(("length", "cut"), [(3000, False), (3001, True)])
def test_a_sentence_is_cut_visibly_beyond_a_section(length: int, *, cut: bool) -> None:
    message = sentence_message("x" * length)

    assert_slack_takes(message)
    assert len(message.blocks[0]["text"]["text"]) == 3000
    assert message.blocks[0]["text"]["text"].endswith("…") == cut


def test_a_fallback_of_nothing_but_markup_stays_within_its_limit() -> None:
    message = sentence_message("<" * 3000)

    assert len(message.text) <= 4000
    assert message.text.replace("&lt;", "") == "…"


def test_the_title_is_cut_at_the_limit_of_a_header(brief_of: Callable[[str], Brief]) -> None:
    brief = brief_of("ACME-042")
    for length in (147, 148, 10_000):
        account = replace(brief.account, name="n" * length, account_id="i" * length)
        assert_slack_takes(headline_message(replace(brief, account=account)))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_pings_links_and_formats_nothing_anywhere(
    text: str, brief_of: Callable[[str], Brief], snapshot: Snapshot
) -> None:
    assert_harmless(text, brief_of("ACME-042"), snapshot)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(st.sampled_from(HOSTILE) | st.text(max_size=40), max_size=6).map("".join))
def test_any_text_pings_links_and_formats_nothing_anywhere(
    text: str, brief_of: Callable[[str], Brief], snapshot: Snapshot
) -> None:
    assert_harmless(text, brief_of("ACME-042"), snapshot)


def assert_harmless(text: str, brief: Brief, snapshot: Snapshot) -> None:
    account = replace(brief.account, name=text, owner=text, industry=text, account_id=f"x{text}")
    evidence = tuple(replace(item, text=text, citation=f"{text}!") for item in brief.evidence)
    dangerous = replace(brief, account=account, evidence=evidence, headline=f"{text}!")
    statement = Statement(text=text, evidence=("D1", "K1", text))
    authorship = Authorship(model=None, note=text, dropped=1, usage=None)
    accounts = (AccountName(account_id=f"x{text}", name=text),)
    assert_slack_takes(
        headline_message(dangerous),
        *plan_messages(dangerous, plan_of(statement, authorship=authorship)),
        answer_message(dangerous, Answer(statements=(statement,), authorship=authorship)),
        unknown_account_message(text, accounts, words=WORDS),
        digest_message(snapshot.info, (row(1, account_id=f"x{text}", name=text, label=text),), day=DAY),
        sentence_message(text),
    )


def without_signal(brief: Brief) -> Brief:
    card = replace(brief.snapshot.card, verdict=Verdict.NO_SIGNAL, family="constant")
    return replace(brief, snapshot=replace(brief.snapshot, card=card))


def test_the_model_card_is_one_message_with_every_sentence_of_it(snapshot: Snapshot) -> None:
    sections = describe_model(snapshot)

    message = model_message(sections)

    shown = json.dumps(message_blocks(list(message.blocks)), ensure_ascii=False)
    for section in sections:
        assert section.heading in shown
        for sentence in section.sentences:
            assert normalise(sentence, limit=1000) in shown
    assert "R² 0.860 ± 0.020 · Mean abs. error" in shown


def test_a_long_table_of_the_model_card_says_how_much_is_missing() -> None:
    rows = tuple((f"row {number}", "1") for number in range(14))
    message = model_message([CardSection(heading="Drift", sentences=(), table=(("Feature", "Index"), *rows))])

    assert "and 4 more" in json.dumps(message.blocks)


def test_without_signal_neither_brief_nor_digest_shows_a_rank(
    brief_of: Callable[[str], Brief],
) -> None:
    brief = without_signal(brief_of("ACME-007"))
    digest = digest_message(brief.snapshot, (row(1),), day=DAY)

    for message in (headline_message(brief), digest):
        shown = json.dumps(message.blocks)
        assert "no model is better than a constant" in shown
        assert "rank " not in shown
    assert "rank " in json.dumps(headline_message(brief_of("ACME-007")).blocks)


def test_an_interval_too_wide_to_rank_by_is_said_beside_the_rank(brief_of: Callable[[str], Brief]) -> None:
    brief = brief_of("ACME-007")
    account = replace(brief.account, standing=replace(brief.account.standing, span=0.6))

    assert "interval too wide to rank" in json.dumps(headline_message(replace(brief, account=account)).blocks)


def readiness(*, name: str = "notes", columns: int = 1) -> Readiness:
    reports = [
        ColumnReport(
            name=f"{name}{number or ''}", type=ColumnType.TEXT, missing_share=0.1, distinct=900, used=False,
            done="ignored: free text",
        )
        for number in range(columns)
    ]  # fmt: skip
    used = ColumnReport(name="demos", type=ColumnType.NUMBER, missing_share=0.0, distinct=9, used=True, done="used")
    leak = replace(used, name="won_amount", used=False, done="ignored: is a copy of the target")
    return Readiness(
        verdict=Fitness.CARE,
        reasons=("The column won_amount is a copy of the target and is left out.",),
        source="export.csv",
        reading="CSV, UTF-8, semicolons",
        rows_read=1_240,
        rows_used=1_231,
        rows_to_predict=40,
        dropped=(Dropped(reason="have no target", count=7, lines=(3, 9, 12)),),
        merged=2,
        conflicting=(),
        columns=(used, leak, *reports),
        leaks=(Leak(column="won_amount", how="is a copy of the target"),),
        features=("demos",),
        names={},
        positions=np.arange(1_231),
    )


def test_readiness_has_verdict_reasons_rows_leaks_and_what_is_not_read_and_why() -> None:
    message = readiness_message(readiness())

    assert_slack_takes(message)
    for part in (
        "Usable with care: export.csv",
        "The column won_amount is a copy of the target and is left out.",
        "1,240 rows read, 1,231 used.",
        "40 of them have no outcome",
        "2 exact copies of other rows were merged.",
        "1 of 3 columns are features of the model.",
        "7 rows have no target (line 3, 9, 12, ",
        "won_amount is a copy of the target; it is left out",
        "notes (free text): ignored: free text",
    ):
        assert part in shown(message)
    assert shown(message).count("won_amount") == 2
    assert "Usable with care" in message.text


def test_readiness_of_a_wide_or_hostile_table_is_still_a_message_and_counts_what_is_missing() -> None:
    message = readiness_message(readiness(name="<!channel> *x* " + "n" * 5_000, columns=10_000))

    assert_slack_takes(message)
    assert "and 9,990 more." in shown(message)
    assert "<!channel>" not in message.text
