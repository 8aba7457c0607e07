"""Block Kit's rules as models: what each block, element and view may hold, and how much of it.

Limits are those of Slack's reference, https://docs.slack.dev/reference/block-kit; unknown fields are refused.
"""

# ruff: noqa: D101, D102 - a model is documented by its type and its fields; the reference above explains them

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from bot.workspace.errors import SlackError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.workspace.records import Json

MARKDOWN_CHARACTERS = 12_000
TEXT_CHARACTERS = 40_000

T = TypeVar("T")


class Strict(BaseModel):
    """A JSON object without any field that is not declared."""

    model_config = ConfigDict(extra="forbid", strict=True)


def violation(sentence: str, *, at: str = "") -> PydanticCustomError:
    """Return a broken rule in Slack's words, at a place below the value being validated."""
    # pydantic fills braces in its message from the context; sentences that quote data must not be templates.
    return PydanticCustomError("block_kit", "{sentence}", {"sentence": sentence, "at": at})


Str150 = Annotated[str, StringConstraints(min_length=1, max_length=150)]
Str255 = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Str2000 = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Str3000 = Annotated[str, StringConstraints(min_length=1, max_length=3000)]


class PlainText(Strict):
    type: Literal["plain_text"]
    text: Str3000
    emoji: StrictBool | None = None


class Mrkdwn(Strict):
    type: Literal["mrkdwn"]
    text: Str3000
    verbatim: StrictBool | None = None


def at_most(characters: int) -> AfterValidator:
    """Limit a text object to fewer characters than the 3 000 all of them share."""

    def check(value: PlainText | Mrkdwn) -> PlainText | Mrkdwn:
        if len(value.text) > characters:
            raise violation(f"must be less than {characters + 1} characters", at="/text")
        return value

    return AfterValidator(check)


def unique(key: str) -> AfterValidator:
    """Refuse two items of a list with the same value of ``key``."""

    def check(items: list[T]) -> list[T]:
        seen = set()
        for index, item in enumerate(items):
            value = getattr(item, key, None)
            if value is not None and value in seen:
                raise violation(f"{key} `{value}` already exists", at=f"/{index}/{key}")
            seen.add(value)
        return items

    return AfterValidator(check)


AnyText = Annotated[PlainText | Mrkdwn, Field(discriminator="type")]
Text2000 = Annotated[AnyText, at_most(2000)]
Text75 = Annotated[AnyText, at_most(75)]
Plain2000 = Annotated[PlainText, at_most(2000)]
Plain200 = Annotated[PlainText, at_most(200)]
Plain150 = Annotated[PlainText, at_most(150)]
Plain75 = Annotated[PlainText, at_most(75)]
Plain24 = Annotated[PlainText, at_most(24)]
Style = Literal["primary", "danger"]


class Confirm(Strict):
    title: Annotated[PlainText, at_most(100)]
    text: Annotated[AnyText, at_most(300)]
    confirm: Annotated[PlainText, at_most(30)]
    deny: Annotated[PlainText, at_most(30)]
    style: Style | None = None


class Option(Strict):
    text: Text75
    value: Str150
    description: Plain75 | None = None
    url: Str3000 | None = None


class OptionGroup(Strict):
    label: Plain75
    options: Annotated[list[Option], Field(min_length=1, max_length=100)]


class WithOptions(Strict):
    options: Annotated[list[Option], Field(min_length=1, max_length=100)] | None = None
    option_groups: Annotated[list[OptionGroup], Field(min_length=1, max_length=100)] | None = None

    @model_validator(mode="after")
    def has_one_kind_of_options(self) -> Self:
        if (self.options is None) == (self.option_groups is None):
            raise violation("exactly one of options and option_groups is required")
        return self


class LoadedOptions(WithOptions):
    """What an app answers to what was typed into an external select; nothing found is a list without options."""

    options: Annotated[list[Option], Field(max_length=100), unique("value")] | None = None


