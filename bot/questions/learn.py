"""Learn the intents from the examples: ``python -m bot.questions.learn`` after these were changed."""

from __future__ import annotations

import hashlib
import random
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from bot.questions.changes import supposes
from bot.questions.intents import NONE, UNKNOWN, WEIGHTS, runs, stemmed
from bot.questions.reading import Amount, Token
from bot.questions.vocabulary import Name
from bot.questions.words import written_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from bot.brief import Driver

EXAMPLES: Final = Path(__file__).with_name("examples.toml")
_SAMPLES: Final = 30  # of the ways to read one line of the examples
_SEED: Final = 7
_STRENGTH: Final = 4.0  # the inverse of the regularisation
_LEAST_HEED: Final = 6.0  # of a line, however few ways there are to read it
_LEAST_WEIGHT: Final = 0.1
_NAMED: Final = frozenset({"<feature>", "<either>"})
_CHOICE: Final = re.compile(r"\{(\w+)\}|\(([^()]*)\)")
_SLOTS: Final = frozenset({"FEATURE", "EITHER", "CATEGORY", "NUMBER", "MONEY", "OTHER", "QUERY"})


def learn(examples: Mapping[str, Mapping[str, str]]) -> dict[str, NDArray[Any]]:
    """Return the model of these examples as arrays."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    said: list[tuple[str, tuple[str, ...]]] = []
    heed: list[float] = []
    lines = Counter[str]()
    chance = random.Random(_SEED)  # noqa: S311 # which of many alternatives are learned
    for label, told in examples.items():
        for line in (told.get("lines", "") + told.get("asked", "")).strip().splitlines():
            ways = sorted({tuple(_read(line, examples["words"], chance)) for _ in range(_SAMPLES)})
            lines.update({each for words in ways for each in stemmed(words)})
            said += [(label, words) for words in ways]
            heed += [max(1.0, _LEAST_HEED / len(ways))] * len(ways)
    table, labels, weights = [], [], []
    for (label, words), weight in zip(said, heed, strict=True):
        stems = stemmed(words)
        # Once more as if words of a single line had never been seen: what an unknown word means is learned, too.
        for heard in {tuple(stems), tuple(each if lines[each] > 1 else UNKNOWN for each in stems)}:
            table.append(runs(heard, supposes=supposes([_token(word, place) for place, word in enumerate(words)])))
            labels.append(label)
            weights.append(weight)
    vectorizer = CountVectorizer(analyzer=sorted, binary=True, min_df=2)
    model = LogisticRegression(C=_STRENGTH, max_iter=200, tol=1e-3).fit(
        vectorizer.fit_transform(table), labels, sample_weight=weights
    )
    learned = model.coef_.T
    kept = np.abs(learned).max(axis=1) >= _LEAST_WEIGHT
    answered = {each for label, words in said if label != NONE for each in stemmed(words)}
    return {
        "foreign": np.array(" ".join(sorted(set(lines) - answered))),
        "names": np.array(" ".join(model.classes_)),
        "runs": np.array("\n".join(vectorizer.get_feature_names_out()[kept])),
        "weights": learned[kept].astype(np.float16),
        "bias": model.intercept_.astype(np.float32),
        "known": np.array(" ".join(sorted({word for _, words in said for word in words}))),
    }


def digest() -> str:
    """Return the digest of the examples as they are."""
    return hashlib.sha256(EXAMPLES.read_bytes()).hexdigest()


def _read(line: str, words: Mapping[str, str], chance: random.Random) -> Iterator[str]:
    """Read a line of the examples in one of its ways."""
    while found := _CHOICE.search(line):
        choices = words[found[1]] if found[1] else found[2]
        line = f"{line[: found.start()]}{chance.choice(choices.split('|'))}{line[found.end() :]}"
    for word in re.findall(r"\w+", line):
        if word == "AMOUNT":
            yield chance.choice(("<amount>", "<amount>", "<money>"))
        elif word in _SLOTS:
            yield f"<{word.lower()}>"
        else:
            yield from written_out(word.lower())


def _token(word: str, place: int) -> Token:
    """Return a token as a question would have it in this place."""
    amount = Amount(value=5.0) if word in {"<number>", "<amount>", "<money>"} else None
    # Of a feature only matters that it is not the same as another one.
    any_driver = cast("Driver", None)
    name = Name(driver=any_driver, label=frozenset({str(place)}), column=frozenset()) if word in _NAMED else None
    return Token(word=word, start=0, end=0, amount=amount, name=name, category="any" if word == "<category>" else "")


if __name__ == "__main__":
    arrays = learn(tomllib.loads(EXAMPLES.read_text("utf-8")))
    np.savez_compressed(EXAMPLES.with_name(WEIGHTS), allow_pickle=False, digest=np.array(digest()), **arrays)
