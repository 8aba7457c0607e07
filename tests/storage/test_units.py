"""Amounts and values as a person writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.records import Feature, FeatureKind, FeatureValue
from storage.units import (
    format_amount,
    format_amount_change,
    format_range,
    format_value,
    last_digit,
    rounds_to_nothing,
)


def feature(unit: str) -> Feature:
    return Feature(name="some", label="Some", group="Any", unit=unit, kind=FeatureKind.NUMBER)


@pytest.mark.parametrize(
    ("dollars", "text"),
    [
        (0.0, "$0"), (-0.0, "$0"), (0.4, "$0"), (-0.4, "$0"), (0.6, "$1"), (640.0, "$640"), (-640.0, "-$640"),
        (999.4, "$999"), (999.5, "$1K"), (999.6, "$1K"), (1_000.0, "$1K"), (6_540.0, "$6.5K"), (96_214.0, "$96.2K"),
        (200_000.0, "$200K"), (999_949.0, "$999.9K"), (999_950.0, "$1M"), (2_100_000.0, "$2.1M"),
        (999_950_000.0, "$1B"), (1.25e12, "$1.2T"), (9.9996e14, "$1,000T"), (-0.04, "$0"), (-96_214.0, "-$96.2K"),
    ],
)  # fmt: skip
def test_money_has_one_letter_and_one_decimal(dollars: float, text: str) -> None:
    assert format_amount(dollars, "$") == text


@pytest.mark.parametrize(
    ("dollars", "text"),
    [(6_540.0, "+$6.5K"), (-640.0, "-$640"), (0.0, "$0"), (0.3, "$0"), (-0.3, "$0"), (0.7, "+$1")],
)
def test_a_change_has_its_sign_unless_it_rounds_to_nothing(dollars: float, text: str) -> None:
    assert format_amount_change(dollars, "$") == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1_240.0, "patients", "1,240 patients"), (12_380.0, "hours", "12.4K hours"), (9_999.4, "hours", "9,999 hours"),
        (9_999.6, "hours", "10K hours"), (1.0, "patients", "1 patient"), (-1.0, "patients", "-1 patient"),
        (0.96, "patients", "1 patient"), (12.34, "patients", "12.3 patients"), (99.96, "patients", "100 patients"),
        (-0.04, "patients", "0 patients"),
        (2.1e6, "patients", "2.1M patients"), (1.0, "hours per week", "1 hour per week"),
        (1.0, "square metres", "1 square metre"), (1.0, "properties", "1 property"), (1.0, "boxes", "1 box"),
        (0.35, "%", "35 %"), (7.24, "0-10", "7.2 of 10"), (42.0, "", "42"),
        (0.631, "", "0.63"), (0.0631, "", "0.063"), (0.5, "", "0.5"), (0.9999, "", "1"), (0.0001, "", "0"),
        (-0.0001, "", "0"), (0.0, "", "0"), (4.52, "", "4.5"),
    ],
)  # fmt: skip
def test_an_amount_is_written_in_the_unit_of_the_target(value: float, unit: str, text: str) -> None:
    assert format_amount(value, unit) == text


@pytest.mark.parametrize(
    ("value", "text"), [(3.0, "+3 patients"), (-3.0, "-3 patients"), (0.04, "0 patients"), (1.0, "+1 patient")]
)
def test_a_change_in_another_unit_has_its_sign_too(value: float, text: str) -> None:
    assert format_amount_change(value, "patients") == text


@pytest.mark.parametrize(
    ("low", "high", "unit", "text"),
    [
        (61_000.0, 104_000.0, "$", "$61K to $104K"), (64.0, 101.0, "patients", "64 to 101 patients"),
        (640.0, 1_200.0, "$", "$640 up to $1.2K"), (8_400.0, 12_400.0, "hours", "8,400 up to 12.4K hours"),
        (0.35, 0.52, "%", "35 to 52 %"), (0.0, 1.0, "patients", "0 to 1 patient"),
    ],
)  # fmt: skip
def test_a_range_names_its_unit_once_and_no_letter_reads_back_to_the_first(
    low: float, high: float, unit: str, text: str
) -> None:
    assert format_range(low, high, unit) == text


@given(st.floats(min_value=-9e11, max_value=9e11), st.sampled_from(["$", "hours", ""]))
def test_an_amount_is_off_by_half_a_unit_of_its_last_digit_at_most(value: float, unit: str) -> None:
    number = format_amount(value, unit).removesuffix("s").removesuffix(" hour").replace("$", "").replace(",", "")
    scale = {"K": 1e3, "M": 1e6, "B": 1e9}.get(number[-1], 1.0)

    assert abs(float(number.rstrip("KMB")) * scale - value) <= last_digit(value, unit) / 2 * (1 + 1e-9)
    assert rounds_to_nothing(value, unit) == (float(number.rstrip("KMB")) == 0)


@pytest.mark.parametrize(
    ("unit", "value", "text"),
    [
        ("", 12.0, "12"), ("", 12_345.0, "12,345"), ("", 3.14159, "3.1"), ("", -2.0, "-2"), ("", 0.0, "0"),
        ("$", 2_100_000.0, "$2.1M"), ("%", 0.35, "35 %"), ("%", 0.125, "12.5 %"), ("%", -0.02, "-2 %"),
        ("%", 1.0, "100 %"),
        ("0-10", 7.2, "7.2 of 10"), ("0-10", 10.0, "10 of 10"), ("months", 14.0, "14 months"),
        ("months", 1.0, "1 month"),
        ("", -0.04, "-0.04"), ("", -0.0004, "0"), ("%", -0.0001, "0 %"),
        ("", "gold", "gold"), ("$", None, "not known"), ("", None, "not known"),
    ],
)  # fmt: skip
def test_a_value_is_written_in_its_unit(unit: str, value: FeatureValue, text: str) -> None:
    assert format_value(feature(unit), value) == text


@given(st.floats(min_value=-9e11, max_value=9e11))
def test_money_reads_back_within_half_a_unit_of_its_last_digit(dollars: float) -> None:
    text = format_amount(dollars, "$")

    number = text.replace("$", "")
    scale = {"K": 1e3, "M": 1e6, "B": 1e9}.get(number[-1], 1.0)
    digits = number.rstrip("KMB")
    half = scale / 20 if scale > 1 else 0.5
    assert abs(float(digits) * scale - dollars) <= half * (1 + 1e-9)
    assert abs(float(digits)) < 1000


@given(st.floats(min_value=0, max_value=9e11), st.floats(min_value=0, max_value=9e11))
def test_a_gain_and_a_loss_of_one_size_differ_in_their_sign_only(gain: float, other: float) -> None:
    rise, loss = format_amount_change(gain, "$"), format_amount_change(-gain, "$")
    assert rise.lstrip("+") == loss.lstrip("-")
    assert (format_amount(gain, "$") == format_amount(other, "$")) == (loss == format_amount(-other, "$"))