class ConversationFilter(Strict):
    include: Annotated[list[Literal["im", "mpim", "private", "public"]], Field(min_length=1)] | None = None
    exclude_external_shared_channels: StrictBool | None = None
    exclude_bot_users: StrictBool | None = None


class DispatchConfig(Strict):
    trigger_actions_on: Annotated[list[Literal["on_enter_pressed", "on_character_entered"]], Field(min_length=1)]


class Interactive(Strict):
    action_id: Str255 | None = None


class Button(Interactive):
    type: Literal["button"]
    text: Plain75
    url: Str3000 | None = None
    value: Annotated[str, StringConstraints(max_length=2000)] | None = None
    style: Style | None = None
    confirm: Confirm | None = None
    accessibility_label: Annotated[str, StringConstraints(max_length=75)] | None = None


class Select(Interactive):
    placeholder: Plain150 | None = None
    confirm: Confirm | None = None
    focus_on_load: StrictBool | None = None


class Several(Select):
    max_selected_items: Annotated[int, Field(ge=1)] | None = None


class StaticSelect(Select, WithOptions):
    type: Literal["static_select"]
    initial_option: Option | None = None


class MultiStaticSelect(Several, WithOptions):
    type: Literal["multi_static_select"]
    initial_options: list[Option] | None = None


class ExternalSelect(Select):
    type: Literal["external_select"]
    initial_option: Option | None = None
    min_query_length: Annotated[int, Field(ge=0)] | None = None


class UsersSelect(Select):
    type: Literal["users_select"]
    initial_user: str | None = None


class MultiUsersSelect(Several):
    type: Literal["multi_users_select"]
    initial_users: list[str] | None = None


class ChannelsSelect(Select):
    type: Literal["channels_select"]
    initial_channel: str | None = None
    response_url_enabled: StrictBool | None = None


class ConversationsSelect(Select):
    type: Literal["conversations_select"]
    initial_conversation: str | None = None
    default_to_current_conversation: StrictBool | None = None
    response_url_enabled: StrictBool | None = None
    filter: ConversationFilter | None = None


class MultiConversationsSelect(Several):
    type: Literal["multi_conversations_select"]
    initial_conversations: list[str] | None = None
    default_to_current_conversation: StrictBool | None = None
    filter: ConversationFilter | None = None


class Overflow(Interactive):
    type: Literal["overflow"]
    options: Annotated[list[Option], Field(min_length=1, max_length=5)]
    confirm: Confirm | None = None


class Checkboxes(Interactive):
    type: Literal["checkboxes"]
    options: Annotated[list[Option], Field(min_length=1, max_length=10)]
    initial_options: list[Option] | None = None
    confirm: Confirm | None = None
    focus_on_load: StrictBool | None = None


class RadioButtons(Interactive):
    type: Literal["radio_buttons"]
    options: Annotated[list[Option], Field(min_length=1, max_length=10)]
    initial_option: Option | None = None
    confirm: Confirm | None = None
    focus_on_load: StrictBool | None = None


class DatePicker(Select):
    type: Literal["datepicker"]
    initial_date: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None


class TimePicker(Select):
    type: Literal["timepicker"]
    initial_time: Annotated[str, StringConstraints(pattern=r"^\d{2}:\d{2}$")] | None = None
    timezone: str | None = None


class DateTimePicker(Interactive):
    type: Literal["datetimepicker"]
    initial_date_time: int | None = None
    confirm: Confirm | None = None
    focus_on_load: StrictBool | None = None


class Typed(Interactive):
    initial_value: Str3000 | None = None
    placeholder: Plain150 | None = None
    dispatch_action_config: DispatchConfig | None = None
    focus_on_load: StrictBool | None = None


class PlainTextInput(Typed):
    type: Literal["plain_text_input"]
    multiline: StrictBool | None = None
    min_length: Annotated[int, Field(ge=0, le=3000)] | None = None
    max_length: Annotated[int, Field(ge=1, le=3000)] | None = None


