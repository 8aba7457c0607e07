from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.normalise import cut, normalise


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Acme\u200b Robotics\u200d", "Acme Robotics"),
        ("\u202eevil\u202c", "evil"),
        ("tag\U000e0041\U000e0042s", "tags"),
        ("variation\ufe0f\U000e0101", "variation"),
        ("line\none\r\n two\tthree\x00\x1b", "line one two three"),
        ("\uff1c!channel\uff1e", "<!channel>"),
        ("e\u200b\u0301", "é"),
        ("\u3164\u115f", ""),
        ("plain ASCII", "plain ASCII"),
    ],
)
def test_what_hides_is_removed_and_the_rest_is_kept(raw: str, shown: str) -> None:
    assert normalise(raw, limit=100) == shown


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_no_text_is_longer_than_its_bound_or_hides_anything(raw: str, limit: int) -> None:
    shown = normalise(raw, limit=limit)

    assert len(shown) <= limit
    assert not any(unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co"} for character in shown)


def test_a_text_that_was_cut_says_so_even_when_only_blanks_were_left_of_it() -> None:
    assert normalise("a" + " " * 10_000 + "b", limit=20) == "a …"


def test_a_text_exactly_as_long_as_its_bound_is_whole() -> None:
    assert cut("x" * 20, 20) == "x" * 20


def test_a_text_one_longer_than_its_bound_is_visibly_cut() -> None:
    assert cut("x" * 21, 20) == "x" * 19 + "…"


def test_a_cut_falls_after_a_sentence_where_one_ends_late_enough() -> None:
    assert cut("The first sentence ends here. The second one does not fit.", 40) == "The first sentence ends here.…"


def test_a_cut_falls_between_words_otherwise() -> None:
    assert cut("seven words that have no full stop", 20) == "seven words that…"
    assert cut("exactly nineteen ch and more", 20) == "exactly nineteen ch…"
