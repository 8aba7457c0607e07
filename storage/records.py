"""The values that every package shares: what a snapshot holds, as frozen records."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

FeatureValue: TypeAlias = float | str | None
"""A number, a category, or None where the source had no value."""

WIDEST_SPAN: Final = 0.5
"""An interval that holds more than this share of all predictions is too wide to rank its account by."""


BIG_MOVE: Final = 0.1
"""From this share of the previous prediction on, a change is one that a person should hear of unasked."""


class FeatureKind(StrEnum):
    """What the values of a feature are."""

    NUMBER = "number"
    CATEGORY = "category"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A column that the model reads.

    ``unit`` is one of ``""`` (a count), ``"$"``, ``"%"`` (the value 0.35 reads 35 %), ``"0-10"`` (a score) or a noun in
    the plural (``"months"``).
    """

    name: str
    label: str
    group: str
    unit: str
    kind: FeatureKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """How a business speaks of one of its features before a call; whoever writes a plan composes it from these texts.

    ``many``, ``one`` and ``none`` are the fact as a noun phrase, the first with ``{value}`` in it; ``plural`` says that
    ``many`` takes the verb in the plural. ``opening``, ``need`` and ``action`` serve a feature that lifts the forecast,
    ``pain``, ``risk`` and ``remedy`` one that lowers it; ``{owner}`` in a move is who holds the call. ``metric`` is
    what to reach, said after today's value. ``terms`` are the beginnings of the words by which a passage speaks of it,
    the first two being names of the quantity itself. ``better`` says which end lifts a forecast (``high``, ``low`` or,
    where there is none, nothing) and ``middle`` where the ends meet when the accounts at hand do not tell; no call
    moves what is ``fixed``. ``rival`` says what it tells of the competition: who it is (``name``), how many there are
    (``count``) or how hard it presses (``pressure``); ``compare`` is the question about it.

    All texts are empty where the pack only says what a rep can do about the feature: ``influence`` is ``"rep can
    raise"``, ``"rep can lower"`` or ``"none"``.
    """

    feature: str
    influence: str = "none"
    many: str = ""
    one: str = ""
    none: str = ""
    plural: bool = False
    terms: tuple[str, ...] = ()
    better: str = ""
    middle: float | None = None
    fixed: bool = False
    opening: str = ""
    need: str = ""
    action: str = ""
    remedy: str = ""
    metric: str = ""
    pain: str = ""
    ask: str = ""
    risk: str = ""
    rival: str = ""
    compare: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """How a business gives a promotion: the words for it in passages, what calls for it, and ``how`` to give it.

    Each of ``fits`` is an end of a feature, ``"high support_tickets_90d"`` or ``"low employees"``, the most telling
    first.
    """

    promotion: str
    terms: tuple[str, ...]
    fits: tuple[str, ...]
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensitivity:
    """How strongly an account responds to a promotion, from 0 (not at all) to 1."""

    name: str
    label: str
    value: float


