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
from bot.questions.intents import NONE, WEIGHTS, signs, stemmed
from bot.questions.reading import Amount, Token
from bot.questions.vocabulary import Name
from bot.questions.words import written_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from bot.brief import Driver

EXAMPLES: Final = Path(__file__).with_name("examples.toml")
TEMPLATES: Final = "lines"  # what is under any other name was asked by somebody
_SAMPLES: Final = 12  # of the ways to read one line of the examples
_SEED: Final = 7
_STRENGTH: Final = 4.0  # the inverse of the regularisation
_HEED_OF_TEMPLATE: Final = 6.0  # of a line at least, however few ways there are to read it
_HEED_OF_QUESTION: Final = 4.0
_RARE: Final = 2  # times that a word is said
_LEAST_TIMES: Final = 3  # twice are the two times that each line is learned
_LEAST_WEIGHT: Final = 0.05
_NAMED: Final = frozenset({"<feature>", "<either>"})
_CHOICE: Final = re.compile(r"\{(\w+)\}|\(([^()]*)\)")
_SLOTS: Final = frozenset({"FEATURE", "EITHER", "CATEGORY", "NUMBER", "MONEY", "OTHER", "QUERY"})


def learn(examples: Mapping[str, Mapping[str, str]], *, without: str = "") -> dict[str, NDArray[Any]]:
    """Return the model of these examples as arrays, as if the questions of one author had not been asked."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    said: list[tuple[str, tuple[str, ...], float]] = []
    chance = random.Random(_SEED)  # noqa: S311 # which of many alternatives are learned
    for label, told in examples.items():
        for author, lines in told.items():
            if label == "words" or author == without:
                continue
            for line in lines.strip().splitlines():
                ways = {tuple(_read(line, examples["words"], chance)) for _ in range(_SAMPLES)}
                heed = max(1.0, (_HEED_OF_TEMPLATE if author == TEMPLATES else _HEED_OF_QUESTION) / len(ways))
                said += [(label, words, heed) for words in sorted(ways)]
    times = Counter(each for _, words, _ in said for each in set(stemmed(words)))
    table, labels, weights = [], [], []
    for label, words, weight in said:
        supposed = supposes([_token(word, place) for place, word in enumerate(words)])
        # Once more as if rare words had never been seen: what an unknown word means is learned, too.
        for least in (1, _RARE):
            known = {each for each in stemmed(words) if times[each] >= least}
            table.append(signs(stemmed(words), known=known, supposes=supposed))
            labels.append(label)
            weights.append(weight)
    vectorizer = CountVectorizer(analyzer=sorted, binary=True, min_df=_LEAST_TIMES)
    model = LogisticRegression(C=_STRENGTH, max_iter=250, tol=1e-3).fit(
        vectorizer.fit_transform(table), labels, sample_weight=weights
    )
    learned = model.coef_.T
    kept = np.abs(learned).max(axis=1) >= _LEAST_WEIGHT
    answered = {each for label, words, _ in said if label != NONE for each in stemmed(words)}
    return {
        "foreign": np.array(" ".join(sorted(set(times) - answered))),
        "names": np.array(" ".join(model.classes_)),
        "signs": np.array("\n".join(vectorizer.get_feature_names_out()[kept])),
        "weights": learned[kept].astype(np.float16),
        "bias": model.intercept_.astype(np.float32),
        "known": np.array(" ".join(sorted({word for _, words, _ in said for word in words}))),
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
