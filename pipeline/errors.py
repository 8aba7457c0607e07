"""What can go wrong on the way from accounts to a published snapshot, each in one sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class PipelineError(Exception):
    """Base of every error of the pipeline; its text is a sentence for the person who started the build."""


class ConfigError(PipelineError):
    """Settings of a build that cannot work; ``faults`` has one clause for each of them."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__(f"The build was not started: {'; '.join(self.faults)}.")


class TooFewGroupsError(PipelineError):
    """Too few companies, or too few rows, to leave some of them out in turn."""

    def __init__(self, found: int, *, needed: int) -> None:
        super().__init__(
            f"There are {found} independent rows to learn from, and {needed} is the least that models can be compared "
            f"on; nothing was published. Build from more rows, or from more companies where rows are grouped."
        )


class TooFewTimesError(PipelineError):
    """Too few moments to predict the later ones from the earlier ones."""

    def __init__(self, found: int, *, needed: int) -> None:
        super().__init__(
            f"The rows are of {found} different moments, so unevenly spread that they make no {needed} blocks in order "
            f"of time; nothing was published. Build from more moments, or leave the time column out of the pack."
        )


class AdditivityError(PipelineError):
    """An explanation that does not add up to the prediction it explains, which is a fault of this program."""

    def __init__(self, account_id: str, *, what: str, expected: float, found: float) -> None:
        whole = "its prediction is" if what == "explanation" else "a SHAP value is"
        super().__init__(
            f"The {what} of {account_id} adds up to {found!r} where {whole} {expected!r}; nothing was published, "
            f"because this is a fault in precall: please report it with the seed of the build."
        )


class NoRulesError(PipelineError):
    """A snapshot that does not keep the rules by which its actions were given."""

    def __init__(self, snapshot_id: str) -> None:
        super().__init__(
            f"Snapshot {snapshot_id} does not say by which rules actions were given, so they cannot be given again; "
            f"build a new one with `precall build`."
        )


class NoSuchAccountError(PipelineError):
    """An account that a snapshot does not have."""

    def __init__(self, account_id: str) -> None:
        self.account_id = account_id
        super().__init__(f"There is no account {account_id!r} in this snapshot.")


class UnknownFeatureError(PipelineError):
    """A feature that no model of a snapshot reads; ``closest`` are the names most like it."""

    def __init__(self, name: str, *, closest: Sequence[str]) -> None:
        self.name, self.closest = name, tuple(closest)
        super().__init__(f"There is no feature {name!r}; the closest are {', '.join(closest)}.")


class ImpossibleValueError(PipelineError):
    """A value that a feature cannot have; ``feasible`` says which it can."""

    def __init__(self, label: str, *, value: str, feasible: str) -> None:
        self.label, self.value, self.feasible = label, value, feasible
        super().__init__(f"{label} cannot be {value}: it is {feasible}.")


class UntrustedArtefactError(PipelineError):
    """A model file that holds types which no model of ours is made of."""

    def __init__(self, types: Sequence[str]) -> None:
        super().__init__(
            f"The model file holds {', '.join(sorted(types))}, which no model of precall is made of, so it was not "
            f"read; build a new snapshot with `precall build`."
        )


class DamagedArtefactError(PipelineError):
    """A model file that cannot be read as one."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(
            f"The model file cannot be read ({type(cause).__name__}); build a new snapshot with `precall build`."
        )


class UnknownRulesError(PipelineError):
    """A snapshot that does not say by which rules its actions were given."""

    def __init__(self, snapshot_id: str) -> None:
        super().__init__(
            f"Snapshot {snapshot_id} does not keep the rules by which its actions were given, so they cannot be given "
            f"again; `precall build` publishes one that does."
        )


class UnknownPackError(PipelineError):
    """A pack that is neither shipped nor a file."""

    def __init__(self, source: str, shipped: Sequence[str]) -> None:
        super().__init__(
            f"There is no pack {source!r}. Name a file or one of {', '.join(shipped)}; `precall init` drafts "
            f"a file from a table."
        )
        self.source = source


class FaultyPackError(PipelineError):
    """A pack that says too little, too much or contradicts itself; ``faults`` has one clause for each."""

    def __init__(self, source: str, faults: Sequence[str]) -> None:
        self.source = source
        self.faults = tuple(faults)
        super().__init__(f"The pack {source} cannot be used: {'; '.join(self.faults)}.")


class ExistingFileError(PipelineError):
    """A file that was to be written and is there already."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is there already and was left as it is; name another file.")


class UnwritableFileError(PipelineError):
    """A file that cannot be written."""

    def __init__(self, path: Path, cause: OSError) -> None:
        super().__init__(f"{path} cannot be written ({cause.strerror}); name another file.")


class ChangedColumnsError(PipelineError):
    """Columns that mean something else than in the data that the models learnt from; ``faults`` has one for each."""

    def __init__(self, source: str, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__(
            f"{source} was not scored, because columns changed their meaning: {'; '.join(self.faults)}. Correct them, "
            f"or build a new snapshot from such data."
        )


class NoIdsError(PipelineError):
    """A table of accounts that cannot be told apart."""

    def __init__(self, source: str, *, why: str) -> None:
        super().__init__(f"{source} was not scored: {why}.")


class NothingToScoreError(PipelineError):
    """A table without any column that the models read."""

    def __init__(self, source: str, features: Sequence[str]) -> None:
        super().__init__(
            f"{source} was not scored: it has none of the columns that the models read ({', '.join(features)})."
        )


class NothingToModelError(PipelineError):
    """A source without a pack in which no outcome, or nothing to predict it from, was recognised."""

    def __init__(self, source: str) -> None:
        super().__init__(
            f"{source} cannot be modelled as it is: a build needs a column that tells accounts apart, one of numbers "
            f"to predict, and at least one more to predict it from. `precall init {source} --out pack.toml` writes "
            "down what was recognised; correct that and name it with --pack."
        )
