"""Words that everybody writes and that name nobody, though they may begin a sentence with a capital."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from english_words import get_english_words_set

# What Webster's Second (1934), the list that tells words from names by their capitals, does not have.
_NEWER: Final = frozenset(
    """
    app apps bandwidth box buyout chatbot checklist codebase dataset demo downtime earlier email emails freemium
    handoff handover having headcount headwind inbox landmine licence lifecycle logins longterm metadata
    microservice mindset monetise neighbour offboarding offline onboarding online onsite opt-in payback pricing
    programme quickstart reorg roadmap rollout runbook scorecard screenshot self-service shortlist sign-off signup
    spreadsheet standup tailwind timeline touchpoint two-thirds upfront upsell uptime username walkthrough webinar
    website workflow worldwide
    """.split()
)
# Words of the language that well-known vendors have taken for their names.
_TAKEN: Final = frozenset(
    """
    amplitude apple confluence elastic gong intercom notion oracle pendo sage snowflake stripe veritas workday zoom
    """.split()
)
_SHORT: Final = re.compile(r"(?:n['\u2019]t|['\u2019](?:s|re|ve|ll|d|m))$")
_FORMS: Final = (
    ("ies", "y"),
    ("ied", "y"),
    ("ier", "y"),
    ("iest", "y"),
    ("es", "e"),
    ("es", ""),
    ("s", ""),
    ("ed", "e"),
    ("ed", ""),
    ("er", ""),
    ("er", "e"),
    ("est", ""),
    ("est", "e"),
    ("ing", ""),
    ("ing", "e"),
)


@lru_cache(maxsize=65_536)
def is_common(word: str) -> bool:
    """Return whether this is a word of the language, in any of its usual forms, rather than a name."""
    folded = _SHORT.sub("", word.casefold())
    if "-" in folded:
        return folded in _NEWER or all(is_common(part) for part in folded.split("-") if part)
    if folded in _TAKEN:
        return False
    bases = {folded, *(folded.removesuffix(ending) + instead for ending, instead in _FORMS if folded.endswith(ending))}
    # "planned", "bigger": the consonant is doubled
    bases |= {base[:-1] for base in bases if len(base) > 3 and base[-1] == base[-2]}  # noqa: PLR2004 # letters
    return not bases.isdisjoint(_NEWER) or not bases.isdisjoint(_lower_case_words())


@lru_cache(maxsize=1)
def _lower_case_words() -> frozenset[str]:
    """Return the words that Webster's Second writes without a capital."""
    return frozenset(word for word in get_english_words_set(["web2"]) if word.islower())
