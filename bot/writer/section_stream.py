"""Sections of a plan that is still being written, each as soon as it is whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import jiter

from bot.plan import Section, SectionName, Statement
from bot.writer.prompt import WRITTEN

if TYPE_CHECKING:
    from collections.abc import Sequence

OnText: TypeAlias = Callable[[str], None]
Publish: TypeAlias = Callable[[Section], None]

_NAMES = frozenset(name.value for name in SectionName)


def ignore(_: object) -> None:
    """Do nothing with what is given while a text is written."""


class SectionStream:
    """Reads the JSON of a plan while it grows, and gives every section to ``publish`` once.

    A section is whole when the next key has begun: the properties come in the order of the schema. What does not read
    as statements is passed over here; whoever reads the finished text says what is wrong with it.
    """

    def __init__(self, publish: Publish, *, check: Callable[[Sequence[Statement]], tuple[Statement, ...]]) -> None:
        self._publish, self._check = publish, check
        self._seen: set[str] = set()

    def read(self, text: str) -> None:
        """Look at all that is written so far."""
        try:
            written = jiter.from_json(text.encode(), partial_mode=True)
        except ValueError:
            return
        plan = written.get(WRITTEN) if isinstance(written, dict) else None
        if not isinstance(plan, dict):
            return
        whole = list(plan)[:-1]
        for name in whole:
            if name in self._seen or name not in _NAMES:
                continue
            self._seen.add(name)
            kept = self._check(_statements(plan[name]))
            self._publish(Section(name=SectionName(name), statements=kept))


def _statements(written: Any) -> tuple[Statement, ...]:
    try:
        return tuple(
            Statement(text=" ".join(each["text"].split()), evidence=tuple(dict.fromkeys(map(str, each["evidence"]))))
            for each in written
        )
    except (AttributeError, KeyError, TypeError):
        return ()
