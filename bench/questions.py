"""How well authors' questions are understood when others' alone are learned from, each with its arguments.

Every third author is left out and asked of what was learned from all others. The last rows are of authors from whom
nothing was learned, asked of what is shipped.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, NamedTuple

from row import Row

from bot.questions.learn import ASKED, EXAMPLES, is_same_call, learn, read_asked, vocabulary_of
from bot.questions.learned import learned, unpack
from bot.questions.recognise import recognise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.questions.learn import Asked
    from bot.questions.learned import Learned

PACKAGES = ("scikit-learn",)
LEFT_OUT = 3  # one author of so many
SAMPLE = 20  # of the questions that are learned from, where it has to be quick
FEWEST = 200  # questions of an author, for a figure of its own
UNSEEN = ASKED[0].with_name("questions_unseen.toml")


class Understood(NamedTuple):
    """Of an author's questions: how many were asked, have an answer, got the right call, got a wrong one."""

    asked: int
    answered: int
    right: int
    wrong: int

    def row(self, title: str) -> Row:
        """Return the share that is right of those that have an answer."""
        note = f"of {self.answered} with an answer; {self.wrong} of {self.asked} taken for another"
        return Row(title, 100 * self.right / self.answered, unit="%", note=note)


def rows(*, quick: bool) -> Iterator[Row]:
    asked, unseen = read_asked(ASKED), read_asked([UNSEEN])
    examples = tomllib.loads(EXAMPLES.read_text("utf-8"))
    authors = sorted({one.author for one in asked})
    authors = [each for each in authors if sum(one.author == each for one in asked) >= FEWEST]
    left_out = authors[::LEFT_OUT]
    taught = [one for one in asked if one.author not in left_out]
    model = unpack(learn(examples, taught[::SAMPLE] if quick else taught))
    for author in left_out:
        yield measure([one for one in asked if one.author == author], model).row(f"author {author}, left out")
    for author in sorted({one.author for one in unseen}):
        yield measure([one for one in unseen if one.author == author], learned()).row(f"author {author}, unseen")


def measure(asked: Sequence[Asked], model: Learned) -> Understood:
    vocabulary = vocabulary_of(asked)
    calls = [recognise(one.text, vocabulary, earlier=[one.before] if one.before else [], model=model) for one in asked]
    pairs = [(one.call, call) for one, call in zip(asked, calls, strict=True)]
    return Understood(
        asked=len(asked),
        answered=sum(meant is not None for meant, _ in pairs),
        right=sum(call is not None and is_same_call(call, meant) for meant, call in pairs),
        wrong=sum(call is not None and not is_same_call(call, meant) for meant, call in pairs),
    )