class NumberInput(Typed):
    type: Literal["number_input"]
    is_decimal_allowed: StrictBool
    min_value: str | None = None
    max_value: str | None = None


class EmailInput(Typed):
    type: Literal["email_text_input"]


class UrlInput(Typed):
    type: Literal["url_text_input"]


class SlackFile(Strict):
    id: str | None = None
    url: str | None = None


class Picture(Strict):
    type: Literal["image"]
    alt_text: Str2000
    image_url: Str3000 | None = None
    slack_file: SlackFile | None = None

    @model_validator(mode="after")
    def has_one_source(self) -> Self:
        if (self.image_url is None) == (self.slack_file is None):
            raise violation("exactly one of image_url and slack_file is required")
        return self


class FeedbackChoice(Strict):
    text: Plain75
    value: Str2000
    accessibility_label: Annotated[str, StringConstraints(max_length=75)] | None = None


class FeedbackButtons(Interactive):
    type: Literal["feedback_buttons"]
    positive_button: FeedbackChoice
    negative_button: FeedbackChoice


class IconButton(Interactive):
    type: Literal["icon_button"]
    icon: Literal["trash"]
    text: Plain75
    value: Annotated[str, StringConstraints(max_length=2000)] | None = None
    confirm: Confirm | None = None
    accessibility_label: Annotated[str, StringConstraints(max_length=75)] | None = None
    visible_to_user_ids: list[str] | None = None


Choosing = (
    StaticSelect
    | MultiStaticSelect
    | ExternalSelect
    | UsersSelect
    | MultiUsersSelect
    | ChannelsSelect
    | ConversationsSelect
    | MultiConversationsSelect
    | Checkboxes
    | RadioButtons
    | DatePicker
    | TimePicker
)
Action = Annotated[
    Button | Overflow | DateTimePicker | PlainTextInput | Choosing,
    Field(discriminator="type"),
]
Accessory = Annotated[Button | Overflow | Picture | Choosing, Field(discriminator="type")]
InputElement = Annotated[
    PlainTextInput | NumberInput | EmailInput | UrlInput | DateTimePicker | Choosing, Field(discriminator="type")
]
ContextElement = Annotated[PlainText | Mrkdwn | Picture, Field(discriminator="type")]


class RichStyle(Strict):
    bold: StrictBool | None = None
    italic: StrictBool | None = None
    strike: StrictBool | None = None
    code: StrictBool | None = None
    underline: StrictBool | None = None


class Styled(Strict):
    style: RichStyle | None = None


class RichText(Styled):
    type: Literal["text"]
    text: Annotated[str, StringConstraints(min_length=1)]


class RichLink(Styled):
    type: Literal["link"]
    url: str
    text: str | None = None
    unsafe: StrictBool | None = None


class RichUser(Styled):
    type: Literal["user"]
    user_id: str


class RichChannel(Styled):
    type: Literal["channel"]
    channel_id: str


class RichBroadcast(Styled):
    type: Literal["broadcast"]
    range: Literal["here", "channel", "everyone"]


class RichEmoji(Styled):
    type: Literal["emoji"]
    name: str
    unicode: str | None = None


class RichDate(Styled):
    type: Literal["date"]
    timestamp: int
    format: str
    url: str | None = None
    fallback: str | None = None


Rich = Annotated[
    RichText | RichLink | RichUser | RichChannel | RichBroadcast | RichEmoji | RichDate, Field(discriminator="type")
]


class RichSection(Strict):
    type: Literal["rich_text_section"]
    elements: list[Rich]


class RichList(Strict):
    type: Literal["rich_text_list"]
    style: Literal["bullet", "ordered"]
    elements: list[RichSection]
    indent: int | None = None
    offset: int | None = None
    border: int | None = None


class RichPreformatted(Strict):
    type: Literal["rich_text_preformatted"]
    elements: list[Rich]
    border: int | None = None
    language: str | None = None


class RichQuote(Strict):
    type: Literal["rich_text_quote"]
    elements: list[Rich]
    border: int | None = None


