from __future__ import annotations

import logging
import re
import threading
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from slack_bolt import App
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier

from bot.workspace import Loopback, Workspace, read
from bot.workspace.errors import NotAllowedError, NotConnectedError, NotVisibleError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.bot.workspace.conftest import Clock

BUTTONS = [
    {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": f"brief{index}",
                "text": {"type": "plain_text", "text": "Brief me"},
                "value": value,
            }
            for index, value in enumerate(["ACME-001", "ACME-002"])
        ],
    }
]
REASON = {
    "type": "input",
    "block_id": "why",
    "label": {"type": "plain_text", "text": "Why?"},
    "element": {"type": "plain_text_input", "action_id": "reason"},
}
RATING: dict[str, Any] = {
    "type": "input",
    "block_id": "how",
    "label": {"type": "plain_text", "text": "How?"},
    "element": {
        "type": "static_select",
        "action_id": "rating",
        "options": [{"text": {"type": "plain_text", "text": "Good"}, "value": "5"}],
    },
}
MODAL = {
    "type": "modal",
    "callback_id": "feedback",
    "title": {"type": "plain_text", "text": "Feedback"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [REASON, RATING],
}


class Heard:
    """What the app was told, in order."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.actions: list[dict[str, Any]] = []
        self.submissions: list[dict[str, Any]] = []
        self.release = threading.Event()

    def kinds(self) -> list[str]:
        return [event["type"] for event in self.events]

    def hold_up(self, payload: dict[str, Any], next_: Any) -> None:
        """Answer late where asked to; not in a listener, where Bolt's own three seconds would race the workspace's."""
        if payload.get("text") == "slow":
            self.release.wait(10)
        next_()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def app(slack: Workspace, client: WebClient, heard: Heard) -> Iterator[App]:
    """A small real app that does a little of everything."""
    app = App(client=client, signing_secret=slack.signing_secret)
    app.use(heard.hold_up)

    @app.command("/precall")
    def command(ack: Any, command: dict[str, Any], client: WebClient) -> None:
        match command["text"]:
            case "modal":
                ack()
                client.views_open(trigger_id=command["trigger_id"], view=MODAL)
            case "broken":
                ack(blocks=[{"type": "marquee"}], text="x")
            case text:
                ack(f"On it: {text}")
                client.chat_postMessage(channel=command["channel_id"], text=text, blocks=BUTTONS)

    @app.action(re.compile("brief"))
    def action(ack: Any, body: dict[str, Any], respond: Any) -> None:
        ack()
        heard.actions.append(body)
        respond(text=f"Pressed {body['actions'][0].get('value')}")

    @app.view("feedback")
    def submitted(ack: Any, body: dict[str, Any]) -> None:
        heard.submissions.append(body["view"]["state"]["values"])
        if body["view"]["state"]["values"]["why"]["reason"]["value"] == "no":
            ack(response_action="errors", errors={"why": "Say more."})
        else:
            ack()

    def remember(event: dict[str, Any]) -> None:
        heard.events.append(event)

    for kind in ("message", "app_mention", "reaction_added", "app_home_opened"):
        app.event(kind)(remember)
    with Loopback(SlackRequestHandler(app)) as server:
        slack.connect(f"{server.url}/slack/events")
        yield app


@pytest.fixture(autouse=True)
def connected(app: App) -> App:
    return app


def test_the_answer_in_a_commands_acknowledgement_is_private(slack: Workspace, dana: str, sales: str) -> None:
    delivery = slack.command("/precall ACME-001", user=dana, channel="sales")

    assert delivery.status == 200
    private = slack.messages(sales)[0]
    assert private.only_visible_to(dana)
    assert private.text == "On it: ACME-001"
    slack.wait_until(lambda: slack.last_message.text == "ACME-001")
    assert not slack.last_message.only_visible_to(dana)
    assert "On it: ACME-001" in slack.everything_posted()


def test_what_is_typed_arrives_escaped(slack: Workspace, dana: str, sales: str) -> None:
    delivery = slack.command("/precall <!channel> & more", user=dana, channel=sales)

    assert delivery.payload["text"] == "&lt;!channel&gt; &amp; more"


def test_an_answer_slack_would_not_take_is_told_to_the_person(slack: Workspace, dana: str, sales: str) -> None:
    slack.command("/precall broken", user=dana, channel=sales)

    assert slack.last_message.only_visible_to(dana)
    assert "invalid_command_response" in slack.last_message.text
    assert slack.refusals[0].error == "invalid_blocks"


def test_an_app_that_answers_after_three_seconds_was_late(
    slack: Workspace, heard: Heard, dana: str, sales: str
) -> None:
    slack.command("/precall slow", user=dana, channel=sales)
    heard.release.set()

    assert [delivery.payload["text"] for delivery in slack.late_acknowledgements] == ["slow"]
    assert slack.failed_deliveries == slack.late_acknowledgements
    assert "operation_timeout" in slack.last_message.text


def test_a_mention_is_told_twice_and_a_plain_message_once(
    slack: Workspace, heard: Heard, dana: str, sales: str
) -> None:
    slack.say("hello", user=dana, channel=sales)
    slack.say("@precall ACME-001", user=dana, channel=sales)

    slack.wait_until(lambda: len(heard.events) == 3)
    assert sorted(heard.kinds()) == ["app_mention", "message", "message"]
    assert slack.last_message.text == f"<@{slack.bot_user}> ACME-001"
    envelopes = [delivery.payload for delivery in slack.deliveries]
    assert len({envelope["event_id"] for envelope in envelopes}) == 3
    assert envelopes[0]["authorizations"][0]["user_id"] == slack.bot_user
    assert envelopes[0]["event"]["channel_type"] == "channel"


def test_events_come_only_from_where_the_app_is_and_what_it_subscribed_to(
    slack: Workspace, heard: Heard, dana: str
) -> None:
    elsewhere = slack.add_channel("elsewhere", members=[dana], with_bot=False)
    slack.say("@precall hello", user=dana, channel=elsewhere)
    assert slack.deliveries == []

    slack.direct_message("@precall hello", user=dana)
    slack.wait_until(lambda: heard.events)
    assert [(event["type"], event["channel_type"]) for event in heard.events] == [("message", "im")]


def test_a_repeated_event_is_the_same_event_with_its_retry_number(
    slack: Workspace, heard: Heard, dana: str, sales: str
) -> None:
    slack.say("hello", user=dana, channel=sales)
    again = slack.redeliver()

    slack.wait_until(lambda: len(heard.events) == 2)
    assert (again.retry, slack.redeliver().retry) == (1, 2)
    assert heard.events[0] == heard.events[1]


def test_the_app_hears_its_own_messages_as_slack_tells_them(slack: Workspace, client: WebClient, sales: str) -> None:
    client.chat_postMessage(channel=sales, text="mine")

    slack.wait_until(lambda: slack.deliveries)
    event = slack.deliveries[0].payload["event"]
    assert (event["bot_id"], event["text"]) == (slack.bot_id, "mine")


def test_a_request_with_another_secret_is_refused_by_the_app(slack: Workspace, heard: Heard) -> None:
    with Workspace.running(signing_secret="another", bot_url=slack._deliveries.transport.url) as impostor:  # noqa: SLF001 - the app's URL
        eve = impostor.add_person("eve")
        impostor.add_channel("sales", members=[eve])
        impostor.say("hello", user=eve, channel="sales")
        assert [delivery.status for delivery in impostor.failed_deliveries] == [401]
    assert heard.events == []


def test_the_signature_covers_time_and_body(slack: Workspace, dana: str, sales: str) -> None:
    received: list[tuple[dict[str, str], bytes]] = []

    def keep(environ: Any, start_response: Any) -> list[bytes]:
        headers = {
            "X-Slack-Signature": environ["HTTP_X_SLACK_SIGNATURE"],
            "X-Slack-Request-Timestamp": environ["HTTP_X_SLACK_REQUEST_TIMESTAMP"],
        }
        received.append((headers, environ["wsgi.input"].read()))
        start_response("200 OK", [])
        return [b""]

    with Loopback(keep) as server:
        slack.connect(server.url)
        slack.say("hello", user=dana, channel=sales)
        slack.command("/precall x", user=dana, channel=sales)
    verifier = SignatureVerifier(slack.signing_secret)
    assert [verifier.is_valid_request(body, headers) for headers, body in received] == [True, True]
    assert not verifier.is_valid_request(received[0][1] + b" ", received[0][0])


def test_a_pressed_button_tells_where_it_was_and_can_be_answered(
    slack: Workspace, client: WebClient, heard: Heard, dana: str, sales: str
) -> None:
    ts = client.chat_postMessage(channel=sales, text="digest", blocks=BUTTONS)["ts"]
    slack.press("Brief me", user=dana, value="ACME-002")

    slack.wait_until(lambda: slack.last_message.text == "Pressed ACME-002")
    assert slack.last_message.only_visible_to(dana)
    body = heard.actions[0]
    assert body["actions"][0]["action_id"] == "brief1"
    assert body["container"]["message_ts"] == body["message"]["ts"] == ts


def test_nobody_presses_what_only_someone_else_sees(
    slack: Workspace, client: WebClient, heard: Heard, dana: str, sales: str
) -> None:
    lee = slack.add_person("lee")
    slack.change_channel(sales, members=frozenset({slack.bot_user, dana, lee}))
    client.chat_postEphemeral(channel=sales, user=dana, text="closest", blocks=BUTTONS)

    with pytest.raises(NotVisibleError, match="Brief me"):
        slack.press("Brief me", user=lee)
    slack.press("Brief me", user=dana)
    slack.wait_until(lambda: heard.actions)
    assert heard.actions[0]["container"]["is_ephemeral"] is True
    assert "message" not in heard.actions[0]


def test_a_response_url_is_good_for_five_answers(slack: Workspace, clock: Clock, dana: str, sales: str) -> None:
    url = slack.command("/precall x", user=dana, channel=sales).payload["response_url"]
    codes = [httpx2.post(url, json={"text": "more"}).status_code for _ in range(6)]
    assert codes == [200] * 5 + [404]

    url = slack.command("/precall x", user=dana, channel=sales).payload["response_url"]
    clock.pass_seconds(30 * 60 + 1)
    assert httpx2.post(url, json={"text": "more"}).json()["error"] == "expired_url"


def test_a_response_url_replaces_and_deletes_the_message_it_belongs_to(
    slack: Workspace, client: WebClient, heard: Heard, dana: str, sales: str
) -> None:
    client.chat_postEphemeral(channel=sales, user=dana, text="closest", blocks=BUTTONS)
    slack.press("Brief me", user=dana)
    slack.wait_until(lambda: heard.actions)
    url = heard.actions[0]["response_url"]

    httpx2.post(url, json={"replace_original": True, "text": "chosen", "blocks": []})
    assert slack.messages(sales)[0].text == "chosen"
    slack.wait_until(lambda: len(slack.messages(sales)) == 2)
    httpx2.post(url, json={"delete_original": True})
    assert [message.text for message in slack.messages(sales)] == ["Pressed ACME-001"]


def test_a_modal_is_filled_in_and_what_is_wrong_with_it_shown(
    slack: Workspace, heard: Heard, dana: str, sales: str
) -> None:
    slack.command("/precall modal", user=dana, channel=sales)
    slack.wait_until(lambda: slack.modal(dana))

    with pytest.raises(NotAllowedError, match="rating"):
        slack.submit({"reason": "no"}, user=dana)
    assert slack.submit({"reason": "no", "rating": "Good"}, user=dana) == {"why": "Say more."}
    assert slack.modal(dana)
    assert slack.submit({"reason": "useful", "rating": "Good"}, user=dana) == {}
    assert slack.modal(dana) is None
    assert heard.submissions[1]["why"]["reason"] == {"type": "plain_text_input", "value": "useful"}
    assert heard.submissions[1]["how"]["rating"]["selected_option"]["value"] == "5"


def test_a_trigger_opens_one_modal_within_three_seconds(
    slack: Workspace, client: WebClient, clock: Clock, dana: str, sales: str
) -> None:
    def error(trigger_id: str) -> str:
        with pytest.raises(SlackApiError) as refused:
            client.views_open(trigger_id=trigger_id, view=MODAL)
        return str(refused.value.response["error"])

    trigger_id = slack.command("/precall x", user=dana, channel=sales).payload["trigger_id"]
    clock.pass_seconds(3)
    assert client.views_open(trigger_id=trigger_id, view=MODAL)["view"]["callback_id"] == "feedback"
    assert error(trigger_id) == "exchanged_trigger_id"
    assert error("1.made-up") == "invalid_trigger_id"
    late = slack.command("/precall x", user=dana, channel=sales).payload["trigger_id"]
    clock.pass_seconds(3.1)
    assert error(late) == "expired_trigger_id"


def test_reactions_edits_and_the_home_tab_are_told(slack: Workspace, heard: Heard, dana: str, sales: str) -> None:
    said = slack.say("hello", user=dana, channel=sales)
    slack.react("thumbsup", user=dana, on=said)
    slack.open_home(dana)
    slack.edit(said, "hello again")

    slack.wait_until(lambda: len(heard.events) == 4)
    by_kind = {event.get("subtype", event["type"]): event for event in heard.events}
    assert by_kind["reaction_added"]["reaction"] == "thumbsup"
    assert by_kind["app_home_opened"]["tab"] == "home"
    assert by_kind["message_changed"]["message"]["text"] == "hello again"


def test_only_members_write_in_a_channel(slack: Workspace, sales: str) -> None:
    lee = slack.add_person("lee")

    with pytest.raises(NotAllowedError, match="not a member of sales"):
        slack.say("hello", user=lee, channel=sales)


def test_a_workspace_without_an_app_says_so() -> None:
    with Workspace.running() as lonely:
        dana = lonely.add_person("dana")
        sales = lonely.add_channel("sales", members=[dana])
        with pytest.raises(NotConnectedError):
            lonely.command("/precall x", user=dana, channel=sales)


def test_an_app_that_is_gone_is_a_failed_delivery(slack: Workspace, dana: str, sales: str) -> None:
    with Loopback(lambda _environ, _start: []) as gone:
        url = gone.url
    slack.connect(url)
    slack.say("hello", user=dana, channel=sales)

    assert [(each.status, each.late) for each in slack.failed_deliveries] == [(None, False)]


def test_observers_see_every_message_as_it_arrives(slack: Workspace, client: WebClient, sales: str) -> None:
    seen: list[str] = []
    slack.observe(lambda message: seen.append(read(message)))
    ts = client.chat_postMessage(channel=sales, text="one")["ts"]
    client.chat_update(channel=sales, ts=ts, text="two")

    assert seen == ["one", "two"]


def test_an_error_of_the_app_is_a_failed_delivery(slack: Workspace, dana: str, sales: str, app: App) -> None:
    app.logger.setLevel(logging.CRITICAL)
    slack.command("/unknown", user=dana, channel=sales)

    assert slack.failed_deliveries[0].status == 404
    assert "dispatch_failed" in slack.last_message.text


def test_a_modal_is_updated_in_place_and_only_with_its_latest_hash(
    slack: Workspace, client: WebClient, dana: str, sales: str
) -> None:
    trigger_id = slack.command("/precall x", user=dana, channel=sales).payload["trigger_id"]
    opened = client.views_open(trigger_id=trigger_id, view=MODAL)["view"]
    changed = client.views_update(view_id=opened["id"], hash=opened["hash"], view=MODAL | {"private_metadata": "new"})

    shown = slack.modal(dana)
    assert shown is not None
    assert (shown.id, shown.content["private_metadata"]) == (changed["view"]["id"], "new")
    with pytest.raises(SlackApiError, match="hash_conflict"):
        client.views_update(view_id=opened["id"], hash=opened["hash"], view=MODAL)
    slack.close_modal(dana)
    assert slack.modal(dana) is None


def test_choosing_from_a_menu_tells_the_option(
    slack: Workspace, client: WebClient, heard: Heard, dana: str, sales: str
) -> None:
    menu = RATING["element"] | {"action_id": "brief_rating"}
    client.chat_postMessage(channel=sales, text="x", blocks=[{"type": "actions", "elements": [menu]}])
    slack.choose("brief_rating", "Good", user=dana)

    slack.wait_until(lambda: heard.actions)
    assert heard.actions[0]["actions"][0]["selected_option"]["value"] == "5"


SEARCH = {
    "type": "home",
    "blocks": [
        {
            "type": "actions",
            "elements": [{"type": "external_select", "action_id": "search", "min_query_length": 2}],
        }
    ],
}


def test_an_app_whose_home_tab_is_off_publishes_none_and_nobody_opens_one() -> None:
    with Workspace.running(home_tab=False) as without:
        dana = without.add_person("dana")
        client = WebClient(token=without.bot_token, base_url=without.api_url, retry_handlers=[])
        with pytest.raises(SlackApiError, match="not_enabled"):
            client.views_publish(user_id=dana, view=SEARCH)
        with pytest.raises(NotAllowedError, match="the app has none"):
            without.open_home(dana)


def test_options_are_loaded_for_what_is_typed_and_only_those_can_be_chosen(
    slack: Workspace, app: App, client: WebClient, dana: str
) -> None:
    offered = {"text": {"type": "plain_text", "text": "Ridgeline"}, "value": "ACME-001"}
    chosen: list[str] = []

    @app.options("search")
    def suggest(ack: Any, body: dict[str, Any]) -> None:
        ack(options=[offered] if body["value"] == "rid" else [offered, offered])

    @app.action("search")
    def choose(ack: Any, body: dict[str, Any]) -> None:
        ack()
        chosen.append(body["actions"][0]["selected_option"]["value"])

    client.views_publish(user_id=dana, view=SEARCH)

    assert slack.type_ahead("search", "r", user=dana) == []  # too short: nobody is asked
    with pytest.raises(NotVisibleError):
        slack.choose("search", "Ridgeline", user=dana)
    assert slack.type_ahead("search", "rid", user=dana) == ["Ridgeline"]
    slack.choose("search", "Ridgeline", user=dana)
    assert chosen == ["ACME-001"]
    assert slack.type_ahead("search", "twice", user=dana) == []
    assert [refusal.error for refusal in slack.refusals] == ["invalid_options"]


def test_without_an_options_load_url_nothing_is_offered(slack: Workspace, client: WebClient, dana: str) -> None:
    slack.connect("http://127.0.0.1:9/slack/events", loads_options=False)
    client.views_publish(user_id=dana, view=SEARCH)

    with pytest.raises(NotAllowedError, match="no Options Load URL"):
        slack.type_ahead("search", "rid", user=dana)


def test_a_block_shows_only_a_file_that_was_uploaded_to_its_end(
    slack: Workspace, client: WebClient, sales: str
) -> None:
    def show(file_id: str) -> None:
        image = {"type": "image", "alt_text": "a picture", "slack_file": {"id": file_id}}
        client.chat_postMessage(channel=sales, text="see", blocks=[image])

    begun = client.files_getUploadURLExternal(filename="a.png", length=3)["file_id"]
    for file_id in ("F0NOWHERE", begun):
        with pytest.raises(SlackApiError, match="invalid_blocks"):
            show(file_id)
    done = client.files_upload_v2(filename="a.png", content=b"abc")["files"][0]["id"]
    show(done)

    assert client.files_info(file=done)["file"]["mimetype"] == "image/png"
    assert len(slack.messages(sales)) == 1
