from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.workspace import Failure, Workspace, read
from bot.workspace.errors import NeverHappenedError
from bot.workspace.workspace import BOT_SCOPES

if TYPE_CHECKING:
    from collections.abc import Callable

    from slack_sdk.web import SlackResponse

    from tests.bot.workspace.conftest import Clock

HELLO = [{"type": "section", "text": {"type": "mrkdwn", "text": "hello"}}]


def refusal(call: Callable[..., SlackResponse], /, **arguments: Any) -> SlackResponse:
    with pytest.raises(SlackApiError) as refused:
        call(**arguments)
    response: SlackResponse = refused.value.response
    return response


def post(client: WebClient, channel: str, text: str = "hello", **fields: Any) -> str:
    return str(client.chat_postMessage(channel=channel, text=text, **fields)["ts"])


def test_a_message_comes_back_as_slack_shows_it(slack: Workspace, client: WebClient, sales: str) -> None:
    answer = client.chat_postMessage(channel=sales, text="hello", blocks=HELLO)

    assert answer["channel"] == sales
    assert answer["message"]["bot_id"] == slack.bot_id
    assert answer["message"]["blocks"][0]["text"]["text"] == "hello"
    assert [message.ts for message in slack.messages(sales)] == [answer["ts"]]


def test_blocks_may_come_as_json_in_a_form(slack: Workspace, client: WebClient, sales: str) -> None:
    client.api_call("chat.postMessage", params={"channel": sales, "text": "hello", "blocks": json.dumps(HELLO)})

    assert slack.last_message.blocks[0]["text"]["text"] == "hello"


def test_blocks_that_are_no_json_are_a_wrong_format(client: WebClient, sales: str) -> None:
    form = {"channel": sales, "blocks": "[{"}
    assert refusal(client.api_call, api_method="chat.postMessage", params=form)["error"] == "invalid_blocks_format"


def test_a_violated_limit_fails_the_call_and_nothing_is_posted(slack: Workspace, client: WebClient, sales: str) -> None:
    blocks = [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]
    answer = refusal(client.chat_postMessage, channel=sales, text="x", blocks=blocks)

    assert answer["error"] == "invalid_blocks"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"
    ]
    assert slack.messages(sales) == []
    assert slack.everything_posted() == ""
    assert slack.refusals[0].method == "chat.postMessage"


@pytest.mark.parametrize(("token", "error"), [("", "not_authed"), ("xoxb-other", "invalid_auth")])
def test_a_wrong_token_is_refused(slack: Workspace, token: str, error: str) -> None:
    assert refusal(WebClient(token=token, base_url=slack.api_url).auth_test)["error"] == error


def test_an_unknown_method_is_named(client: WebClient) -> None:
    assert refusal(client.api_call, api_method="chat.postPoem")["error"] == "unknown_method"


def test_a_missing_scope_is_named_with_those_provided() -> None:
    with Workspace.running(scopes={"chat:write", "files:read"}) as slack:
        client = WebClient(token=slack.bot_token, base_url=slack.api_url)
        answer = refusal(client.users_info, user=slack.bot_user)
        assert (answer["error"], answer["needed"]) == ("missing_scope", "users:read")
        assert answer["provided"] == "chat:write,files:read"
        private = slack.add_channel("deals", private=True)
        assert refusal(client.conversations_history, channel=private)["needed"] == "groups:history"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"with_bot": False}, "not_in_channel"),
        ({"with_bot": False, "private": True}, "channel_not_found"),
        ({"archived": True}, "is_archived"),
    ],
)
def test_the_app_speaks_only_where_it_may(
    slack: Workspace, client: WebClient, options: dict[str, bool], error: str
) -> None:
    channel = slack.add_channel("room", **options)

    assert refusal(client.chat_postMessage, channel=channel, text="hello")["error"] == error
    assert refusal(client.chat_postMessage, channel="C404", text="hello")["error"] == "channel_not_found"


def test_text_has_a_limit_and_a_message_needs_some(client: WebClient, sales: str) -> None:
    assert post(client, sales, "x" * 40_000)
    assert refusal(client.chat_postMessage, channel=sales, text="x" * 40_001)["error"] == "msg_too_long"
    nothing = {"channel": sales, "text": " ", "blocks": []}
    assert refusal(client.api_call, api_method="chat.postMessage", json=nothing)["error"] == "no_text"


def test_a_reply_needs_the_first_message_of_a_thread(client: WebClient, sales: str) -> None:
    root = post(client, sales)
    reply = post(client, sales, thread_ts=root)

    assert (
        refusal(client.chat_postMessage, channel=sales, text="x", thread_ts="1.000001")["error"] == "thread_not_found"
    )
    answer = refusal(client.chat_postMessage, channel=sales, text="x", thread_ts=reply)
    assert answer["error"] == "cannot_reply_to_message"


