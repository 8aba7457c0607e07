from __future__ import annotations

from typing import Any

import pytest

from bot.workspace.block_kit import message_blocks, metadata_event, sent_view
from bot.workspace.errors import SlackError


def plain(length: int = 1) -> dict[str, Any]:
    return {"type": "plain_text", "text": "x" * length}


def mrkdwn(length: int = 1) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": "x" * length}


def section(**fields: Any) -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn()} | fields


def button(**fields: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain()} | fields


def actions(*elements: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)} | fields


def option(index: int = 0, **fields: Any) -> dict[str, Any]:
    return {"text": plain(), "value": str(index)} | fields


def select(count: int) -> dict[str, Any]:
    return actions({"type": "static_select", "options": [option(index) for index in range(count)]})


def table(rows: int, columns: int, text: str = "x") -> dict[str, Any]:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": text}] * columns] * rows}


def data_table(rows: int, columns: int = 1) -> dict[str, Any]:
    return table(rows, columns) | {"type": "data_table", "caption": "Accounts"}


def bars(*, series: int = 1, categories: int = 1, title: int = 1, label: int = 2) -> dict[str, Any]:
    names = [f"{index:0{label}d}" for index in range(categories)]
    data = [{"label": name, "value": -1.5} for name in names]
    chart = {
        "type": "bar",
        "series": [{"name": str(index), "data": data} for index in range(series)],
        "axis_config": {"categories": names},
    }
    return {"type": "data_visualization", "title": "x" * title, "chart": chart}


def picture(**fields: Any) -> dict[str, Any]:
    return {"type": "image", "alt_text": "x"} | fields


def context(count: int) -> dict[str, Any]:
    return {"type": "context", "elements": [mrkdwn()] * count}


def markdown(length: int) -> dict[str, Any]:
    return {"type": "markdown", "text": "x" * length}


URL = "https://example.com/a.png"