class Block(Strict):
    block_id: Str255 | None = None


class RichTextBlock(Block):
    type: Literal["rich_text"]
    elements: list[Annotated[RichSection | RichList | RichPreformatted | RichQuote, Field(discriminator="type")]]


class Section(Block):
    type: Literal["section"]
    text: AnyText | None = None
    fields: Annotated[list[Text2000], Field(min_length=1, max_length=10)] | None = None
    accessory: Accessory | None = None
    expand: StrictBool | None = None

    @model_validator(mode="after")
    def says_something(self) -> Self:
        if self.text is None and self.fields is None:
            raise violation("one of text and fields is required")
        return self


class Header(Block):
    type: Literal["header"]
    text: Plain150


class Divider(Block):
    type: Literal["divider"]


class ImageBlock(Picture):
    block_id: Str255 | None = None
    title: Plain2000 | None = None


class Actions(Block):
    type: Literal["actions"]
    elements: Annotated[list[Action], Field(min_length=1, max_length=25), unique("action_id")]


class ContextBlock(Block):
    type: Literal["context"]
    elements: Annotated[list[ContextElement], Field(min_length=1, max_length=10)]


class ContextActions(Block):
    type: Literal["context_actions"]
    elements: Annotated[
        list[Annotated[FeedbackButtons | IconButton, Field(discriminator="type")]],
        Field(min_length=1, max_length=5),
        unique("action_id"),
    ]


class MarkdownBlock(Block):
    type: Literal["markdown"]
    text: Annotated[str, StringConstraints(min_length=1, max_length=MARKDOWN_CHARACTERS)]


class Input(Block):
    type: Literal["input"]
    label: Plain2000
    element: InputElement
    hint: Plain2000 | None = None
    optional: StrictBool | None = None
    dispatch_action: StrictBool | None = None


class Video(Block):
    type: Literal["video"]
    alt_text: Str2000
    title: Plain200
    video_url: Str3000
    thumbnail_url: Str3000
    title_url: Str3000 | None = None
    description: Plain200 | None = None
    author_name: Annotated[str, StringConstraints(max_length=50)] | None = None
    provider_name: str | None = None
    provider_icon_url: Str3000 | None = None


class RawText(Strict):
    type: Literal["raw_text"]
    text: Annotated[str, StringConstraints(min_length=1)]


class RawNumber(Strict):
    type: Literal["raw_number"]
    value: float
    text: str | None = None


Cell = Annotated[RawText | RawNumber | RichTextBlock, Field(discriminator="type")]


class ColumnSettings(Strict):
    align: Literal["left", "center", "right"] | None = None
    is_wrapped: StrictBool | None = None


class Table(Block):
    type: Literal["table"]
    rows: Annotated[
        list[Annotated[list[Cell], Field(min_length=1, max_length=20)]], Field(min_length=1, max_length=100)
    ]
    column_settings: Annotated[list[ColumnSettings | None], Field(max_length=20)] | None = None


class DataTable(Block):
    type: Literal["data_table"]
    caption: Annotated[str, StringConstraints(min_length=1)]
    rows: Annotated[
        list[Annotated[list[Cell], Field(min_length=1, max_length=20)]], Field(min_length=2, max_length=201)
    ]
    page_size: Annotated[int, Field(ge=1, le=100)] | None = None
    row_header_column_index: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def is_rectangular_below_a_plain_header(self) -> Self:
        if any(isinstance(cell, RichTextBlock) for cell in self.rows[0]):
            raise violation("the header row may not hold rich_text cells", at="/rows/0")
        for index, row in enumerate(self.rows):
            if len(row) != len(self.rows[0]):
                raise violation("every row must have the same number of cells", at=f"/rows/{index}")
        return self


Label20 = Annotated[str, StringConstraints(min_length=1, max_length=20)]
AxisLabel = Annotated[str, StringConstraints(max_length=50)]


class DataPoint(Strict):
    label: Label20
    value: float


