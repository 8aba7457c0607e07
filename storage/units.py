"""How amounts and feature values are written, the same in reasons, charts, messages and plans.

A unit is written as in `storage.records.Feature`: ``"$"``, ``"%"``, ``"0-10"``, a noun in the plural, or nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from storage.records import Feature, FeatureValue

# From where on an amount would round up to one of the next letter.
_MAGNITUDES: Final = ((999.95e9, 1e12, "T"), (999.95e6, 1e9, "B"), (999.95e3, 1e6, "M"), (999.5, 1e3, "K"))
_WRITTEN_OUT: Final = 9_999.5  # below it, what is counted has no letter: 1,240 patients
_TENTHS: Final = 99.95  # and below this, one decimal
_HUNDREDTHS: Final = 0.995  # below this, what has no unit has two
_THOUSANDTHS: Final = 0.0995  # and below this, three
_WRITTEN_AS_AMOUNTS: Final = frozenset({"$", "%", "0-10"})


def format_amount(value: float, unit: str) -> str:
    """Return ``$96.2K``, ``-$640``, ``1,240 patients``, ``12.4K hours`` or ``1 patient``.

    Before a letter stand three digits at most and after the point one. What is counted in a noun has one decimal
    below 100; what has no unit at all has two below 1 and three below 0.1, for there 0.04 and 0.01 may be far apart.
    """
    number = _write(value, unit)
    if unit == "$":
        return f"-${number[1:]}" if number.startswith("-") else f"${number}"
    if unit == "%":
        return f"{number} %"
    if unit == "0-10":
        return f"{number} of 10"
    return f"{number} {agreeing(unit, number)}".rstrip()


def format_amount_change(value: float, unit: str) -> str:
    """Return the amount with its sign, ``+$6.5K`` or ``-3 patients``; what rounds to nothing has no sign."""
    text = format_amount(value, unit)
    return f"+{text}" if value > 0 and not rounds_to_nothing(value, unit) else text


def format_range(low: float, high: float, unit: str) -> str:
    """Return ``$61K to $104K``, or with a noun once: ``64 to 101 patients``.

    Where only the second has a letter, it is ``$640 up to $1.2K``: "640 to 1.2K" may be read as 640K.
    """
    first = format_amount(low, unit) if unit == "$" else _write(low, unit)
    link = "up to" if _precision(high, unit)[1] and not _precision(low, unit)[1] else "to"
    return f"{first} {link} {format_amount(high, unit)}"


def rounds_to_nothing(value: float, unit: str) -> bool:
    """Return whether the amount is written as 0."""
    return _write(value, unit) == "0"


def last_digit(value: float, unit: str) -> float:
    """Return how much one unit of the last digit is worth that is written of an amount."""
    divisor, _, decimals = _precision(value, unit)
    return divisor / float(10**decimals)


def round_as_written(value: float, unit: str) -> float:
    """Return the amount that is read where this one is written."""
    divisor, _, decimals = _precision(value, unit)
    return round(value / divisor, decimals) * divisor


def format_value(feature: Feature, value: FeatureValue) -> str:
    """Return a value as a person writes it: ``$2.1M``, ``35 %``, ``7.2 of 10``, ``14 months``, ``not known``."""
    if value is None:
        return "not known"
    if isinstance(value, str):
        return value
    if feature.unit in _WRITTEN_AS_AMOUNTS:
        return format_amount(value, feature.unit)
    number = _unsigned_zero(_trim(f"{value:,.{_decimals(feature, value)}f}"))
    return f"{number} {agreeing(feature.unit, number)}".rstrip()


def round_value(feature: Feature, value: float) -> float:
    """Return the number that is read where this one is written as a value of the feature."""
    if feature.unit in _WRITTEN_AS_AMOUNTS:
        return round_as_written(value, feature.unit)
    return round(value, _decimals(feature, value))


def _decimals(feature: Feature, value: float) -> int:
    return _precision(value, "")[2] if abs(value) < _HUNDREDTHS and not feature.unit else 1


def _write(value: float, unit: str) -> str:
    """Return the number of an amount without its unit."""
    divisor, letter, decimals = _precision(value, unit)
    return _unsigned_zero(_trim(f"{value / divisor:,.{decimals}f}")) + letter


def _precision(value: float, unit: str) -> tuple[float, str, int]:
    """Return what an amount is divided by, the letter that says so, and how many decimals are written."""
    if unit == "%":
        return 0.01, "", 1
    if unit == "0-10":
        return 1.0, "", 1
    size = abs(value)
    for threshold, step, letter in _MAGNITUDES:
        if size >= (threshold if unit == "$" or letter != "K" else _WRITTEN_OUT):
            return step, letter, 1
    if not unit and size < _HUNDREDTHS:
        return 1.0, "", 3 if size < _THOUSANDTHS else 2
    return 1.0, "", int(unit != "$" and size < _TENTHS)


def _unsigned_zero(number: str) -> str:
    return "0" if number == "-0" else number


def _trim(number: str) -> str:
    whole, point, decimals = number.partition(".")
    kept = decimals.rstrip("0")
    return f"{whole}{point}{kept}" if kept else whole


def agreeing(unit: str, number: str) -> str:
    """Return the noun in the singular beside a single one: ``patient``, ``square metre``, ``hour per week``."""
    if number not in {"1", "-1"}:
        return unit
    head, per, rest = unit.partition(" per ")
    return f"{_singular(head)}{per}{rest}"


def _singular(noun: str) -> str:
    if noun.endswith("ies"):
        return f"{noun.removesuffix('ies')}y"
    if noun.endswith(("ches", "shes", "sses", "xes")):
        return noun.removesuffix("es")
    return noun if noun.endswith("ss") else noun.removesuffix("s")
