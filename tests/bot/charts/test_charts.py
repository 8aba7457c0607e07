from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.brief import Pair
from bot.charts import Gallery, interactions_chart, waterfall_chart
from bot.charts.canvas import drawable, fit_lines, text_width
from bot.charts.groups import partner_groups
from bot.charts.scales import category_positions, number_positions, without_outliers
from bot.evidence import Driver
from storage.records import Dependence, Feature, FeatureKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.brief import Brief

ACCOUNTS = ("ACME-042", "LOSS-001", "GAPS-001", "HUGE-001", "EVIL-<!here>&001")
AMOUNT = Feature(name="amount", label="Amount", group="Any", unit="$", kind=FeatureKind.NUMBER)
QUARTER = Feature(name="quarter", label="Quarter", group="Any", unit="", kind=FeatureKind.CATEGORY)


def dependence_of(feature: Feature, values: list[float | str], shap: list[float] | None = None) -> Dependence:
    effects = shap or [float(number) for number in range(len(values))]
    return Dependence(feature=feature, values=tuple(values), shap=tuple(effects), actions=(0,) * len(values))


@pytest.mark.parametrize("account_id", ACCOUNTS)
def test_both_pictures_are_as_wide_as_a_telephone_needs_and_say_nothing_of_when_they_were_made(
    account_id: str, brief_of: Callable[[str], Brief]
) -> None:
    brief = brief_of(account_id)

    for chart in (waterfall_chart(brief), interactions_chart(brief)):
        picture = Image.open(BytesIO(chart.png))
        assert picture.format == "PNG"
        assert picture.width == 1200
        assert "Software" not in picture.info
        assert len(chart.alt_text) <= 1000


def test_sixteen_threads_draw_the_same_bytes_as_one(brief_of: Callable[[str], Brief]) -> None:
    briefs = [brief_of(account_id) for account_id in ACCOUNTS[:4]]
    alone = [(waterfall_chart(brief).png, interactions_chart(brief).png) for brief in briefs]

    with ThreadPoolExecutor(16) as threads:
        together = list(
            threads.map(lambda brief: (waterfall_chart(brief).png, interactions_chart(brief).png), briefs * 4)
        )

    assert together == alone * 4


def test_the_alternative_text_of_the_waterfall_says_the_numbers_of_the_picture(
    brief_of: Callable[[str], Brief],
) -> None:
    assert waterfall_chart(brief_of("LOSS-001")).alt_text == (
        "Waterfall for Everything Is Difficult GmbH (LOSS-001). From the baseline of $71.2K: "
        "Demo requests (5) takes $19.5K; Cloud maturity (5.1 of 10) takes $9.1K; Churn risk (45.8 %) takes $8.7K; "
        "Annual revenue ($163.5M) takes $8.2K; Budget quarter (Q4) takes $2.1K; All else (5 features) takes $1.3K. "
        "Predicted expansion revenue: $22.3K, 80 % interval $17.9K to $27.9K."
    )


def test_the_alternative_text_of_the_interactions_names_the_three_strongest_drivers(
    brief_of: Callable[[str], Brief],
) -> None:
    brief = brief_of("GAPS-001")
    words = interactions_chart(brief).alt_text

    assert "Demo requests is not known and takes $7.9K; it contributes " in words
    assert all(driver.feature.label in words for driver in brief.drivers[:3])
    assert brief.drivers[3].feature.label not in words


def test_the_strongest_pair_has_a_panel_of_its_own_and_is_named_in_the_alternative_text(
    brief_of: Callable[[str], Brief],
) -> None:
    brief = brief_of("ACME-042")
    first, second = brief.drivers[:2]
    partners = tuple(float(number % 7) for number in range(len(brief.dependence[0].values)))
    pair = Pair(first=first, second=second, value=6_200.0, dependence=replace(brief.dependence[0], partners=partners))

    without, with_pair = (interactions_chart(replace(brief, pair=each)) for each in (None, pair))

    heights = [Image.open(BytesIO(chart.png)).height for chart in (without, with_pair)]
    assert heights[0] < heights[1]
    sentence = f"{first.feature.label} with {second.feature.label} adds $6.2K beyond what each adds alone."
    assert sentence in with_pair.alt_text
    assert sentence not in without.alt_text


