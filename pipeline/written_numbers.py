"""Numbers as people write them: ``$1,234.50``, ``(500)``, ``1.5M``, ``12 %``, ``1.234,50``, ``$ -``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    import numpy.typing as npt

    Mask = npt.NDArray[np.bool_]

_PLAIN: Final = r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
_CURRENCY: Final = r"\$|€|£|¥|US\$|USD|EUR|GBP|JPY|CHF"
_GAP: Final = "[ \u00a0\u202f]"
_SIGN: Final = "[-+\u2212]"
_DASH: Final = "[-\u2013]"
# What may stand between thousands beside point and comma.
_OTHER_GAPS: Final = " '\u2019\u00a0\u202f"
_WRITTEN: Final = (
    rf"^(?P<open>\(?){_GAP}*(?P<sign>{_SIGN}?){_GAP}*(?P<before>{_CURRENCY})?{_GAP}*(?P<inner>{_SIGN}?){_GAP}*"
    rf"(?P<body>[0-9.,'{_OTHER_GAPS}]*[0-9]|{_DASH}){_GAP}*(?P<magnitude>k|K|m|M|B|bn|mn|Mio\.|Mrd\.)?{_GAP}*"
    rf"(?P<percent>%?){_GAP}*(?P<after>{_CURRENCY})?(?P<close>\)?)$"
)
# Between thousands; a group never begins with a zero, so 0.125 is no thousands.
_POINT: Final = rf"^[1-9][0-9]{{0,2}}([,{_OTHER_GAPS}][0-9]{{3}})+([.][0-9]+)?$|^[0-9]*[.]?[0-9]+$"
_COMMA: Final = rf"^[1-9][0-9]{{0,2}}([.{_OTHER_GAPS}][0-9]{{3}})+(,[0-9]+)?$|^[0-9]*,?[0-9]+$"
_MAGNITUDES: Final = {"k": 1e3, "K": 1e3, "m": 1e6, "M": 1e6, "mn": 1e6, "Mio.": 1e6, "B": 1e9, "bn": 1e9, "Mrd.": 1e9}
_CURRENCY_SIGNS: Final = {"US$": "$", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenNumbers:
    """Texts taken apart as numbers, their decimal mark not yet decided.

    All arrays have one entry a text. ``understood`` says which texts are numbers at all; of these ``point`` and
    ``comma`` say which can be read with that decimal mark; those of which only one holds are evidence for it.
    ``currency`` is a sign or nothing, ``factor`` holds minus, magnitude and percent.
    """

    understood: Mask
    point: Mask
    comma: Mask
    percent: Mask
    currency: pa.Array
    factor: npt.NDArray[np.float64]
    bodies: pa.Array

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies of the texts that are numbers."""
        found = pc.unique(pc.filter(self.currency, pa.array(self.understood))).to_pylist()
        return tuple(sorted(sign for sign in found if sign))

    @property
    def point_only(self) -> Mask:
        """Which texts can only be read with a decimal point."""
        return self.understood & self.point & ~self.comma

    @property
    def comma_only(self) -> Mask:
        """Which texts can only be read with a decimal comma."""
        return self.understood & self.comma & ~self.point

    @property
    def ambiguous(self) -> Mask:
        """Which texts mean another number with the other mark, such as 1,234."""
        marked = _matches(self.bodies, "[.,]")
        return self.understood & self.point & self.comma & marked

    def read(self, mark: str) -> npt.NDArray[np.float64]:
        """Return the numbers as read with this decimal mark, NaN for what is none."""
        fits = self.understood & (self.comma if mark == "," else self.point)
        group, decimal = (".", ",") if mark == "," else (",", ".")
        joined = pc.replace_substring_regex(self.bodies, f"[{group}{_OTHER_GAPS}]", "")
        digits = pc.replace_substring(joined, decimal, ".")
        cast = pc.cast(pc.if_else(pa.array(fits), digits, pa.scalar(None, pa.string())), pa.float64())
        return np.asarray(cast.fill_null(np.nan), dtype=np.float64) * self.factor


def take_apart(texts: pa.Array) -> WrittenNumbers:
    """Take texts apart that have no space around them."""
    plain = _matches(texts, _PLAIN)
    exponent = plain & _matches(texts, "[eE]")
    if exponent.any():
        # An exponent is what programs write, always with a point: spell such numbers out.
        numbers = pc.cast(pc.filter(texts, pa.array(exponent)), pa.float64()).to_pylist()
        texts = pc.replace_with_mask(texts, pa.array(exponent), pa.array([f"{number:.12f}" for number in numbers]))
    if plain.all():
        negative = _matches(texts, "^-")
        bodies = pc.replace_substring_regex(texts, "^[+-]", "")
        return WrittenNumbers(
            understood=plain,
            point=plain,
            comma=_matches(bodies, _COMMA) & ~exponent,
            percent=np.zeros(len(texts), dtype=bool),
            currency=pa.array([""]).take(pa.array(np.zeros(len(texts), dtype=np.int64))),
            factor=np.where(negative, -1.0, 1.0),
            bodies=bodies,
        )
    return _take_written_apart(texts, exponent)


def _take_written_apart(texts: pa.Array, exponent: Mask) -> WrittenNumbers:
    parts = pc.extract_regex(texts, _WRITTEN)
    part = {field.name: pc.struct_field(parts, field.name) for field in parts.type}
    bracketed, closed = _filled(part["open"]), _filled(part["close"])
    nothing = _matches(part["body"], f"^{_DASH}$")
    currency = _currencies(part["before"], part["after"])
    point, comma = _matches(part["body"], _POINT) | nothing, _matches(part["body"], _COMMA) | nothing
    without_currency = ~_filled(currency)
    understood = (
        np.asarray(pc.is_valid(parts))
        & (point | comma)
        & (bracketed == closed)
        & ~(nothing & without_currency)  # a dash alone is no number; behind a currency it is accountants' zero
        & ~(_matches(part["magnitude"], "^m$") & without_currency)  # minutes, metres, millions
    )
    signs = [_matches(part[name], "[-\u2212]") for name in ("sign", "inner")]
    negative = bracketed ^ signs[0] ^ signs[1]
    percent = _filled(part["percent"])
    letters = pc.fill_null(part["magnitude"], "").dictionary_encode()
    scales = np.array([_MAGNITUDES.get(letter, 1.0) for letter in letters.dictionary.to_pylist()], dtype=np.float64)
    scale = scales[np.asarray(letters.indices)]
    return WrittenNumbers(
        understood=understood,
        point=point,
        comma=comma & ~exponent,
        percent=percent & understood,
        currency=currency,
        factor=np.where(negative, -1.0, 1.0) * scale * np.where(percent, 0.01, 1.0),
        bodies=pc.if_else(pa.array(nothing), "0", part["body"]),
    )


def _currencies(before: pa.Array, after: pa.Array) -> pa.Array:
    found = pc.if_else(pc.equal(pc.fill_null(before, ""), ""), pc.fill_null(after, ""), before)
    encoded = found.dictionary_encode()
    return pa.array([_CURRENCY_SIGNS.get(sign, sign) for sign in encoded.dictionary.to_pylist()], pa.string()).take(
        encoded.indices
    )


def _matches(texts: pa.Array, pattern: str) -> Mask:
    return np.asarray(pc.match_substring_regex(texts, pattern).fill_null(False), dtype=np.bool_)


def _filled(texts: pa.Array) -> Mask:
    return np.asarray(pc.not_equal(pc.fill_null(texts, ""), ""), dtype=np.bool_)
