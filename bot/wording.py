"""What is said in the same words wherever a brief or a plan is shown: in Slack, in Markdown and in the PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bot.changes import format_day
from bot.normalise import cut, normalise
from storage.units import format_range

if TYPE_CHECKING:
    from bot.brief import Brief
    from bot.plan import Authorship, Plan, Statement, Usage
    from storage.records import SnapshotInfo

_STATEMENT: Final = 1000
_NAME: Final = 120
_REASON: Final = 300


def account_title(name: str, account_id: str, *, limit: int = 150) -> str:
    """Return name and id; where they are too long together, it is the name that is cut."""
    shown_id = normalise(account_id, limit=limit // 2)
    shown_name = normalise(name, limit=min(_NAME, limit - len(shown_id) - 3))
    return " · ".join(part for part in (shown_name, shown_id) if part) or "nameless"


def prediction_words(brief: Brief) -> str:
    """Return what the amount above is: ``predicted expansion revenue, 80 % interval $61K to $104K``."""
    account, words = brief.account, brief.snapshot.words
    level = f"{brief.snapshot.card.interval_level * 100:.0f} % interval"
    return f"predicted {words.target}, {level} {format_range(account.low, account.high, words.unit)}"


def plan_sections(plan: Plan) -> tuple[tuple[str, tuple[Statement, ...]], ...]:
    """Return the headings of a plan with what stands below; without promotions there is none to recommend."""
    sections = [(section.name.heading, section.statements) for section in plan.sections if section.statements]
    if plan.promotion:
        sections.append(("Recommended promotion", (plan.promotion,)))
    return tuple(sections)


def statement_words(statement: Statement) -> str:
    """Return what the statement says, safe to show."""
    return normalise(statement.text, limit=_STATEMENT) or "…"


def citations(statement: Statement, brief: Brief) -> str:
    """Return ``[SHAP: Demo requests +$6.5K · Product Capabilities, p. 2]``; an id without evidence stays an id."""
    found = [(brief.find_evidence(each), each) for each in statement.evidence]
    shown = dict.fromkeys(item.citation if item else normalise(each, limit=8) for item, each in found)
    return cut(f"[{' · '.join(shown)}]", _STATEMENT) if shown else ""


def authorship_line(authorship: Authorship) -> str:
    """Say who wrote a text, what that cost and how many statements were left out."""
    if authorship.model is None:
        note = normalise(authorship.note, limit=_REASON).rstrip(".")
        line = f"Written without an AI model: {note}." if note else "Written without an AI model."
    else:
        usage = authorship.usage
        price = [f"${usage.dollars:.3f}"] if usage and usage.dollars is not None else []
        cost = [_token_words(usage), *price, f"{usage.seconds:.1f} s"] if usage else []
        line = f"{' · '.join([f'Written by {normalise(authorship.model, limit=_NAME)}', *cost])}."
        line += f" {note}" if (note := normalise(authorship.note, limit=_REASON)) else ""
    if authorship.dropped == 1:
        line += " 1 statement was left out because its evidence did not carry it."
    elif authorship.dropped:
        line += f" {authorship.dropped:,} statements were left out because their evidence did not carry them."
    return line


def _token_words(usage: Usage) -> str:
    read = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    cached = f" ({usage.cache_read_tokens:,} of them cached)" if usage.cache_read_tokens else ""
    return f"{read:,} tokens in{cached}, {usage.output_tokens:,} out"


def data_line(info: SnapshotInfo) -> str:
    """Return when the data is of, and which snapshot it is."""
    return f"Data as of {format_day(info.source.as_of)} · snapshot {info.generation:06}"


def model_line(info: SnapshotInfo) -> str:
    """Return how well the model is, in one line: its verdict, R², coverage of the interval, and what drifted."""
    card = info.card
    said = [
        f"Model {card.verdict}",
        f"R² {card.score.r2:.2f}",
        f"{card.interval_level * 100:.0f} % interval held {card.interval_coverage * 100:.0f} % of the outcomes",
    ]
    if card.drift is not None:
        drifted = sum(each.psi > each.limit for each in card.drift.features)
        said.append(f"{drifted or 'none'} of {len(card.drift.features)} features drifted")
    return " · ".join(said)
