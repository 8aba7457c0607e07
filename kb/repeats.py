"""Passages that say nearly the same as another one: the footer of every contract, last year's edition of a leaflet.

Two passages are alike when at least 80 % of their runs of five words are common (Jaccard's coefficient of the sets;
Broder, 1997, "On the resemblance and containment of documents"). Candidates share one of each other's eight smallest
hashes, so that not every pair is compared.
"""

import re
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from kb.passages import Passage

ALIKE: Final = 0.8

_SHINGLE_WORDS: Final = 5
_SKETCH: Final = 8
_MOST_COMPARED: Final = 50  # passages with the same hash; more than that is a hash of little worth
_FEWEST_WORDS: Final = 8  # shorter ones are headings and table rows, alike by chance


def find_repeats(passages: Sequence[Passage], *, modified: Mapping[str, datetime]) -> dict[str, str]:
    """Return {id of a passage that is repeated: id of the one that stands for it}.

    The one of the newest file stands for the others, in a file the first; ``modified`` says when each file was changed.
    What a demo document says stands for nothing of the user's, who may have a pack that does not see it.
    """
    newest_first = sorted(passages, key=lambda passage: modified[passage.file], reverse=True)
    kept: dict[tuple[str, int], list[tuple[str, frozenset[int]]]] = defaultdict(list)
    repeats: dict[str, str] = {}
    for passage in newest_first:
        shingles = _shingles(passage.text)
        if not shingles:
            continue
        sketch = sorted(shingles)[:_SKETCH]
        candidates = {each[0]: each for hashed in sketch for each in kept[passage.pack, hashed][:_MOST_COMPARED]}
        twin = next((id_ for id_, other in candidates.values() if _alike(shingles, other)), None)
        if twin is not None:
            repeats[passage.passage_id] = twin
        else:
            for hashed in sketch:
                kept[passage.pack, hashed].append((passage.passage_id, shingles))
    return repeats


def _shingles(text: str) -> frozenset[int]:
    words = re.findall(r"\w+", text.casefold())
    if len(words) < _FEWEST_WORDS:
        return frozenset()
    runs = (" ".join(words[start : start + _SHINGLE_WORDS]) for start in range(len(words) - _SHINGLE_WORDS + 1))
    return frozenset(zlib.crc32(run.encode()) for run in runs)


def _alike(one: frozenset[int], other: frozenset[int]) -> bool:
    common = len(one & other)
    return common >= ALIKE * (len(one) + len(other) - common)
