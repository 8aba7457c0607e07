"""The model card in words and tables, generated from what a snapshot recorded: no figure in it is typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from storage.units import format_amount, format_amount_change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.records import Coverage, ModelCard, Score, SnapshotInfo
    from storage.snapshots import Snapshot

# Coverage that misses its level by more is named, and so are groups too small to tell.
_MISS, _FEW = 0.06, 30
_TWO = 2

CALIBRATION = "Calibration"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSection:
    """A heading, sentences below it, and perhaps a table whose first row has the column names."""

    heading: str
    sentences: tuple[str, ...]
    table: tuple[tuple[str, ...], ...] = ()


def describe_model(snapshot: Snapshot) -> tuple[CardSection, ...]:
    """Return the sections of the card of the snapshot's model, the verdict first."""
    card = snapshot.info.card
    return (
        _describe_verdict(snapshot.info),
        _describe_data(snapshot),
        _describe_candidates(snapshot.info),
        _describe_intervals(snapshot),
        _describe_calibration(snapshot.info),
        _describe_drift(snapshot),
        CardSection(heading="Limits", sentences=tuple(_limits(snapshot))),
        CardSection(
            heading="Reproduce it",
            sentences=(
                f"Seed {card.seed}; the fitted models have the SHA-256 {card.artefact_sha256}.",
                f"Made with {', '.join(f'{name} {version}' for name, version in sorted(card.versions.items()))}.",
            ),
        ),
    )


def verdict_sentence(info: SnapshotInfo) -> str:
    """Say whether the predictions tell accounts apart."""
    card, words = info.card, info.words
    if card.ranks:
        return (
            f"The model, {card.family}, is better than a constant: it explains {_share(card.score.r2)} of the variance "
            f"of the outcome (R² {_with_error(card.score.r2, card.score.r2_error)}), measured on {words.accounts} that "
            f"it had not seen."
        )
    return (
        f"No model is better than a constant here: every {words.account} is predicted the mean outcome, "
        f"{format_amount(card.target_mean, words.unit)}, and no {words.account} is ranked above another."
    )


def _describe_verdict(info: SnapshotInfo) -> CardSection:
    card, words = info.card, info.words
    sentences = [verdict_sentence(info)]
    if card.ranks:
        sentences.append(
            f"Predictions miss by {format_amount(card.score.mae, words.unit)} ± "
            f"{format_amount(card.score.mae_error, words.unit)} on average; their order agrees with that of the "
            f"outcomes by a Spearman correlation of "
            f"{_with_error(card.score.spearman, card.score.spearman_error)}."
        )
        sentences.append(f"On the first fold alone, a split of 80 to 20, R² is {card.r2_holdout:.3f}.")
    if card.r2_ceiling is not None:
        sentences.append(
            f"The {words.accounts} are synthetic, so the best reachable R² is known: {card.r2_ceiling:.3f}; the rest "
            "is noise."
        )
    return CardSection(heading="Verdict", sentences=tuple(sentences))


def _describe_data(snapshot: Snapshot) -> CardSection:
    info, card = snapshot.info, snapshot.info.card
    without, untaught = info.accounts - card.outcome_rows, card.outcome_rows - card.training_rows
    return CardSection(
        heading="Data",
        sentences=(
            (
                f"{info.source.description[:1].upper()}{info.source.description[1:]}, as of "
                f"{info.source.as_of:%Y-%m-%d}; the SHA-256 of the data is {info.source.sha256}."
            ),
            (
                f"{card.outcome_rows:,} rows with an outcome and {len(snapshot.features)} features; the mean "
                f"outcome is {format_amount(card.target_mean, info.words.unit)}."
            ),
            *(
                [
                    (
                        f"Of them {card.training_rows:,}, drawn by lot, taught the models and compared the candidates: "
                        f"more would cost much and gain little. The other {untaught:,} are predicted by models that "
                        "did not see them either, and count in the intervals and the calibration."
                    )
                ]
                if untaught
                else []
            ),
            *(
                [f"The outcome of {without:,} more is not known: they are predicted, and in no figure of this card."]
                if without
                else []
            ),
            f"Snapshot {info.snapshot_id} was built at {info.created_at:%Y-%m-%d %H:%M} UTC.",
        ),
    )


def _describe_candidates(info: SnapshotInfo) -> CardSection:
    card, unit = info.card, info.words.unit
    rows = [(each.family + (" (chosen)" if each.family == card.family else ""), each.score) for each in card.candidates]
    return CardSection(
        heading="Candidates and choice",
        sentences=(
            "All were fitted and tested on the same folds; each figure is out of fold, ± one standard error.",
            (
                "Chosen is the simplest (they stand in that order) within one standard error of the best, and within "
                "0.02 of its R²; where none beats the constant by more than that, it is the constant."
            ),
            (
                f"The last row is the procedure as a whole: in each fold the choice was made without that fold, which "
                f"measures {card.measured_rows:,} rows."
            ),
        ),
        table=(
            ("Model", "R²", "Mean abs. error", "Spearman"),
            *(_score_row(name, score, unit) for name, score in [*rows, ("choice and model", card.score)]),
        ),
    )


