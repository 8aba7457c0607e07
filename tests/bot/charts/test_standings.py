from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image

from bot.charts.standings import standings_chart

if TYPE_CHECKING:
    from storage.records import DigestRow
    from storage.snapshots import Snapshot


def rows(snapshot: Snapshot, *, most: int, **changes: object) -> list[DigestRow]:
    return [replace(row, **changes) for row in snapshot.digest(limit=most, least_actions=0)]


def test_a_picture_of_a_day_is_as_wide_as_a_telephone_needs_and_says_in_words_what_it_shows(
    snapshot: Snapshot,
) -> None:
    chart = standings_chart(rows(snapshot, most=3), snapshot.info)

    assert Image.open(BytesIO(chart.png)).width == 1200
    assert chart.alt_text.startswith("Predicted expansion revenue with its 80 % interval: HUGE-001 $2B ($1.6B to ")
    assert chart.alt_text.count(" actions") == 3


def test_of_many_accounts_twelve_are_drawn_and_the_others_counted(snapshot: Snapshot) -> None:
    few, many = (standings_chart(rows(snapshot, most=most), snapshot.info) for most in (12, 40))

    assert Image.open(BytesIO(many.png)).height == Image.open(BytesIO(few.png)).height + 32
    assert many.alt_text == few.alt_text


def test_accounts_without_actions_losses_and_names_that_no_font_has_are_drawn(snapshot: Snapshot) -> None:
    for changes in (
        {"actions": 0},
        {"low": -9e4, "predicted": -8e4, "high": -1e4},
        {"low": 5.0, "predicted": 5.0, "high": 5.0},
        {"name": "株式会社 \N{PILE OF POO}\n" * 50, "account_id": "x" * 300},
    ):
        chart = standings_chart(rows(snapshot, most=5, **changes), snapshot.info)
        assert Image.open(BytesIO(chart.png)).format == "PNG"
        assert len(chart.alt_text) <= 1000


def test_the_same_accounts_give_the_same_picture(snapshot: Snapshot) -> None:
    first, second = (standings_chart(rows(snapshot, most=9), snapshot.info).png for _ in range(2))

    assert first == second