# Each limit of a message: blocks exactly on it, blocks just over it, and where Slack points.
LIMITS = {
    "blocks": ([section()] * 50, [section()] * 51, "/blocks"),
    "section text": ([section(text=mrkdwn(3000))], [section(text=mrkdwn(3001))], "/blocks/0/text/text"),
    "section text not empty": ([section()], [section(text=mrkdwn(0))], "/blocks/0/text/text"),
    "section fields": ([section(fields=[mrkdwn()] * 10)], [section(fields=[mrkdwn()] * 11)], "/blocks/0/fields"),
    "field text": (
        [section(fields=[mrkdwn(), mrkdwn(2000)])],
        [section(fields=[mrkdwn(), mrkdwn(2001)])],
        "/blocks/0/fields/1/text",
    ),
    "header": (
        [{"type": "header", "text": plain(150)}],
        [{"type": "header", "text": plain(151)}],
        "/blocks/0/text/text",
    ),
    "actions": ([actions(*[button()] * 25)], [actions(*[button()] * 26)], "/blocks/0/elements"),
    "context": ([context(10)], [context(11)], "/blocks/0/elements"),
    "button text": (
        [actions(button(text=plain(75)))],
        [actions(button(text=plain(76)))],
        "/blocks/0/elements/0/text/text",
    ),
    "button value": (
        [actions(button(value="x" * 2000))],
        [actions(button(value="x" * 2001))],
        "/blocks/0/elements/0/value",
    ),
    "action_id": (
        [actions(button(action_id="x" * 255))],
        [actions(button(action_id="x" * 256))],
        "/blocks/0/elements/0/action_id",
    ),
    "block_id": ([section(block_id="x" * 255)], [section(block_id="x" * 256)], "/blocks/0/block_id"),
    "select options": ([select(100)], [select(101)], "/blocks/0/elements/0/options"),
    "overflow options": (
        [section(accessory={"type": "overflow", "options": [option()] * 5})],
        [section(accessory={"type": "overflow", "options": [option()] * 6})],
        "/blocks/0/accessory/options",
    ),
    "option value": (
        [actions({"type": "static_select", "options": [option(value="x" * 150)]})],
        [actions({"type": "static_select", "options": [option(value="x" * 151)]})],
        "/blocks/0/elements/0/options/0/value",
    ),
    "alt text": (
        [picture(image_url=URL, alt_text="x" * 2000)],
        [picture(image_url=URL, alt_text="x" * 2001)],
        "/blocks/0/alt_text",
    ),
    "image source": ([picture(slack_file={"id": "F1"})], [picture()], "/blocks/0"),
    "one image source": (
        [picture(image_url=URL)],
        [picture(image_url=URL, slack_file={"id": "F1"})],
        "/blocks/0",
    ),
    "markdown": ([markdown(12_000)], [markdown(12_001)], "/blocks/0/text"),
    "markdown together": ([markdown(6000), markdown(6000)], [markdown(6000), markdown(6001)], ""),
    "table rows": ([table(100, 1)], [table(101, 1)], "/blocks/0/rows"),
    "table columns": ([table(1, 20)], [table(1, 21)], "/blocks/0/rows/0"),
    "table cell": ([table(1, 1)], [table(1, 1, text="")], "/blocks/0/rows/0/0/text"),
    "one table": ([table(1, 1)], [table(1, 1)] * 2, ""),
    "data table rows": ([data_table(201)], [data_table(202)], "/blocks/0/rows"),
    "data table has a row": ([data_table(2)], [data_table(1)], "/blocks/0/rows"),
    "two charts": ([bars()] * 2, [bars()] * 3, ""),
    "chart title": ([bars(title=50)], [bars(title=51)], "/blocks/0/title"),
    "chart series": ([bars(series=12)], [bars(series=13)], "/blocks/0/chart/series"),
    "chart categories": ([bars(categories=20)], [bars(categories=21)], "/blocks/0/chart/axis_config/categories"),
    "chart labels": ([bars(label=20)], [bars(label=21)], "/blocks/0/chart/axis_config/categories/0"),
    "unique block ids": (
        [section(block_id="a"), section(block_id="b")],
        [section(block_id="a"), section(block_id="a")],
        "/blocks/1/block_id",
    ),
    "unique action ids": (
        [actions(button(action_id="a")), actions(button(action_id="a"))],
        [actions(button(action_id="a"), button(action_id="a"))],
        "/blocks/0/elements/1/action_id",
    ),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_message_exactly_on_a_limit_is_taken_and_one_over_it_is_refused_at_its_place(name: str) -> None:
    on, over, pointer = LIMITS[name]

    assert len(message_blocks(on)) == len(on)
    with pytest.raises(SlackError) as refused:
        message_blocks(over)
    assert refused.value.code == "invalid_blocks"
    assert f"[json-pointer:{pointer}]" in " ".join(refused.value.details["response_metadata"]["messages"])


@pytest.mark.parametrize(
    ("blocks", "sentence"),
    [
        ([section(colour="red")], "invalid additional property: colour [json-pointer:/blocks/0/colour]"),
        ([{"type": "marquee"}], "unsupported type: marquee [json-pointer:/blocks/0]"),
        ([{"type": "header", "text": mrkdwn()}], "[json-pointer:/blocks/0/text/type]"),
        ([{"type": "header"}], "missing required field: text [json-pointer:/blocks/0]"),
        ([{"type": "section"}], "one of text and fields is required [json-pointer:/blocks/0]"),
        ([{"type": "input", "label": plain(), "element": {"type": "plain_text_input"}}], "unsupported type: input"),
        ([section(text=mrkdwn(3001))], "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
        ([actions(button(style="blue"))], "[json-pointer:/blocks/0/elements/0/style]"),
        ([actions(button(value=7))], "[json-pointer:/blocks/0/elements/0/value]"),
    ],
)
def test_a_refusal_says_what_is_wrong_and_where(blocks: list[dict[str, Any]], sentence: str) -> None:
    with pytest.raises(SlackError) as refused:
        message_blocks(blocks)

    assert any(sentence in message for message in refused.value.details["errors"])


def test_blocks_that_are_no_list_are_a_wrong_format() -> None:
    with pytest.raises(SlackError, match="invalid_blocks_format"):
        message_blocks({"type": "section"})


def test_an_error_quotes_braces_of_the_data_as_they_are() -> None:
    with pytest.raises(SlackError) as refused:
        message_blocks([actions(button(action_id="{name}"), button(action_id="{name}"))])

    assert refused.value.details["errors"] == [
        "action_id `{name}` already exists [json-pointer:/blocks/0/elements/1/action_id]"
    ]


def test_ids_that_were_left_out_are_filled_in() -> None:
    (block,) = message_blocks([actions(button())])

    assert block["block_id"]
    assert block["elements"][0]["action_id"]


def modal(**fields: Any) -> dict[str, Any]:
    return {"type": "modal", "title": plain(), "blocks": [section()]} | fields


VIEW_LIMITS = {
    "title": (modal(title=plain(24)), modal(title=plain(25)), "/view/title/text"),
    "metadata": (modal(private_metadata="x" * 3000), modal(private_metadata="x" * 3001), "/view/private_metadata"),
    "blocks": (modal(blocks=[section()] * 100), modal(blocks=[section()] * 101), "/view/blocks"),
    "submit": (modal(submit=plain(24)), modal(submit=plain(25)), "/view/submit/text"),
    "no markdown": (modal(), modal(blocks=[markdown(1)]), "/view/blocks/0"),
}


@pytest.mark.parametrize("name", VIEW_LIMITS)
def test_a_modal_exactly_on_a_limit_is_taken_and_one_over_it_is_refused_at_its_place(name: str) -> None:
    on, over, pointer = VIEW_LIMITS[name]

    assert sent_view(on, kind="modal")["type"] == "modal"
    with pytest.raises(SlackError, match="invalid_arguments") as refused:
        sent_view(over, kind="modal")
    assert f"[json-pointer:{pointer}]" in " ".join(refused.value.details["errors"])


def test_a_modal_with_inputs_needs_something_to_submit_them() -> None:
    inputs = [{"type": "input", "label": plain(), "element": {"type": "plain_text_input", "action_id": "why"}}]

    assert sent_view(modal(blocks=inputs, submit=plain()), kind="modal")
    with pytest.raises(SlackError) as refused:
        sent_view(modal(blocks=inputs), kind="modal")
    assert "submit is required" in refused.value.details["errors"][0]


def test_metadata_has_a_type_and_a_payload_and_nothing_else() -> None:
    assert metadata_event({"event_type": "brief", "event_payload": {"id": 1}})
    with pytest.raises(SlackError, match="invalid_metadata_schema"):
        metadata_event({"event_type": "brief"})
    with pytest.raises(SlackError, match="invalid_metadata_format"):
        metadata_event("brief")