def test_an_ephemeral_is_seen_by_one_member_only(slack: Workspace, client: WebClient, dana: str, sales: str) -> None:
    lee = slack.add_person("lee")
    client.chat_postEphemeral(channel=sales, user=dana, text="psst")

    assert slack.last_message.only_visible_to(dana)
    assert [message.text for message in slack.visible_to(dana)] == ["psst"]
    assert slack.visible_to(lee) == []
    assert client.conversations_history(channel=sales)["messages"] == []
    outsider = refusal(client.chat_postEphemeral, channel=sales, user=lee, text="psst")
    assert outsider["error"] == "user_not_in_channel"


def test_an_ephemeral_in_what_is_not_yet_a_thread_is_shown_to_nobody(
    slack: Workspace, client: WebClient, dana: str, sales: str
) -> None:
    root = post(client, sales)
    assert client.chat_postEphemeral(channel=sales, user=dana, text="lost", thread_ts=root)["ok"]
    post(client, sales, "reply", thread_ts=root)
    client.chat_postEphemeral(channel=sales, user=dana, text="seen", thread_ts=root)

    assert [message.text for message in slack.thread(sales, root)] == ["hello", "reply", "seen"]
    assert [message.text for message in slack.never_shown] == ["lost"]


def test_an_update_keeps_the_blocks_it_does_not_send(slack: Workspace, client: WebClient, sales: str) -> None:
    ts = post(client, sales, blocks=HELLO)
    client.chat_update(channel=sales, ts=ts, text="new")
    assert (slack.last_message.text, read(slack.last_message)) == ("new", "hello")

    client.chat_update(channel=sales, ts=ts, text="new", blocks=[])
    assert read(slack.last_message) == "new"


def test_only_its_own_messages_can_be_changed(slack: Workspace, client: WebClient, dana: str, sales: str) -> None:
    slack.connect("http://127.0.0.1:9/")
    said = slack.say("mine", user=dana, channel=sales)

    assert refusal(client.chat_update, channel=sales, ts=said.ts, text="x")["error"] == "cant_update_message"
    assert refusal(client.chat_delete, channel=sales, ts=said.ts)["error"] == "cant_delete_message"
    assert refusal(client.chat_update, channel=sales, ts="1.000001", text="x")["error"] == "message_not_found"


def test_a_channel_takes_a_burst_and_then_one_message_a_second(clock: Clock) -> None:
    with Workspace.running(clock=clock, message_burst=2) as slack:
        client = WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])
        room, other = slack.add_channel("room"), slack.add_channel("other")
        post(client, room)
        post(client, room)
        late = refusal(client.chat_postMessage, channel=room, text="x")
        assert (late.status_code, late["error"], late.headers["Retry-After"]) == (429, "ratelimited", "1")

        post(client, other)
        clock.pass_seconds(1)
        post(client, room)
        assert refusal(client.chat_postMessage, channel=room, text="x").status_code == 429