def _describe_intervals(snapshot: Snapshot) -> CardSection:
    card, wide = snapshot.info.card, snapshot.count_too_wide_to_rank()
    words = snapshot.info.words
    return CardSection(
        heading="Intervals",
        sentences=(
            (
                f"Of the outcomes {_share(card.interval_coverage)} lie inside their {_level(card)} "
                f"interval, measured out of fold."
            ),
            (
                f"{wide:,} of {snapshot.info.accounts:,} {words.accounts} have an interval too wide to rank them by: "
                f"it holds more than half of all predictions."
            ),
            *(
                [
                    (
                        "The outcome has two values only. A prediction is then a mean of the two, a chance where they "
                        "are 0 and 1, and no interval of one outcome can say much: read the calibration below instead."
                    )
                ]
                if card.outcome_values == _TWO
                else []
            ),
        ),
        table=(
            ("Group", _capitalise(words.accounts), "Covered, ± one standard error"),
            *((f"{each.segment}: {each.name}", f"{each.accounts:,}", _covered(each, card)) for each in card.coverage),
        ),
    )


def _describe_calibration(info: SnapshotInfo) -> CardSection:
    card, words = info.card, info.words
    return CardSection(
        heading=CALIBRATION,
        sentences=(f"What {words.accounts} with about the same prediction came to on average, ± one standard error.",),
        table=(
            (_capitalise(words.accounts), "Mean prediction", "Mean outcome"),
            *(
                (
                    f"{each.accounts:,}",
                    format_amount(each.predicted, words.unit),
                    f"{format_amount(each.outcome, words.unit)} ± {format_amount(each.outcome_error, words.unit)}",
                )
                for each in card.calibration
            ),
        ),
    )


def _describe_drift(snapshot: Snapshot) -> CardSection:
    card, drift, unit = snapshot.info.card, snapshot.info.card.drift, snapshot.info.words.unit
    comparison = snapshot.info.comparison
    if drift is None or comparison is None:
        return CardSection(heading="Drift", sentences=("No earlier snapshot was there to compare with.",))
    labels = {feature.name: feature.label for feature in snapshot.features}
    moved = [each for each in drift.features if each.psi > each.limit]
    named = ", ".join(labels[each.feature] for each in moved) or "none"
    return CardSection(
        heading="Drift",
        sentences=(
            (
                f"Since snapshot {comparison.previous_id}, as of {comparison.previous_as_of:%Y-%m-%d}, the mean "
                f"outcome moved by "
                f"{format_amount_change(card.target_mean - drift.target_mean, unit)} from "
                f"{format_amount(drift.target_mean, unit)}."
            ),
            (
                f"Features whose population stability index is above its limit: {named}. The limit is 0.1, or what "
                f"chance exceeds once in a hundred times."
            ),
        ),
        table=(
            ("Feature", "Stability index", "Limit"),
            *(
                (labels[each.feature], f"{each.psi:.3f}", f"{each.limit:.3f}")
                for each in sorted(drift.features, key=lambda each: -each.psi)
            ),
        ),
    )


def _limits(snapshot: Snapshot) -> Iterator[str]:
    card, words = snapshot.info.card, snapshot.info.words
    yield "What drives a prediction is not what would change the outcome: the model saw no experiment."
    yield f"An interval is right for {_level(card)} of {words.accounts} on average, not for each one."
    yield f"It speaks of {words.accounts} like those in the data, as of their date; for others nothing was measured."
    if not card.ranks:
        yield f"Nothing here supports preferring one {words.account} to another; {words.actions} are given in turns."
    off = [each for each in card.coverage if each.accounts >= _FEW and abs(each.coverage - card.interval_level) > _MISS]
    if off:
        named = ", ".join(f"{each.segment} {each.name} ({_share(each.coverage)})" for each in off)
        yield f"Intervals miss their {_level(card)} by more than {_MISS * 100:.0f} points in: {named}."
    few = [each for each in card.coverage if each.accounts < _FEW]
    if few:
        named = ", ".join(f"{each.segment} {each.name} ({each.accounts:,})" for each in few)
        yield f"Groups of fewer than {_FEW} {words.accounts}, too few to judge: {named}."


def _score_row(name: str, score: Score, unit: str) -> tuple[str, ...]:
    return (
        name,
        _with_error(score.r2, score.r2_error),
        f"{format_amount(score.mae, unit)} ± {format_amount(score.mae_error, unit)}",
        _with_error(score.spearman, score.spearman_error),
    )


def _capitalise(word: str) -> str:
    return word[:1].upper() + word[1:]


def _with_error(value: float, error: float) -> str:
    shown = f"{value:.3f}"
    return f"{'0.000' if shown == '-0.000' else shown} ± {error:.3f}"


def _covered(coverage: Coverage, card: ModelCard) -> str:
    """Return the coverage of a group with the standard error that it has there if its level is right."""
    error = (card.interval_level * (1 - card.interval_level) / coverage.accounts) ** 0.5
    return f"{_share(coverage.coverage)} ± {error * 100:.1f}"


def _level(card: ModelCard) -> str:
    return f"{card.interval_level * 100:.0f} %"


def _share(value: float) -> str:
    return f"{value * 100:.1f} %"