class PositivePoint(DataPoint):
    value: Annotated[float, Field(gt=0)]


class Series(Strict):
    name: Label20
    data: Annotated[list[DataPoint], Field(min_length=1, max_length=20)]


class Axes(Strict):
    categories: Annotated[list[Label20], Field(min_length=1, max_length=20)]
    x_label: AxisLabel | None = None
    y_label: AxisLabel | None = None


class PieChart(Strict):
    type: Literal["pie"]
    segments: Annotated[list[PositivePoint], Field(min_length=1, max_length=12)]


class AxisChart(Strict):
    type: Literal["bar", "line", "area"]
    series: Annotated[list[Series], Field(min_length=1, max_length=12), unique("name")]
    axis_config: Axes

    @model_validator(mode="after")
    def has_one_value_per_category(self) -> Self:
        categories = self.axis_config.categories
        if len(set(categories)) != len(categories):
            raise violation("categories must be unique", at="/axis_config/categories")
        for index, series in enumerate(self.series):
            if sorted(point.label for point in series.data) != sorted(categories):
                raise violation("data must hold one value for every category", at=f"/series/{index}/data")
        return self


class DataVisualization(Block):
    type: Literal["data_visualization"]
    title: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    chart: Annotated[PieChart | AxisChart, Field(discriminator="type")]


AnyBlock = Section | Header | Divider | ImageBlock | Actions | ContextBlock | RichTextBlock | Video
InMessage = Annotated[
    AnyBlock | MarkdownBlock | ContextActions | Table | DataTable | DataVisualization, Field(discriminator="type")
]
InView = Annotated[AnyBlock | Input, Field(discriminator="type")]


class MessageBlocks(Strict):
    blocks: Annotated[list[InMessage], Field(max_length=50), unique("block_id")]

    @model_validator(mode="after")
    def stays_within_a_message(self) -> Self:
        if sum(len(block.text) for block in self.blocks if isinstance(block, MarkdownBlock)) > MARKDOWN_CHARACTERS:
            raise violation(f"markdown blocks must be less than {MARKDOWN_CHARACTERS + 1} characters together")
        for kind, most in ((Table, 1), (DataVisualization, 2)):
            if sum(isinstance(block, kind) for block in self.blocks) > most:
                name = kind.model_fields["type"].annotation.__args__[0]  # type: ignore[union-attr] # a Literal
                raise violation(f"no more than {most} {name} allowed in a message")
        return self


class AnyView(Strict):
    blocks: Annotated[list[InView], Field(max_length=100), unique("block_id")]
    private_metadata: Annotated[str, StringConstraints(max_length=3000)] | None = None
    callback_id: Annotated[str, StringConstraints(max_length=255)] | None = None
    external_id: Annotated[str, StringConstraints(max_length=255)] | None = None


class Home(AnyView):
    type: Literal["home"]


class Modal(AnyView):
    type: Literal["modal"]
    title: Plain24
    submit: Plain24 | None = None
    close: Plain24 | None = None
    clear_on_close: StrictBool | None = None
    notify_on_close: StrictBool | None = None
    submit_disabled: StrictBool | None = None

    @model_validator(mode="after")
    def submits_its_inputs(self) -> Self:
        if self.submit is None and any(isinstance(block, Input) for block in self.blocks):
            raise violation("submit is required when there are input blocks", at="/submit")
        return self


class SentView(Strict):
    view: Annotated[Home | Modal, Field(discriminator="type")]


class MetadataEvent(Strict):
    event_type: Str255
    event_payload: dict[str, Any]


# pydantic's kinds of error, in the words Slack uses for them; one without an entry keeps pydantic's.
SENTENCES = {
    "string_too_long": "must be less than {above} characters",
    "string_too_short": "must be more than {below} characters",
    "too_long": "no more than {max_length} items allowed [input length {actual_length}]",
    "too_short": "no fewer than {min_length} items allowed",
    "extra_forbidden": "invalid additional property: {name}",
    "missing": "missing required field: {name}",
    "union_tag_invalid": "unsupported type: {tag}",
    "union_tag_not_found": "missing required field: type",
    "block_kit": "{sentence}",
}