def test_a_gallery_draws_an_account_of_a_snapshot_once(brief_of: Callable[[str], Brief]) -> None:
    gallery = Gallery()
    brief, other = brief_of("ACME-042"), brief_of("LOSS-001")
    later = replace(brief, snapshot=replace(brief.snapshot, snapshot_id="000002-0"))

    drawn = gallery.charts(brief)

    assert gallery.charts(brief_of("ACME-042")) is drawn
    assert gallery.charts(other)[0].png != drawn[0].png
    assert gallery.charts(later) is not drawn


def test_alternative_text_stays_within_its_limit_however_long_the_labels_are(
    brief_of: Callable[[str], Brief],
) -> None:
    brief = brief_of("HUGE-001")
    wordy = tuple(replace(driver, feature=replace(driver.feature, label="W " * 300)) for driver in brief.drivers)

    words = waterfall_chart(replace(brief, drivers=wordy)).alt_text

    assert len(words) <= 1000
    assert words.endswith("…")


def test_colour_is_not_the_only_difference_between_plus_and_minus(brief_of: Callable[[str], Brief]) -> None:
    plus, minus = (
        waterfall_chart(replace(brief, drivers=(replace(brief.drivers[0], shap=size),))).png
        for brief in [brief_of("ACME-042")]
        for size in (9_000.0, -9_000.0)
    )

    # Without colour the bar of a minus is hatched: its row holds more shades than that of a plus.
    shades = [
        len(set(Image.open(BytesIO(png)).convert("L").crop((470, 300, 920, 340)).get_flattened_data()))
        for png in (plus, minus)
    ]
    assert shades[0] < shades[1]


@pytest.mark.parametrize("count", [1, 5, 6])
def test_a_waterfall_of_few_features_has_a_row_for_what_there_is(count: int, brief_of: Callable[[str], Brief]) -> None:
    brief = brief_of("ACME-042")
    few = replace(brief, drivers=brief.drivers[:count])

    words = waterfall_chart(few).alt_text

    assert ("All else (1 feature)" in words) == (count == 6)


def test_a_feature_that_no_account_has_a_value_of_is_still_drawn(brief_of: Callable[[str], Brief]) -> None:
    brief = brief_of("GAPS-001")
    empty = tuple(replace(each, values=(), shap=(), actions=()) for each in brief.dependence)

    assert interactions_chart(replace(brief, dependence=empty)).png


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(min_size=1, max_size=200), value=st.text(max_size=80))
def test_any_name_can_be_drawn(name: str, value: str, brief_of: Callable[[str], Brief]) -> None:
    brief = brief_of("ACME-042")
    driver = replace(brief.drivers[0], value=value, feature=replace(brief.drivers[0].feature, label=name))

    assert waterfall_chart(
        replace(brief, account=replace(brief.account, name=name), drivers=(driver, *brief.drivers[1:]))
    ).png


@pytest.mark.parametrize("amount", [0.0, 1e-9, -3.0, 1e15, -1e15])
def test_any_amount_can_be_drawn(amount: float, brief_of: Callable[[str], Brief]) -> None:
    brief = brief_of("ACME-042")
    account = replace(brief.account, predicted=amount, low=amount, high=amount, baseline=amount)

    assert waterfall_chart(replace(brief, account=account)).png


def test_a_character_that_the_font_lacks_becomes_a_square() -> None:
    assert drawable("Kite 株式会社 ▲ é $x$") == "Kite □□□□ ▲ é $x$"
    assert drawable("unit\x1fseparator") == "unit□separator"


