from __future__ import annotations

import pytest

from bot.manners import asks_nothing, is_for_others


@pytest.mark.parametrize(
    "text",
    ["thanks", "Thanks a lot!", "ok", "OK, great, thank you :)", ":+1:", ":tada: :tada:", "👍", "...", "", "danke"],
)
def test_thanks_and_emoji_ask_nothing(text: str) -> None:
    assert asks_nothing(text)


@pytest.mark.parametrize(
    "text", ["why?", "ok but why 4 actions?", "thanks, and the risk?", "ACME-042", "10:30:00", "no data?", "?", "ok?"]
)
def test_a_question_asks_something_however_polite(text: str) -> None:
    assert not asks_nothing(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<@U0OTHER> can you take this?", True),
        ("<@U0OTHER|ivo> look", True),
        ("<!here> anyone?", True),
        ("<!subteam^S012345> please", True),
        ("<@U0BOT> why?", False),
        ("<@U0BOT> and <@U0OTHER>, why?", False),
        ("why?", False),
        ("see <https://example.com|this>", False),
    ],
)
def test_a_message_that_names_others_is_for_them(text: str, expected: bool) -> None:  # noqa: FBT001 - parametrised
    assert is_for_others(text, bot_user_id="U0BOT") is expected