class ReasonKind(StrEnum):
    """What a reason of an allocation speaks of."""

    GIVEN = "given"
    BLOCKED = "blocked"
    LAST = "last action"
    NEXT = "next action"
    LIMIT = "limit"
    CHANGE = "what would change it"
    WORTH = "one more of a limit"
    PROOF = "proof"
    BASELINE = "rule of scores"


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationReason:
    """One sentence on why an account gets as many actions as it does, in the words of the business.

    It names no other account; ``accounts`` are the ids of those that it speaks of, for whoever may see them.
    """

    kind: ReasonKind
    text: str
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionCount:
    """How many actions of one type, which is named in the plural."""

    actions: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """How many of the team's sales actions an account gets, and why.

    ``score`` is the allocator's own score, ``scaled_score`` the same between 0 (lowest account) and 100 (highest), and
    ``rank`` the place by score, 1 being first. ``by_type`` has the types of which there is at least one, nothing where
    actions have no types. ``reason`` is one line, ``reasons`` the whole of it.
    """

    actions: int
    rank: int
    score: float
    scaled_score: float
    reason: str
    by_type: tuple[ActionCount, ...] = ()
    reasons: tuple[AllocationReason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where an account's prediction stands among the others.

    ``percentile`` is the share (0 to 1) of all other accounts that are predicted less, ``book_percentile`` the same
    among the ``book`` accounts of its owner. ``span`` is the share of all accounts whose prediction lies inside this
    account's interval: what the interval leaves open of its place in the ranking.
    """

    percentile: float
    book_percentile: float
    book: int
    span: float

    @property
    def too_wide_to_rank(self) -> bool:
        """Whether the interval holds more than half of all predictions."""
        return self.span > WIDEST_SPAN


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRate:
    """What the outcome was on either side of one question about one feature, over the accounts of the training table.

    ``category`` asks whether the value is this one; without it ``threshold`` asks whether the value is this or more.
    ``count_with`` and ``median_with`` speak of the accounts that answer yes, the other two of those that answer no;
    accounts without a value are in neither.
    """

    feature: str
    threshold: float | None
    category: str | None
    count_with: int
    median_with: float
    count_without: int
    median_without: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """What two features together add to a prediction beyond what each adds alone, in the unit of the target.

    ``first`` and ``second`` are names in the order of the snapshot's features. Over all accounts the value is the mean
    of the absolute ones.
    """

    first: str
    second: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Everything a snapshot says about one account.

    ``predicted``, ``low``, ``high``, ``baseline`` and ``shap`` are in the unit of the target; ``values`` and ``shap``
    stand in the order of the snapshot's features, and ``baseline + sum(shap) == predicted`` within a millionth of it,
    or of the median prediction where that is larger. A value of None was missing in the source; ``owner``, ``region``
    and ``industry`` are empty where there is none. ``promotion`` is the sensitivity that is highest, None where the
    business has no promotions. ``interactions`` are the account's strongest pairs of features, strongest first, few.
    """

    account_id: str
    name: str
    owner: str
    region: str
    industry: str
    predicted: float
    low: float
    high: float
    baseline: float
    standing: Standing
    values: tuple[FeatureValue, ...]
    shap: tuple[float, ...]
    sensitivities: tuple[Sensitivity, ...]
    promotion: Sensitivity | None
    allocation: Allocation
    interactions: tuple[Interaction, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountName:
    """As much of an account as a list of choices needs, and whose it is."""

    account_id: str
    name: str
    owner: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """What the value of one feature adds to a prediction, in the unit of the target."""

    feature: Feature
    value: FeatureValue
    shap: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestRow:
    """One account of a digest: its prediction, its actions and why, and what moves it most, strongest first."""

    account_id: str
    name: str
    owner: str
    region: str
    predicted: float
    low: float
    high: float
    actions: int
    strongest: tuple[Contribution, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """The accounts of one owner in one territory: how many, and how many actions they get."""

    owner: str
    region: str
    accounts: int
    actions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependence:
    """What one feature contributes across accounts: columns of one length, one entry an account.

    Accounts without a value are left out; beyond ``limit`` accounts the reader gives an even sample. ``partners`` are
    the values of another feature, empty unless one was asked for.
    """

    feature: Feature
    values: tuple[float | str, ...]
    shap: tuple[float, ...]
    actions: tuple[int, ...]
    partners: tuple[FeatureValue, ...] = ()


class Verdict(StrEnum):
    """Whether the features tell the accounts apart."""

    SIGNAL = "better than a constant"
    NO_SIGNAL = "no better than a constant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How near predictions came to outcomes that they had not seen, each figure with its standard error.

    ``mae`` is the mean absolute error in the unit of the outcome, ``spearman`` the correlation of the two rankings.
    """

    r2: float
    r2_error: float
    mae: float
    mae_error: float
    spearman: float
    spearman_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateScore:
    """A family of models that was tried, and how well it did on the folds that it was not fitted on."""

    family: str
    score: Score


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The share of outcomes inside their interval, out of fold, among the accounts of one group.

    ``segment`` is what the accounts were grouped by: ``predicted fifth``, or the business's noun for a column.
    """

    segment: str
    name: str
    accounts: int
    coverage: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Accounts that are predicted about the same: their mean prediction, and their mean outcome with its error."""

    accounts: int
    predicted: float
    outcome: float
    outcome_error: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureDrift:
    """How far the values of a feature moved: the population stability index, and the least that is worth a look.

    ``limit`` is 0.1, or what samples of this size exceed by chance once in a hundred times, if that is more.
    """

    feature: str
    psi: float
    limit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What moved since the snapshot that the comparison names, and the mean outcome there."""

    target_mean: float
    features: tuple[FeatureDrift, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """How good the model is, measured on accounts that it had not seen.

    ``candidates`` are all families that were tried, the simplest first; ``family`` is the chosen one. ``score`` is that
    of the whole procedure, choosing included: in each fold it is the family's that was chosen without that fold.
    ``r2_holdout`` is the procedure's on the first fold, the 80/20 split that is reported. ``r2_ceiling`` is the best
    reachable R², known for synthetic accounts only. ``interval_coverage`` is the share of outcomes inside the shown
    interval, out of fold, and ``coverage`` the same by group. ``outcome_rows`` have an outcome; of them
    ``training_rows`` taught the models and ``measured_rows`` gave the score. ``outcome_values`` is how many different
    outcomes there are. ``drift`` is None where nothing was published before.
    """

    verdict: Verdict
    family: str
    outcome_rows: int
    training_rows: int
    measured_rows: int
    outcome_values: int
    seed: int
    target_mean: float
    score: Score
    r2_holdout: float
    r2_ceiling: float | None
    candidates: tuple[CandidateScore, ...]
    interval_level: float
    interval_coverage: float
    coverage: tuple[Coverage, ...]
    calibration: tuple[Calibration, ...]
    drift: Drift | None
    artefact_sha256: str
    versions: Mapping[str, str]

    @property
    def ranks(self) -> bool:
        """Whether the predictions may be put in an order; where no model beats a constant they are all the same."""
        return self.verdict is Verdict.SIGNAL


@dataclass(frozen=True, slots=True, kw_only=True)
class AllocationSummary:
    """What the allocator had to give and what it gave.

    ``value`` is what all actions are expected to bring, in the unit of the target, and ``gap`` the share by which it
    may be below the best there is (0 is proven best); ``one_more`` is what one action more of the capacity would bring,
    None where that is not known. All three are None where actions are given in turns, the last two by score, too.
    """

    allocator: str
    capacity: int
    cap_per_account: int
    allocated: int
    accounts_with_actions: int
    value: float | None = None
    gap: float | None = None
    one_more: float | None = None


class Fitness(StrEnum):
    """Whether a model of a table of accounts may be published."""

    READY = "ready"
    CARE = "usable with care"
    NOT_READY = "not ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the accounts came from: a description, the SHA-256 of the data and the moment it speaks of (UTC, naive).

    ``fitness`` is the verdict on a file of accounts and ``findings`` are the sentences that led to it; None where the
    accounts were made up.
    """

    description: str
    sha256: str
    as_of: datetime
    fitness: Fitness | None = None
    findings: tuple[str, ...] = ()


class ChangeKind(StrEnum):
    """What became of an account since the previous snapshot."""

    CHANGED = "changed"
    NEW = "new"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """A feature whose value is another one than in the previous snapshot."""

    feature: Feature
    before: FeatureValue
    after: FeatureValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What changed about one account since the previous snapshot.

    ``predicted_before + by_data + by_model == predicted_after`` in the target's unit, to 1e-9 of the larger
    prediction, and ``actions_before + actions_by_data + actions_by_model + actions_by_rules == actions_after`` exactly.
    A ``by_`` of None is a part that could not be told apart and is within the next one that is not None; the comparison
    says why. What is before is None for a new account, what is after for one that is gone, as are all parts of both.
    ``values`` are those that moved the SHAP value of their feature most, first.
    """

    account_id: str
    name: str
    owner: str
    region: str
    kind: ChangeKind
    predicted_before: float | None
    predicted_after: float | None
    by_data: float | None
    by_model: float | None
    actions_before: int | None
    actions_after: int | None
    actions_by_data: int | None
    actions_by_model: int | None
    actions_by_rules: int | None
    values: tuple[ValueChange, ...]

    @property
    def move(self) -> float:
        """The change of the prediction; nothing for an account that is new or gone."""
        if self.predicted_before is None or self.predicted_after is None:
            return 0.0
        return self.predicted_after - self.predicted_before

    @property
    def is_big(self) -> bool:
        """Whether the prediction moved by so large a share of what it was that a person should hear of it."""
        return self.move != 0 and abs(self.move) >= BIG_MOVE * abs(self.predicted_before or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movers:
    """The accounts whose predictions rose and fell most, most first; only big moves are among them."""

    up: tuple[Change, ...]
    down: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """With which snapshot another one was compared; moments are UTC without a time zone.

    ``not_told_apart`` says why data and model could not be told apart, as the clause after a "because"; None where
    they were. ``allocation`` is that of the previous snapshot.
    """

    previous_id: str
    previous_as_of: datetime
    not_told_apart: str | None
    allocation: AllocationSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a business calls the things that every message speaks of, in the middle of a sentence.

    ``pack`` names the pack that says so; ``target`` is what is predicted ("expansion revenue") and ``unit`` how amounts
    of it are written, as in Feature: ``"$"`` before them, or a noun after them ("patients", "hours"). ``owner``,
    ``territory`` and ``industry`` are what the columns of that role hold ("liaison", "district", "specialty"), and
    ``source`` is where the accounts are kept ("CRM").
    """

    pack: str
    account: str
    accounts: str
    rep: str
    reps: str
    action: str
    actions: str
    target: str
    unit: str
    owner: str
    territory: str
    industry: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotInfo:
    """What is true of a snapshot as a whole. ``created_at`` is UTC without a time zone.

    ``comparison`` is None for a snapshot that had none before it.
    """

    snapshot_id: str
    generation: int
    created_at: datetime
    accounts: int
    source: Source
    card: ModelCard
    words: Words
    allocation: AllocationSummary
    comparison: Comparison | None = None
