from __future__ import annotations

import pytest

from bot.incoming import LONGEST_TEXT, plain_text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (None, ""),
        ("  ACME-042 \n", "ACME-042"),
        ("ACME\u2011042", "ACME-042"),
        ("ACME\u2013042", "ACME-042"),
        ("\uff21CME-042", "ACME-042"),
        ("ACME-\u200b042\u202e", "ACME-042"),
        ("AT&amp;T &lt;EMEA&gt;", "AT&T <EMEA>"),
        ("<http://acme.com|acme.com>", "acme.com"),
        ("<@U0PRECALL> why?", "why?"),
        ("why, <@U0PRECALL|precall>?", "why, ?"),
        ("<@U0OTHER> why?", "<@U0OTHER> why?"),
    ],
)
def test_text_is_read_as_it_was_meant(written: str | None, read: str) -> None:
    assert plain_text(written, bot_user_id="U0PRECALL") == read


def test_text_is_bounded() -> None:
    assert len(plain_text("word " * 100_000)) <= LONGEST_TEXT