def validated(model: type[BaseModel], value: Json, *, error: str) -> Json:
    """Return ``value`` if it keeps the model's rules.

    Raises:
        SlackError: With one sentence and JSON pointer for each broken rule.
    """
    try:
        # In JSON's own types: an integer is a fine float, an array a list.
        model.model_validate_json(json.dumps(value))
    except ValidationError as invalid:
        raise SlackError.with_messages(error, [_sentence(dict(each), value) for each in invalid.errors()]) from None
    return value


def _sentence(error: Json, value: Any) -> str:
    details = error.get("ctx", {})
    details = details | {
        "name": error["loc"][-1] if error["loc"] else "",
        "above": details.get("max_length", 0) + 1,
        "below": details.get("min_length", 0) - 1,
    }
    template = SENTENCES.get(error["type"])
    sentence = error["msg"] if template is None else template.format(**details)
    return f"{sentence} [json-pointer:{''.join(_pointer(error['loc'], value))}{details.get('at', '')}]"


def _pointer(location: tuple[int | str, ...], value: Any) -> Iterator[str]:
    """Yield the steps of pydantic's location that exist in the JSON; the others are names of union members."""
    for step in location:
        if isinstance(value, dict) and step in value:
            value = value[str(step)]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            continue
        yield f"/{step}"


def message_blocks(blocks: Any) -> list[Json]:
    """Return the blocks of a message if Slack would take them.

    Raises:
        SlackError: ``invalid_blocks_format`` when it is no list, else ``invalid_blocks`` with what is wrong where.
    """
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    kept: list[Json] = validated(MessageBlocks, {"blocks": blocks}, error="invalid_blocks")["blocks"]
    return _with_ids(kept)


def sent_view(view: Any, *, kind: str) -> Json:
    """Return a view if Slack would take it as a ``modal`` or a ``home``.

    Raises:
        SlackError: ``invalid_arguments`` with what is wrong where.
    """
    if not isinstance(view, dict) or view.get("type") != kind:
        raise SlackError.with_messages("invalid_arguments", [f"must be a {kind} [json-pointer:/view/type]"])
    kept: Json = validated(SentView, {"view": view}, error="invalid_arguments")["view"]
    return kept | {"blocks": _with_ids(kept["blocks"])}


def sent_options(answer: Any) -> list[Json]:
    """Return the options that an app offers for what was typed.

    Raises:
        SlackError: ``invalid_options`` with what is wrong where.
    """
    if not isinstance(answer, dict):
        raise SlackError.with_messages("invalid_options", ["must be an object with options"])
    kept = validated(LoadedOptions, answer, error="invalid_options")
    grouped = [option for group in kept.get("option_groups") or [] for option in group["options"]]
    options: list[Json] = [*(kept.get("options") or []), *grouped]
    return options


def metadata_event(metadata: Any) -> Json:
    """Return a message's metadata if Slack would take it."""
    if not isinstance(metadata, dict):
        raise SlackError("invalid_metadata_format")
    return validated(MetadataEvent, metadata, error="invalid_metadata_schema")


def _with_ids(blocks: list[Json]) -> list[Json]:
    """Fill in what an app may leave to Slack: ids of blocks, and of the elements that act."""
    return [_elements_with_ids({"block_id": f"b{index}"} | block) for index, block in enumerate(blocks)]


def _elements_with_ids(block: Json) -> Json:
    def filled(element: Json, index: int) -> Json:
        inert = element["type"] in {"image", "mrkdwn", "plain_text"}
        return element if inert else {"action_id": f"a{index}"} | element

    if block["type"] in {"actions", "context_actions"}:
        return block | {"elements": [filled(element, index) for index, element in enumerate(block["elements"])]}
    return block | {key: filled(block[key], 0) for key in ("accessory", "element") if isinstance(block.get(key), dict)}
