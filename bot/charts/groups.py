"""Which dots of a panel look alike: those with as many actions, or with a like value of the partner feature."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from bot.charts.canvas import points
from bot.charts.scales import value_words
from storage.records import FeatureKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from storage.records import Feature, FeatureValue

    Members = npt.NDArray[np.bool_]

_NONE: Final = "#B4B4B4"
_ACTIONS: Final = ("#7FCDBB", "#41B6C4", "#1D91C0", "#225EA8", "#081D58")  # ColorBrewer YlGnBu: darker is more
# A form beside each colour, so that no group is told by colour alone.
_PARTNERS: Final = (("o", "#7FCDBB"), ("s", "#1D91C0"), ("^", "#081D58"), ("D", "#E69F00"))
_NOT_KNOWN: Final = "not known"
_OTHERS: Final = "others"
_CATEGORIES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Dots that look alike: the words of the legend, which entries of the panel they are, and their look."""

    label: str
    members: Members
    look: dict[str, Any]


def action_groups(actions: Sequence[int], *, most: int) -> list[Group]:
    """Return a group for each number of actions that occurs: the more, the larger and the darker its dots."""
    given = np.asarray(actions, dtype=int)
    return [
        Group(label=str(level), members=given == level, look=action_look(level, most)) for level in sorted(set(actions))
    ]


def action_look(level: int, most: int) -> dict[str, Any]:
    """Return the look of an account with this many actions."""
    share = level / most
    colour = _ACTIONS[min(math.ceil(share * len(_ACTIONS)), len(_ACTIONS)) - 1] if level else _NONE
    return _look("o", colour, pixels=12 + 14 * share)


def partner_groups(feature: Feature, values: Sequence[FeatureValue]) -> list[Group]:
    """Return the groups of a partner feature: thirds of its numbers, or its most frequent categories and the others."""
    known = np.array([value is not None for value in values], dtype=bool)
    make = _thirds if feature.kind is FeatureKind.NUMBER else _categories
    groups = [
        Group(label=label, members=members, look=_look(marker, colour, pixels=18))
        for (label, members), (marker, colour) in zip(make(feature, values), _PARTNERS, strict=False)
    ]
    if not known.all():
        groups.insert(0, Group(label=_NOT_KNOWN, members=~known, look=_look("x", _NONE, pixels=14)))
    return groups


def _thirds(feature: Feature, values: Sequence[FeatureValue]) -> list[tuple[str, Members]]:
    """Return the thirds, lowest first; fewer where so many accounts share a value that there are no three."""
    numbers = np.array([math.nan if value is None else float(value) for value in values])
    known = np.sort(numbers[~np.isnan(numbers)])
    if not known.size:
        return []
    starts = sorted({float(known[known.size * third // 3]) for third in range(3)})
    thirds = []
    for start, end in zip(starts, [*starts[1:], math.inf], strict=True):
        members = (numbers >= start) & (numbers < end)
        low, high = float(numbers[members].min()), float(numbers[members].max())
        if end == math.inf and len(starts) > 1:
            label = f"from {value_words(feature, low)}"
        elif start == starts[0] and len(starts) > 1:
            label = f"up to {value_words(feature, high)}"
        else:
            label = " to ".join(dict.fromkeys(value_words(feature, value) for value in (low, high)))
        thirds.append((label, members))
    return thirds


def _categories(_: Feature, values: Sequence[FeatureValue]) -> list[tuple[str, Members]]:
    names = np.array(["" if value is None else str(value) for value in values], dtype=object)
    known = np.array([value is not None for value in values], dtype=bool)
    shown = [name for name, _ in Counter(names[known]).most_common(_CATEGORIES)]
    groups = [(name, known & (names == name)) for name in shown]
    others = known & ~np.isin(names, shown)
    return [*groups, (_OTHERS, others)] if others.any() else groups


def _look(marker: str, colour: str, *, pixels: float) -> dict[str, Any]:
    crossed = marker == "x"
    return {
        "marker": marker,
        "markersize": points(pixels),
        "markerfacecolor": colour,
        "markeredgecolor": colour if crossed else "white",
        "markeredgewidth": points(3 if crossed else 1.5),
    }
