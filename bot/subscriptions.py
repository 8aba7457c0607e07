"""The wish for a digest: the modal that asks for it, and what a subscription is in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from functools import cache
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import available_timezones

from bot.normalise import cut
from storage.state import Subscription

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from bot.controls import Block, Subject, View

SUBSCRIBE: Final = "subscribe_digest"
UNSUBSCRIBE: Final = "unsubscribe_digest"
TIMEZONE: Final = "timezone"
HERE: Final = "here"
DIRECT: Final = "direct"
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_TOPS: Final = (3, 5, 10, 20, 30)
_MOST_OPTIONS: Final = 100
_OPTION: Final = 75
_VALUE: Final = 150
_EVERYWHERE: Final = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody chose in the modal; ``place`` is HERE or DIRECT."""

    place: str
    at: time
    timezone: str
    days: frozenset[int]
    territory: str | None
    top: int

    @classmethod
    def of_view(cls, view: Mapping[str, Any]) -> Wish:
        """Return what was chosen in a modal as it was submitted."""
        fields = {action: field for block in view["state"]["values"].values() for action, field in block.items()}
        territory = _value(fields, "territory") if "territory" in fields else _EVERYWHERE
        return cls(
            place=_value(fields, "place"),
            at=time.fromisoformat(fields["time"]["selected_time"]),
            timezone=_value(fields, TIMEZONE),
            days=frozenset(int(each["value"]) for each in fields["days"]["selected_options"]),
            territory=None if territory == _EVERYWHERE else territory,
            top=int(_value(fields, "top")),
        )

    def subscription(self, *, subscription_id: str, channel: str, user_id: str, now: datetime) -> Subscription:
        """Return the subscription that is wished for."""
        return Subscription(
            subscription_id=subscription_id,
            channel=channel,
            created_by=user_id,
            at=self.at,
            timezone=self.timezone,
            days=self.days,
            territory=self.territory,
            top=self.top,
            created_at=now,
        )


def subscribe_modal(subject: Subject, *, timezone: str, territories: Sequence[str], direct: bool) -> View:
    """Return the questions where, when and of what; ``direct`` where it was asked for in direct messages."""
    places = [_option("My direct messages", DIRECT), *([] if direct else [_option("This channel", HERE)])]
    working_days = [_option(name, str(number)) for number, name in enumerate(_DAYS)]
    known = timezone if timezone in available_timezones() else "UTC"
    listed = [each for each in territories if each and len(each) <= _VALUE and each != _EVERYWHERE]
    regions = [_option("All", _EVERYWHERE), *(_option(each, each) for each in listed[: _MOST_OPTIONS - 1])]
    return {
        "type": "modal",
        "callback_id": SUBSCRIBE,
        "private_metadata": subject.to_text(),
        "title": _plain("Daily digest"),
        "submit": _plain("Subscribe"),
        "close": _plain("Cancel"),
        "blocks": [
            _input("Where", {"type": "radio_buttons", "action_id": "place", "options": places}, initial=places[-1]),
            _input("When", {"type": "timepicker", "action_id": "time", "initial_time": "08:00"}),
            _input(
                "Time zone",
                {"type": "external_select", "action_id": TIMEZONE, "min_query_length": 2},
                initial=_option(known, known),
            ),
            _input(
                "Days",
                {
                    "type": "checkboxes",
                    "action_id": "days",
                    "options": working_days,
                    "initial_options": working_days[:5],
                },
            ),
            *(
                [_input("Of which territory", _select("territory", regions), initial=regions[0])]
                if len(regions) > 1
                else []
            ),
            _input(
                "How many at most", _select("top", [_option(str(each), str(each)) for each in _TOPS]),
                initial=_option("10", "10"),
            ),
        ],
    }  # fmt: skip


def find_timezones(text: str) -> list[Block]:
    """Return the time zones whose names hold this text, as options."""
    wanted = text.strip().replace(" ", "_").casefold()
    return [_option(zone, zone) for zone in _timezones() if wanted in zone.casefold()][:_MOST_OPTIONS]


def describe(subscription: Subscription) -> str:
    """Return when a subscription's digest comes and what is in it: ``Mon to Fri at 08:00 (Europe/Madrid), top 10``."""
    place = f", {subscription.territory}" if subscription.territory else ""
    return (
        f"{_describe_days(subscription.days)} at {subscription.at:%H:%M} ({subscription.timezone}){place}, "
        f"top {subscription.top}"
    )


def end_block(place: int | str, subscription: Subscription, *, room: str) -> Block:
    """Return a subscription with the button that ends it; ``room`` says where its digest is posted.

    ``place`` tells it from the others in a message or view.
    """
    return {
        "type": "section",
        "block_id": f"subscription:{place}",
        "text": _plain(f"{room}: {describe(subscription)}"),
        "accessory": {
            "type": "button",
            "action_id": UNSUBSCRIBE,
            "text": _plain("End"),
            "value": subscription.subscription_id,
        },
    }


def subscribe_button() -> Block:
    """Return the row with the button that opens the modal."""
    button = {"type": "button", "action_id": SUBSCRIBE, "text": _plain("Subscribe …"), "value": "-"}
    return {"type": "actions", "elements": [button]}


@cache
def _timezones() -> tuple[str, ...]:
    return tuple(sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC"))


def _describe_days(days: frozenset[int]) -> str:
    if days == frozenset(range(7)):
        return "Every day"
    if days == frozenset(range(5)):
        return "Monday to Friday"
    return ", ".join(_DAYS[day] for day in sorted(days))


def _value(fields: Mapping[str, Any], name: str) -> str:
    return str(fields[name]["selected_option"]["value"])


def _select(action_id: str, options: Sequence[Block]) -> Block:
    return {"type": "static_select", "action_id": action_id, "options": list(options)}


def _input(label: str, element: Block, *, initial: Block | None = None) -> Block:
    element = element | ({"initial_option": initial} if initial else {})
    return {"type": "input", "block_id": element["action_id"], "label": _plain(label), "element": element}


def _option(label: str, value: str) -> Block:
    return {"text": _plain(cut(label, _OPTION)), "value": value}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text, "emoji": False}