def test_forced_failures_last_as_many_calls_as_asked(slack: Workspace, client: WebClient, sales: str) -> None:
    slack.fail_next("chat.postMessage", times=2, with_=Failure.RATE_LIMITED)
    slack.fail_next("chat.postMessage", with_="fatal_error")
    slack.fail_next("chat.postMessage", with_=Failure.SERVER_ERROR)

    answers = [refusal(client.chat_postMessage, channel=sales, text="x") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [429, 429, 200, 500]
    assert slack.messages(sales) == []
    assert post(client, sales)


def test_a_lost_answer_was_performed(slack: Workspace, client: WebClient, sales: str) -> None:
    slack.fail_next("chat.postMessage", with_=Failure.LOST_ANSWER)

    with pytest.raises(http.client.RemoteDisconnected):
        client.chat_postMessage(channel=sales, text="hello")
    assert slack.last_message.text == "hello"


def test_files_are_one_message_that_appears_later_with_all_their_bytes(
    slack: Workspace, client: WebClient, sales: str
) -> None:
    root = post(client, sales)
    uploads = [
        {"content": b"\x89PNG one", "filename": "one.png", "title": "One", "alt_txt": "a waterfall"},
        {"content": b"\x89PNG two", "filename": "two.png"},
    ]
    answer = client.files_upload_v2(channel=sales, thread_ts=root, file_uploads=uploads)
    first = answer["files"][0]["id"]

    assert client.files_info(file=first)["file"]["shares"] == {}
    assert len(slack.messages(sales)) == 1
    slack.share_files()
    message = slack.last_message
    assert [file.name for file in message.files] == ["one.png", "two.png"]
    assert slack.files[first].content == b"\x89PNG one"
    assert client.files_info(file=first)["file"]["shares"]["public"][sales] == [{"ts": message.ts}]
    assert slack.thread(sales, root)[-1] == message
    assert "a waterfall" in slack.everything_posted()


def test_files_appear_by_themselves_after_the_delay() -> None:
    with Workspace.running(share_delay_seconds=0.01) as slack:
        client = WebClient(token=slack.bot_token, base_url=slack.api_url)
        room = slack.add_channel("room")
        client.files_upload_v2(channel=room, content="text", filename="a.txt")
        slack.wait_until(lambda: slack.messages(room))
        assert slack.last_message.files[0].content == b"text"


def test_an_upload_of_another_length_is_refused(client: WebClient) -> None:
    ticket = client.files_getUploadURLExternal(filename="a.png", length=3)

    assert httpx2.post(ticket["upload_url"], content=b"four").status_code == 400
    unfinished = refusal(client.files_completeUploadExternal, files=[{"id": ticket["file_id"]}])
    assert unfinished["error"] == "file_not_found"


def test_a_stream_grows_and_dies_after_five_minutes(
    slack: Workspace, client: WebClient, clock: Clock, dana: str, sales: str
) -> None:
    root = post(client, sales)
    stream = client.chat_stream(
        channel=sales, thread_ts=root, recipient_team_id=slack.team_id, recipient_user_id=dana, buffer_size=1
    )
    stream.append(markdown_text="one ")
    stream.append(markdown_text="two")
    assert slack.last_message.text == "one two"
    conflict = refusal(client.chat_update, channel=sales, ts=stream.ts, text="x")
    assert conflict["error"] == "streaming_state_conflict"

    clock.pass_seconds(299)
    stream.append(markdown_text=" three")
    clock.pass_seconds(1)
    assert refusal(stream.append, markdown_text="!")["error"] == "message_not_in_streaming_state"
    assert refusal(stream.stop)["error"] == "message_not_in_streaming_state"
    client.chat_update(channel=sales, ts=stream.ts, text="all", blocks=HELLO)
    assert read(slack.last_message) == "hello"


def test_a_stopped_stream_is_a_message_with_its_blocks_below(
    slack: Workspace, client: WebClient, dana: str, sales: str
) -> None:
    root = post(client, sales)
    stream = client.chat_stream(channel=sales, thread_ts=root, recipient_team_id=slack.team_id, recipient_user_id=dana)
    stream.append(markdown_text="text")
    stream.stop(blocks=HELLO)

    assert read(slack.last_message) == "text\nhello"
    append = refusal(client.chat_appendStream, channel=sales, ts=stream.ts, markdown_text="!")
    assert append["error"] == "message_not_in_streaming_state"


def test_a_stream_in_a_channel_names_its_recipient(client: WebClient, sales: str) -> None:
    root = post(client, sales)

    nobody = refusal(client.chat_startStream, channel=sales, thread_ts=root)
    assert nobody["error"] == "missing_recipient_team_id"


def test_history_is_newest_first_in_pages_and_without_replies(client: WebClient, sales: str) -> None:
    first, second, third = post(client, sales, "1"), post(client, sales, "2"), post(client, sales, "3")
    post(client, sales, "reply", thread_ts=first)

    page = client.conversations_history(channel=sales, limit=2)
    rest = client.conversations_history(channel=sales, limit=2, cursor=page["response_metadata"]["next_cursor"])
    assert [message["ts"] for message in (*page["messages"], *rest["messages"])] == [third, second, first]
    assert (page["has_more"], rest["has_more"]) == (True, False)
    between = client.conversations_history(channel=sales, oldest=first, latest=third)["messages"]
    assert [message["ts"] for message in between] == [second]


def test_replies_start_with_the_first_message_and_show_metadata_when_asked(client: WebClient, sales: str) -> None:
    metadata = {"event_type": "brief", "event_payload": {"id": "7"}}
    root = post(client, sales, metadata=metadata)
    post(client, sales, "reply", thread_ts=root)

    plain = client.conversations_replies(channel=sales, ts=root)["messages"]
    assert [message["text"] for message in plain] == ["hello", "reply"]
    assert (plain[0]["reply_count"], "metadata" in plain[0]) == (1, False)
    full = client.conversations_replies(channel=sales, ts=root, include_all_metadata=True)["messages"]
    assert full[0]["metadata"] == metadata
    assert refusal(client.conversations_replies, channel=sales, ts="1.000001")["error"] == "thread_not_found"


def test_conversations_and_people_say_who_is_from_outside(slack: Workspace, client: WebClient, dana: str) -> None:
    shared = slack.add_channel("partner", members=[dana], shared=True)
    guest = slack.add_person("gil", guest=True)

    assert client.conversations_info(channel=shared)["channel"]["is_ext_shared"] is True
    assert client.conversations_info(channel=slack.direct_channel(dana))["channel"]["is_im"] is True
    assert client.users_info(user=guest)["user"]["is_restricted"] is True
    assert client.users_lookupByEmail(email="DANA@example.com")["user"]["id"] == dana
    assert refusal(client.users_lookupByEmail, email="no@example.com")["error"] == "users_not_found"


def test_addresses_are_hidden_without_their_scope() -> None:
    with Workspace.running(scopes=BOT_SCOPES - {"users:read.email"}) as slack:
        client = WebClient(token=slack.bot_token, base_url=slack.api_url)
        profile = client.users_info(user=slack.add_person("dana"))["user"]["profile"]
        assert "email" not in profile


def test_a_direct_message_is_opened_once(slack: Workspace, client: WebClient, dana: str) -> None:
    opened = client.conversations_open(users=dana)["channel"]["id"]
    client.chat_postMessage(channel=dana, text="hello")

    assert slack.last_message.channel == opened == slack.direct_channel(dana)


def test_a_home_tab_is_published_and_a_stale_hash_refused(slack: Workspace, client: WebClient, dana: str) -> None:
    view = {"type": "home", "blocks": HELLO}
    first = client.views_publish(user_id=dana, view=view)["view"]
    client.views_publish(user_id=dana, view=view, hash=first["hash"])

    home = slack.home(dana)
    assert home is not None
    assert home.content["blocks"][0]["text"]["text"] == "hello"
    assert refusal(client.views_publish, user_id=dana, view=view, hash=first["hash"])["error"] == "hash_conflict"


def test_waiting_in_vain_says_what_was_seen_instead(slack: Workspace, client: WebClient, sales: str) -> None:
    post(client, sales)

    with pytest.raises(NeverHappenedError, match="hello"):
        slack.wait_until(lambda: False, timeout_seconds=0)


def test_the_ledger_reads_text_inside_strings_of_json(slack: Workspace, client: WebClient, sales: str) -> None:
    client.files_upload_v2(channel=sales, content="x", filename="a.txt", title="Müller")

    assert "Müller" in slack.everything_posted()


def test_status_is_shown_in_its_thread(slack: Workspace, client: WebClient, sales: str) -> None:
    root = post(client, sales)
    client.assistant_threads_setStatus(channel_id=sales, thread_ts=root, status="is thinking...")

    assert slack.status(sales, root) == "is thinking..."


def test_a_deleted_message_is_gone_unless_it_heads_a_thread(slack: Workspace, client: WebClient, sales: str) -> None:
    gone, root = post(client, sales), post(client, sales)
    post(client, sales, "reply", thread_ts=root)
    client.chat_delete(channel=sales, ts=gone)
    client.chat_delete(channel=sales, ts=root)

    assert [message.text for message in slack.messages(sales)] == ["This message was deleted.", "reply"]


def test_reactions_need_their_scope_and_are_given_once() -> None:
    with Workspace.running(scopes=BOT_SCOPES | {"reactions:write"}) as slack:
        client = WebClient(token=slack.bot_token, base_url=slack.api_url)
        room = slack.add_channel("room")
        ts = post(client, room)
        client.reactions_add(channel=room, timestamp=ts, name="eyes")
        assert slack.last_message.reactions == ((slack.bot_user, "eyes"),)
        again = refusal(client.reactions_add, channel=room, timestamp=ts, name="eyes")
        assert again["error"] == "already_reacted"
        client.reactions_remove(channel=room, timestamp=ts, name="eyes")
        assert slack.last_message.reactions == ()


def test_channels_are_listed_joined_and_their_members_named(dana: str, slack: Workspace, client: WebClient) -> None:
    inside = slack.add_channel("inside", members=[dana])
    slack.add_channel("hidden", private=True, with_bot=False)
    slack.add_channel("old", archived=True)

    listed = client.conversations_list(types="public_channel,private_channel", exclude_archived=True)["channels"]
    assert [channel["id"] for channel in listed] == [inside]
    assert set(client.conversations_members(channel=inside)["members"]) == {dana, slack.bot_user}
    assert refusal(client.conversations_join, channel=inside)["needed"] == "channels:join"


def test_a_permalink_of_a_reply_names_its_thread(client: WebClient, sales: str) -> None:
    root = post(client, sales)
    reply = post(client, sales, thread_ts=root)

    link = client.chat_getPermalink(channel=sales, message_ts=reply)["permalink"]
    assert link.endswith(f"p{reply.replace('.', '')}?thread_ts={root}&cid={sales}")


def test_an_app_level_token_opens_sockets_and_nothing_else(slack: Workspace, client: WebClient) -> None:
    for token, method, code in (
        (slack.bot_token, "apps.connections.open", "not_allowed_token_type"),
        (slack.app_token, "auth.test", "not_allowed_token_type"),
        (slack.app_token, "apps.connections.open", "socket_mode_not_enabled"),
    ):
        with pytest.raises(SlackApiError) as caught:
            client.api_call(method, params={"token": token})
        assert caught.value.response["error"] == code