@pytest.mark.parametrize("text", ["short", "a label of several words that is long", "x" * 300, "two " + "y" * 90])
def test_lines_fit_their_width_and_what_is_missing_is_marked(text: str) -> None:
    lines = fit_lines(text, width=300, pixels=30, lines=2)

    assert 1 <= len(lines) <= 2
    assert all(text_width(line, pixels=30) <= 300 for line in lines)
    assert (" ".join(lines) == text) != lines[-1].endswith("…")


def test_a_few_far_larger_accounts_make_the_axis_logarithmic() -> None:
    positions = number_positions(dependence_of(AMOUNT, [10.0, 100.0, 1_000.0, 100_000.0, 100.0]), 1_000.0)

    assert list(positions.places) == pytest.approx([1, 2, 3, 5, 2])
    assert positions.star == pytest.approx(3)
    assert (3.0, "$1K") in [(pytest.approx(place), word) for place, word in positions.ticks]


def test_a_missing_number_has_a_place_of_its_own_beyond_the_known_ones() -> None:
    positions = number_positions(dependence_of(AMOUNT, [1.0, 2.0, 3.0]), None)

    assert positions.divider is not None
    assert 3.0 < positions.divider < positions.star < positions.high
    assert positions.ticks[-1] == (positions.star, "not known")


def test_categories_stand_from_the_least_to_the_most_and_rare_ones_share_a_place() -> None:
    values: list[float | str] = [*("abcdefgh" * 2), "own"]
    positions = category_positions(dependence_of(QUARTER, values), "own")
    words = [word for _, word in positions.ticks]

    assert words[-1] == "4 others"
    assert "own" in words
    assert positions.ticks[words.index("own")][0] == positions.star
    assert len(positions.places) == len(values)


def test_a_partners_numbers_fall_into_thirds_and_missing_ones_into_a_group_of_their_own() -> None:
    values = [None, *(float(number) for number in range(9))]

    groups = partner_groups(AMOUNT, values)

    assert [group.label for group in groups] == ["not known", "up to $2", "$3 to $5", "from $6"]
    assert [int(group.members.sum()) for group in groups] == [1, 3, 3, 3]
    assert len({group.look["marker"] for group in groups}) == 4


@pytest.mark.parametrize("values", [[1.0] * 9, [0.0] * 8 + [1.0], [None, None], []])
def test_every_value_of_a_partner_is_in_exactly_one_group(values: list[float | None]) -> None:
    groups = partner_groups(AMOUNT, values)

    assert [sum(bool(group.members[entry]) for group in groups) for entry in range(len(values))] == [1] * len(values)


def test_a_partners_rare_categories_share_a_group() -> None:
    groups = partner_groups(QUARTER, list("aaaabbbccdef"))

    assert [(group.label, int(group.members.sum())) for group in groups] == [
        ("a", 4),
        ("b", 3),
        ("c", 2),
        ("others", 3),
    ]


def test_accounts_far_off_are_left_out_and_counted_but_never_this_one() -> None:
    values: list[float | str] = [float(number) for number in range(50)]
    shap = [float(number) for number in range(49)] + [1e9]
    own = Driver(evidence_id="D1", feature=AMOUNT, value=3.0, shap=3.0)

    kept, outside = without_outliers(dependence_of(AMOUNT, values, shap), own=own)
    assert (len(kept.values), outside) == (49, 1)

    kept, outside = without_outliers(dependence_of(AMOUNT, values, shap), own=replace(own, shap=1e9))
    assert (len(kept.values), outside) == (50, 0)


def test_file_names_are_plain(brief_of: Callable[[str], Brief]) -> None:
    brief = brief_of("EVIL-<!here>&001")

    for chart in (waterfall_chart(brief), interactions_chart(brief)):
        assert re.fullmatch(r"[a-z]+\.png", chart.filename)
