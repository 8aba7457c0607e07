from __future__ import annotations

from typing import Any

import pytest

from bot.workspace import Message, UploadedFile, read, read_all

NAMES = {"U1": "@dana", "C1": "#sales"}


def message(**fields: Any) -> Message:
    return Message(**{"channel": "C1", "ts": "1.000001", "user": "U1"} | fields)


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def test_markup_reads_as_slack_shows_it() -> None:
    text = "<@U1> in <#C1>: <https://example.com|the page>, <!here>, a &lt; b &amp; c, <https://e.com>"

    shown = "@dana in #sales: the page (https://example.com), @here, a < b & c, https://e.com"
    assert read(message(text=text), names=NAMES) == shown


def test_blocks_are_read_in_place_of_the_text_and_files_by_name() -> None:
    button = {"type": "button", "action_id": "go", "text": plain("Brief me")}
    blocks = (
        {"type": "header", "text": plain("ACME & Sons")},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*$5K*"}, "fields": [plain("Owner"), plain("Dana")]},
        {"type": "divider"},
        {"type": "context", "elements": [plain("as of today"), {"type": "image", "alt_text": "logo"}]},
        {"type": "actions", "elements": [button, button]},
        {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}, {"type": "raw_number", "value": 2}]]},
        {"type": "brand_new"},
    )
    picture = UploadedFile(id="F1", name="waterfall.png", title="w", alt_text="five drivers", size=1, user="U1")

    assert read(message(text="fallback", blocks=blocks, files=(picture,))).splitlines() == [
        "ACME & Sons",
        "*$5K*",
        "Owner",
        "Dana",
        "———",
        "as of today [logo]",
        "[Brief me] [Brief me]",
        "a | 2",
        "[brand_new]",
        "[waterfall.png] five drivers",
    ]


@pytest.mark.parametrize(
    ("block", "shown"),
    [
        (
            {
                "type": "rich_text",
                "elements": [
                    {
                        "type": "rich_text_list",
                        "style": "ordered",
                        "elements": [
                            {
                                "type": "rich_text_section",
                                "elements": [{"type": "user", "user_id": "U1"}, {"type": "text", "text": "!"}],
                            }
                        ],
                    }
                ],
            },
            "1. @dana!",
        ),
        (
            {
                "type": "data_visualization",
                "title": "Drivers",
                "chart": {"type": "pie", "segments": [{"label": "a", "value": 1}]},
            },
            "Drivers\na 1",
        ),
        (
            {
                "type": "input",
                "label": plain("Why?"),
                "element": {"type": "static_select", "placeholder": plain("Pick")},
            },
            "Why?: [Pick ▾]",
        ),
    ],
)
def test_each_kind_of_block_has_its_text(block: dict[str, Any], shown: str) -> None:
    assert read(message(blocks=(block,)), names=NAMES) == shown


def test_a_thread_shows_who_wrote_and_who_alone_can_read() -> None:
    messages = [message(text="hi"), message(text="psst", ts="1.000002", thread_ts="1.000001", ephemeral_to="U1")]

    assert read_all(messages, names=NAMES) == "@dana:\nhi\n\n  @dana (only visible to @dana):\npsst"
