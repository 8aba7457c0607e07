"""What can be wrong with constraints, each in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.errors import PipelineError

if TYPE_CHECKING:
    from collections.abc import Sequence


class ConstraintError(PipelineError):
    """Constraints that say something impossible or name what does not exist; ``faults`` has a clause for each."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__(f"The constraints cannot be used: {'; '.join(self.faults)}.")


class InfeasibleError(PipelineError):
    """Constraints that contradict one another; ``limits`` names a smallest set of them that still does."""

    def __init__(self, limits: Sequence[str], *, conflict: str, relax: Sequence[str]) -> None:
        self.limits, self.relax = tuple(limits), tuple(relax)
        super().__init__(f"{conflict} {self._way_out()}")

    def _way_out(self) -> str:
        text = ", or ".join(self.relax)
        return f"{text[0].upper()}{text[1:]}."
