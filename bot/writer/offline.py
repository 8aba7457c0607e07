"""Plans and answers from the evidence alone, without a model: the floor that is always there."""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.check import check_statements, find_unsafe_text, subject_of
from bot.evidence import EvidenceKind, describe_effect, format_actions
from bot.normalise import capitalise
from bot.plan import Answer, Authorship, Plan, Section, SectionName, Statement
from bot.writer.fitting import Measured, breaks_bound, count_terms, names_a_segment_of
from bot.writer.phrases import describe_fact, find_offer, find_topic, lower_first, make_neutral_topic
from bot.writer.questions import find_statements
from bot.writer.quotes import Quotes
from bot.writer.rivals import Role, find_rivals
from bot.writer.section_stream import ignore
from storage.units import format_amount, format_range, format_value

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.brief import Brief
    from bot.evidence import Driver, Evidence
    from bot.tools.context import ToolContext
    from bot.writer.quotes import Quote
    from bot.writer.rivals import Point, Rival
    from bot.writer.section_stream import Publish
    from storage.records import Topic
    from storage.state import Turn

_MAX_STATEMENTS = 4
_MAX_WORDS = 45
_LEAD_WORDS = 6
_FEW = 2
_MANY_PRODUCTS = 3
_FIRM, _FAIR = 0.15, 0.30  # half of the interval's width over the predicted value
_STRONG_SHARE = 0.02  # of the prediction; beyond the first two, what lowers it by less is no reason for anything
_LOW_SCORE, _HIGH_SCORE = 4.0, 6.0  # of 10, where the accounts at hand do not tell
_NEAR = 0.15  # this near to the middle, a value is neither high nor low
_UNRESPONSIVE = 0.5
_APART = 3  # phrasings for any feature: those of what lifts begin here, those of what lowers this much later


class OfflineWriter:
    """Writes in the same form as Claude, from the same evidence; ``note`` tells the reader why no model wrote."""

    def __init__(self, *, note: str) -> None:
        self._note = note

    def write_plan(self, brief: Brief, *, publish: Publish = ignore) -> Plan:  # noqa: ARG002 - it is there at once
        """Return the plan; what its evidence does not carry is dropped and counted, as it would be from a model."""
        sections, promotion = compose_plan(brief)
        dropped = 0
        kept_sections = []
        for section in sections:
            checked = check_statements(section.statements, brief.evidence, subject=subject_of(brief))
            kept_sections.append(Section(name=section.name, statements=checked.kept))
            dropped += len(checked.dropped)
        return Plan(
            sections=tuple(kept_sections),
            promotion=promotion,
            authorship=Authorship(model=None, note=self._note, dropped=dropped, usage=None),
        )

    def answer(
        self,
        brief: Brief,
        question: str,
        *,
        transcript: Sequence[Turn],  # noqa: ARG002 - part of the protocol; each question is read on its own here
        passages: Sequence[Evidence],
        tools: ToolContext | None = None,  # noqa: ARG002 - as above; what the tools can answer was recognised before
    ) -> Answer:
        """Return the answer to a question of a kind that is known, else what the passages say, else what is missing."""
        sections, promotion = compose_plan(brief)
        statements = find_statements(brief, question, sections=sections, promotion=promotion, passages=passages)
        sourced = [statement for statement in statements if statement.evidence]
        checked = check_statements(sourced, (*brief.evidence, *passages), subject=subject_of(brief))
        return Answer(
            statements=tuple(
                statement for statement in statements if not statement.evidence or statement in checked.kept
            ),
            authorship=Authorship(model=None, note=self._note, dropped=len(checked.dropped), usage=None),
        )


def compose_plan(brief: Brief) -> tuple[tuple[Section, ...], Statement | None]:
    """Return the seven sections and the promotion, if there are any, unchecked."""
    composer = _Composer(brief)
    # The order in which the sections take their quotations; they are read in the order of `SectionName`.
    promotion = composer.promotion()
    written = {
        SectionName.TALKING_POINTS: composer.talking_points(),
        SectionName.COMPETITIVE_POSITIONING: composer.competitive_positioning(),
        SectionName.PAIN_POINTS: composer.pain_points(),
        SectionName.ACTIONS: composer.actions(),
        SectionName.SUCCESS_METRICS: composer.success_metrics(),
        SectionName.RISK_MITIGATION: composer.risk_mitigation(),
        SectionName.EXECUTIVE_SUMMARY: composer.executive_summary(),
    }
    return tuple(
        Section(name=name, statements=tuple(written[name][:_MAX_STATEMENTS])) for name in SectionName
    ), promotion


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signal:
    """A feature of the account that some evidence carries, with the words for it."""

    driver: Driver
    topic: Topic
    evidence_id: str
    effect: str  # "adds $6.5K", "takes $640", or "" when the evidence holds the value only
    quantity: Measured
    unit: str  # of the effect

    @property
    def high(self) -> bool | None:
        return self.quantity.high

    @property
    def fact(self) -> str:
        return self._fact[0]

    @property
    def plural(self) -> bool:
        return self._fact[1]

    @property
    def _fact(self) -> tuple[str, bool]:
        few = self.lowers and self.high is False and self.topic.better == "high"
        return describe_fact(self.topic, self.driver.feature, self.driver.value, low=few)

    @property
    def lifts(self) -> bool:
        return bool(self.effect) and self.driver.shap > 0

    @property
    def lowers(self) -> bool:
        return bool(self.effect) and self.driver.shap < 0

    @property
    def says_something(self) -> bool:
        """Whether there is a value, and not one that says that there is nothing."""
        value = self.driver.value
        return value is not None and (not isinstance(value, str) or value.casefold() not in {"none", "no"})

    @property
    def improvable(self) -> bool:
        """Whether a rep can move it to the end that lifts the forecast: not a customer's vacancy, nor last year."""
        return (self.topic.influence, self.topic.better) in {("rep can raise", "high"), ("rep can lower", "low")}

    @property
    def amount(self) -> str:
        return format_amount(abs(self.driver.shap), self.unit)

    def verb(self, singular: str) -> str:
        return singular.removesuffix("s") if self.plural else singular


class _Composer:
    """Writes the sections of one brief; the choice between equal phrasings depends on the account only."""

    def __init__(self, brief: Brief) -> None:
        self._brief = brief
        self._account = brief.account
        self._words = brief.snapshot.words
        self._turn = zlib.crc32(brief.account.account_id.encode())
        self._numbers = {
            dependence.feature.name: sorted(value for value in dependence.values if isinstance(value, float))
            for dependence in brief.dependence
        }
        self._untold: Counter[bool] = Counter()
        self._quantities = [self._measure(driver) for driver in brief.drivers]
        self._quotes = Quotes(brief.evidence, quantities=self._quantities)
        self._signals = [signal for driver in brief.drivers if (signal := self._make_signal(driver)) is not None]
        self._lifting = [signal for signal in self._signals if signal.lifts]
        lowering = [signal for signal in self._signals if signal.lowers]
        strong = abs(self._account.predicted) * _STRONG_SHARE
        self._brakes = [
            signal for place, signal in enumerate(lowering) if place < _FEW or abs(signal.driver.shap) >= strong
        ]
        # What speaks for the account, however little: some of it is known without its effect.
        self._assets = self._lifting or [signal for signal in self._signals if signal.driver.shap > 0]
        self._asked: set[str] = set()
        # A name that may not be shown would take the sentence with it.
        self._owner = self._sayable(self._account.owner) or f"the {self._words.rep}"
        self._name = self._sayable(self._account.name) or f"this {self._words.account}"

    def _sayable(self, name: str) -> str:
        """Return a name that may stand in a sentence, or nothing: no link, and no other account's name within."""
        own = {self._account.account_id, self._account.name}
        others = self._brief.accounts.mentioned(name) if self._brief.accounts else ()
        return "" if find_unsafe_text(name) or any(not own & {each.account_id, each.name} for each in others) else name

    def executive_summary(self) -> list[Statement]:
        account = self._account
        difference = account.predicted - account.baseline
        distance = f"{self._amount(abs(difference))} {'above' if difference >= 0 else 'below'}"
        predicted = self._amount(account.predicted)
        statements = self._statement(
            f"The model expects {predicted} from {self._name}, {distance} its baseline of "
            f"{self._amount(account.baseline)}; the range is {self._width()}, {self._interval()}. "
            f"{self._brief.move}".rstrip(),
            (
                *self._carriers(EvidenceKind.PROFILE, predicted, distance),
                *(self._carriers(EvidenceKind.CHANGE, "the prediction") if self._brief.move else ()),
            ),
        )
        statements += self._reasons()
        statements += self._purpose()
        return statements

    def _reasons(self) -> list[Statement]:
        statements = []
        together = self._pair(adding=True)
        pair, pair_id = (f" {together.text}", (together.evidence_id,)) if together else ("", ())
        if len(self._lifting) >= _FEW:
            first, second = self._lifting[:2]
            text = self._vary(
                f"{capitalise(first.fact)} ({first.amount}) and {second.fact} ({second.amount}) count most.",
                f"What carries it: {first.fact}, worth {first.amount}, and {second.fact}, worth {second.amount}.",
                f"The case rests on {first.fact} ({first.amount}) and {second.fact} ({second.amount}).",
            )
            statements += self._statement(f"{text}{pair}", (first.evidence_id, second.evidence_id, *pair_id))
        elif self._lifting:
            only = self._lifting[0]
            statements += self._statement(
                f"Only {only.fact} clearly {only.verb('speaks')} for them, with {only.amount}.{pair}",
                (only.evidence_id, *pair_id),
            )
        elif together:
            statements += self._statement(together.text, pair_id)
        for brake in self._brakes[:1]:
            statements += self._statement(
                self._vary(
                    f"{capitalise(brake.fact)} {brake.verb('holds')} it back by {brake.amount}: {brake.topic.pain}.",
                    f"The brake is {brake.fact}, at {brake.amount} less: {brake.topic.pain}.",
                ),
                (brake.evidence_id,),
            )
        return statements

    def _pair(self, *, adding: bool) -> Evidence | None:
        """Return what the strongest pair of features comes to together, if that is more (or less) than each alone."""
        strongest = self._account.interactions[:1]
        found = self._brief.find_evidence(f"{EvidenceKind.INTERACTION}1")
        return found if strongest and (strongest[0].value > 0) is adding else None

    def _purpose(self) -> list[Statement]:
        allocation, promotion = self._account.allocation, self._account.promotion
        ranked = self._carriers(EvidenceKind.ALLOCATION, f"{allocation.rank:,} of {self._brief.snapshot.accounts:,}")
        rank = f"Rank {allocation.rank:,} of {self._brief.snapshot.accounts:,}"
        lead = self._leads()[:1]
        if allocation.actions and lead:
            aim = f"the call should end with a date for the first, on {lead[0].fact}"
            offered: tuple[str, ...] = ()
            if promotion is not None:
                aim += f", and with {lower_first(promotion.label)} as the offer"
                offered = self._carriers(EvidenceKind.PROFILE, promotion.label)
            return self._statement(
                f"{rank}, {format_actions(allocation.actions, self._words)}: {aim}.",
                (*ranked, lead[0].evidence_id, *offered),
            )
        if not ranked:
            return []
        start = f"{rank} and no {self._words.action}: the call has one aim, to learn what would"
        open_to_change = next((signal for signal in self._brakes if signal.improvable), None)
        if open_to_change is None:
            return self._statement(f"{start} make one worth their time.", ranked)
        return self._statement(f"{start} move {_today(open_to_change)}.", (*ranked, open_to_change.evidence_id))

    def talking_points(self) -> list[Statement]:
        statements = []
        for place, signal in enumerate(self._assets[:3]):
            opening = signal.topic.opening
            effect = f"{signal.verb('adds')} {signal.amount}" if signal.lifts else f"{signal.verb('speaks')} for them"
            text = self._vary(
                f"{capitalise(signal.fact)} {effect}: {opening}.",
                f"{capitalise(opening)}: {signal.fact} {effect}.",
                f"Start from {signal.fact}, which {effect}: {opening}.",
                offset=place,
            )
            statements += self._statement(text, (signal.evidence_id,), quoting=signal.topic.terms)
        statements += self._industry_point()
        if len(statements) < _MAX_STATEMENTS:
            statements += self._proof(self._assets)
        for signal in self._brakes[: max(_FEW - len(statements), 0)]:
            statements += self._statement(
                f"Let them raise {signal.fact}; it is worth {signal.amount} less to the forecast.",
                (signal.evidence_id,),
            )
        return statements[:_MAX_STATEMENTS]

    def _proof(self, signals: Sequence[_Signal]) -> list[Statement]:
        """Return one statement that brings a sentence of a document to the strongest of these signals that has one."""
        for signal in signals:
            start = self._vary(f"To back up the point on {signal.fact}", f"On {signal.fact}", offset=len(signal.fact))
            quote = self._quotes.take(signal.topic.terms, max_words=_MAX_WORDS - len(start.split()) - _LEAD_WORDS)
            if quote is not None:
                lead = self._lead(quote)
                lead = lead[:1].lower() + lead[1:]
                return [
                    Statement(text=f"{start}, {lead}: “{quote.text}”", evidence=(signal.evidence_id, quote.evidence_id))
                ]
        return []

    def _industry_point(self) -> list[Statement]:
        industry = self._account.industry
        quote = self._quotes.take((industry,), max_words=_MAX_WORDS - 14) if industry else None
        known = self._carriers(EvidenceKind.PROFILE, f"{self._words.industry} is {industry}")
        if quote is None or not count_terms(quote.text, ("industr", "sector", "market", "compan")):
            return []
        return [
            Statement(
                text=f"They are in {industry}; one figure from their own field opens doors: “{quote.text}”",
                evidence=(*known, quote.evidence_id),
            )
        ]

    def pain_points(self) -> list[Statement]:
        statements = []
        for place, signal in enumerate(self._brakes[:3]):
            fact = f"{signal.fact} {signal.verb('costs')} {signal.amount}"
            text = self._vary(
                f"{capitalise(fact)}: {signal.topic.pain}.",
                f"{capitalise(signal.topic.pain)} ({fact}).",
                offset=place,
            )
            statements += self._statement(f"{text} {self._asking(signal)}".rstrip(), (signal.evidence_id,))
        for signal in self._assets:
            if len(statements) >= _FEW:
                break
            text = self._vary(
                f"Behind {signal.fact} there is often a need: {signal.topic.need}.",
                f"{capitalise(signal.fact)} {signal.verb('hints')} at a need: {signal.topic.need}.",
                offset=len(statements),
            )
            statements += self._statement(text, (signal.evidence_id,), quoting=signal.topic.terms)
        if len(statements) < _MAX_STATEMENTS:
            statements += self._proof(self._brakes)
        return statements

    def _asking(self, signal: _Signal) -> str:
        """Return the question on a signal, once in a plan."""
        if signal.topic.ask in self._asked:
            return ""
        self._asked.add(signal.topic.ask)
        return f"Ask: “{signal.topic.ask}”"

    def competitive_positioning(self) -> list[Statement]:
        known = [
            signal.driver.value
            for signal in self._signals
            if signal.topic.rival == "name" and isinstance(signal.driver.value, str) and signal.says_something
        ]
        rivals = self._rank_rivals(find_rivals(self._brief.evidence, known=known), known=known)
        statements = self._rivalry(known)
        used: set[str] = set()
        for rival in rivals[:2]:
            statements += self._against(rival, used, known=rival.name in known)
        # The competition itself was told of before.
        leads = sorted(self._leads(), key=lambda signal: bool(signal.topic.rival))
        for place, signal in enumerate(leads[: max(_FEW - len(statements), 0)]):
            text = self._vary(
                f"Before anybody else sets the terms of a comparison, set them by what counts here: {signal.fact}.",
                f"If they compare, begin with what counts here, {signal.fact}, and ask what the others would make "
                "of it.",
                offset=place,
            )
            statements += self._statement(text, (signal.evidence_id,))
        return statements[:_MAX_STATEMENTS]

    def _rivalry(self, known: Sequence[str]) -> list[Statement]:
        """Say what is known of the competition in this account, and ask for what is not."""
        products = self._find_rival("count")
        pressure = self._find_rival("pressure")
        ids = tuple(signal.evidence_id for signal in (products, pressure) if signal is not None)
        if known:
            carrier = next(signal for signal in self._signals if signal.driver.value == known[0])
            ask = carrier.topic.compare or carrier.topic.ask
            return self._statement(
                f"{known[0]} is the competitor on file; “{ask}” tells you where it is weak for them.",
                (carrier.evidence_id, *ids[:1]),
            )
        count = products.driver.value if products is not None else None
        situation = f"No competitor is named for this {self._words.account}"
        ask = "Who else are you talking to, and what do you like about them?"
        if isinstance(count, float) and products is not None:
            fact = describe_fact(products.topic, products.driver.feature, count, low=False)[0]
            situation += f", {'but' if count else 'and'} we see {fact}"
            ask = (products.topic.compare or ask) if count else "What happens if you change nothing this year?"
        if pressure is not None and isinstance(pressure.driver.value, float):
            level = (
                {True: "expect a side-by-side comparison", False: "do not bring up rivals first"}.get(
                    pressure.high, "be ready to compare"
                )
                if pressure.high is not None
                else "be ready to compare"
            )
            felt = describe_fact(pressure.topic, pressure.driver.feature, pressure.driver.value, low=False)[0]
            situation += f"; with {felt}, {level}"
        terms = products.topic.terms if products is not None and count else pressure.topic.terms if pressure else ()
        return self._statement(
            f"{situation}. Ask: “{ask}”",
            ids or self._carriers(EvidenceKind.PROFILE, self._account.account_id),
            quoting=terms,
            competitive=True,
        )

    def _rank_rivals(self, rivals: Sequence[Rival], *, known: Sequence[str]) -> list[Rival]:
        """Return the competitors that may sell to this account, those first of whom most fits it."""

        def fit(rival: Rival) -> float:
            linked = (
                1 / (place + 1)
                for place, signal in enumerate(self._signals)
                if any(_is_about(point, signal) for point in rival.pick(Role.WEAKNESS, Role.MOVE, Role.QUESTION))
            )
            segment = any(names_a_segment_of(point.text, self._quantities) for point in rival.pick(Role.FACT))
            return max(linked, default=0) + 3 * segment + 100 * (rival.name in known)

        fitting = [
            rival
            for rival in rivals
            if rival.points
            and not any(
                point.text.startswith(rival.name) and breaks_bound(point.text, self._quantities)
                for point in rival.points
            )
        ]
        turned = self._turn % max(len(fitting), 1)  # among equals, another one for another account
        return sorted([*fitting[turned:], *fitting[:turned]], key=lambda rival: -fit(rival))

    def _against(self, rival: Rival, used: set[str], *, known: bool) -> list[Statement]:
        """Say where a competitor is weak for this account, what to ask about it and what to grant it."""
        written: list[Statement] = []
        for point in rival.pick(Role.FACT):
            if not written and names_a_segment_of(point.text, self._quantities):
                used.add(point.text)
                at = next((each for each in self._signals if names_a_segment_of(point.text, [each.quantity])), None)
                text = f"Expect {rival.name} {f'with {at.fact}' if at else 'here'}: “{point.text}”"
                written += self._statement(text, (point.evidence_id, *((at.evidence_id,) if at else ())))
        weak, signal = self._choose(rival.pick(Role.WEAKNESS, Role.MOVE), used)
        if weak is None:
            weak, signal = self._choose(rival.pick(Role.FACT), used)
        if weak is not None:
            start = f"Against {rival.name}" if known or written else f"If {rival.name} is in the talks"
            link = f" That counts here, with {signal.fact}." if signal else ""
            written += self._linked(f"{start}: “{weak.text}”", link, weak, signal)
        question, signal = self._choose(rival.pick(Role.QUESTION), used)
        if question is not None:
            link = f" It bears on {signal.fact}." if signal else ""
            text = self._vary(
                f"A question that they can put to {rival.name}: “{question.text}”",
                f"Plant this before {rival.name} presents: “{question.text}”",
                f"Suggest that they ask {rival.name}: “{question.text}”",
                offset=len(used),
            )
            written += self._linked(text, link, question, signal)
        strong, _ = self._choose(rival.pick(Role.STRENGTH), used)
        if strong is not None:
            lead = next(iter(self._assets), None)
            link = f" Then come back to {lead.fact}." if lead else ""
            written += self._linked(f"Grant where {rival.name} is strong: “{strong.text}”", link, strong, lead)
        return written

    def _choose(self, points: Sequence[Point], used: set[str]) -> tuple[Point | None, _Signal | None]:
        """Return an unused point that is about the strongest unused signal, with that signal; else one without."""
        free = [point for point in points if point.text not in used and not breaks_bound(point.text, self._quantities)]
        linked = (
            (point, signal)
            for signal in self._signals
            if signal.says_something and not signal.lowers and signal.evidence_id not in used
            for point in free
            if _is_about(point, signal)
        )
        found: tuple[Point | None, _Signal | None] = next(
            linked, (free[self._turn % len(free)], None) if free else (None, None)
        )
        used.update(chosen for chosen in (found[0] and found[0].text, found[1] and found[1].evidence_id) if chosen)
        return found

    def _linked(self, text: str, link: str, point: Point, signal: _Signal | None) -> list[Statement]:
        """Return the statement with its link to the account where there is room for it."""
        if signal is None or len(f"{text}{link}".split()) > _MAX_WORDS:
            return self._statement(text, (point.evidence_id,))
        return self._statement(f"{text}{link}", (point.evidence_id, signal.evidence_id))

    def actions(self) -> list[Statement]:
        """Propose exactly as many actions as the account was given, by the size of the effect that each works on."""
        count = self._account.allocation.actions
        allocated = self._carriers(EvidenceKind.ALLOCATION, format_actions(count, self._words))
        if not count:
            return self._without_actions(allocated)
        held = f"{self._words.owner} is {self._account.owner}" if self._account.owner else ""
        owner = self._carriers(EvidenceKind.PROFILE, held)
        moves: list[tuple[str, str, tuple[str, ...], tuple[str, ...]]] = [
            (
                capitalise(self._move(signal)),
                f"{signal.fact} {signal.verb('adds' if signal.lifts else 'takes')} {signal.amount}",
                (signal.evidence_id,),
                signal.topic.terms,
            )
            for signal in self._leads()
        ]
        if self._account.promotion is not None:
            label = self._account.promotion.label
            text = (
                f"{capitalise(self._owner)} sends {lower_first(label)} as a written offer with a date, within a week "
            )
            moves.append(
                (
                    f"{text}of the call",
                    "it is the promotion that they respond to most",
                    self._carriers(EvidenceKind.PROFILE, label),
                    (),
                )
            )
        closing = f"{capitalise(self._owner)} sends a summary with one open decision on the day of the call"
        moves.append((closing, "", owner, ()))
        texts: list[tuple[str, tuple[str, ...], tuple[str, ...]]] = [
            (f"{ordinal} {self._words.action}: {move}" + (f" ({reason})." if reason else "."), ids, terms)
            for ordinal, (move, reason, ids, terms) in zip(_ORDINALS, moves[:count], strict=False)
        ]
        while len(texts) > _MAX_STATEMENTS:
            (left, left_ids, _), (right, right_ids, _) = texts[-2:]
            texts[-2:] = [(f"{_without_reason(left)} {_without_reason(right)}", (*left_ids, *right_ids), ())]
        statements = []
        for text, ids, terms in texts:
            statements += self._statement(text, (*allocated, *ids, *owner), quoting=terms)
        for signal in (self._brakes or self._signals)[: max(_FEW - len(statements), 0)]:
            text = f"Nothing beyond it is funded; settle {signal.fact} on the call itself."
            if asked := self._asking(signal):
                text = f"{text.removesuffix('.')}: {asked.removeprefix('Ask: ')}"
            statements += self._statement(text, (*allocated, signal.evidence_id))
        return statements

    def _without_actions(self, allocated: Sequence[str]) -> list[Statement]:
        statements = []
        for signal in [each for each in self._signals if each.topic.ask not in self._asked][:1]:
            statements += self._statement(
                f"No {self._words.action} is allocated, so promise none; end the call with one question that they "
                f"answer by mail: “{signal.topic.ask}”",
                (*allocated, signal.evidence_id),
            )
        watched = [signal for signal in self._brakes if signal.improvable][:_FEW] or self._leads()[:_FEW]
        if watched:
            today = " or ".join(f"{_today(signal)} ({signal.amount})" for signal in watched)
            statements += self._statement(
                f"Propose one only once something moves in what counts most: {today}.",
                (*allocated, *(signal.evidence_id for signal in watched)),
            )
        return statements

    def _move(self, signal: _Signal) -> str:
        return (signal.topic.action if signal.lifts else signal.topic.remedy).replace("{owner}", self._owner)

    def success_metrics(self) -> list[Statement]:
        statements = []
        funded = self._account.allocation.actions > 0
        movable = [
            signal
            for signal in self._leads()
            if signal.says_something and (not signal.topic.fixed or (signal.lifts and funded))
        ]
        for place, signal in enumerate(movable[:3], start=self._turn):
            metric = find_topic(signal.driver.feature, self._brief.topics, place=place).metric
            statements += self._statement(self._goal(signal, metric), (signal.evidence_id,))
        predicted, low = self._amount(self._account.predicted), self._amount(self._account.low)
        statements += self._statement(
            f"At the next refresh the forecast stands above today's {predicted}, its low end above {low}.",
            self._carriers(EvidenceKind.PROFILE, predicted),
        )
        for signal in self._leads()[: max(_FEW - len(statements), 0)]:
            text = f"With {signal.fact}, the goal is {signal.topic.metric}."
            statements += self._statement(text, (signal.evidence_id,))
        return statements

    def _goal(self, signal: _Signal, metric: str) -> str:
        """Return what to reach from today's value; without actions of ours, only what the account shows by itself."""
        label, value = signal.driver.feature.label, format_value(signal.driver.feature, signal.driver.value)
        if self._account.allocation.actions or signal.driver.value is None or not signal.improvable:
            return f"{label}: {value} today. Goal: {metric}."
        moves = "rise from" if signal.topic.better == "high" else "fall from"
        if signal.lifts:
            moves = "stay at or above" if signal.topic.better == "high" else "stay at or below"
        cost = f"; today that costs {signal.amount}" if signal.lowers else ""
        return f"By the next refresh, {lower_first(label)} should {moves} {value}{cost}."

    def risk_mitigation(self) -> list[Statement]:
        statements = []
        for place, signal in enumerate(self._brakes[:_FEW]):
            cost = f"{signal.verb('takes')} {signal.amount} off the forecast"
            text = self._vary(
                f"{capitalise(signal.fact)} {cost}. {signal.topic.risk}.",
                f"{signal.topic.risk} ({signal.fact} {cost}).",
                offset=place,
            )
            statements += self._statement(text, (signal.evidence_id,), quoting=signal.topic.terms)
        if together := self._pair(adding=False):
            statements += self._statement(together.text, (together.evidence_id,))
        statements += self._range()
        if not self._brakes:
            for signal in self._lifting[:1]:
                text = f"Little weighs on the forecast, so guard what carries it: {signal.fact} {signal.verb('adds')}"
                statements += self._statement(f"{text} {signal.amount}.", (signal.evidence_id,))
        for signal in [signal for signal in self._signals if signal.driver.value is None][:1]:
            statements += self._statement(
                f"{signal.driver.feature.label} is not known, and the forecast had to assume it; ask on the call "
                f"and put it into the {self._words.source}.",
                (signal.evidence_id,),
            )
        return statements

    def _range(self) -> list[Statement]:
        low, high = self._amount(self._account.low), self._amount(self._account.high)
        width = self._width()
        ids = self._carriers(EvidenceKind.PROFILE, self._interval())
        text = f"The forecast is {width}, from {self._interval()}: "
        if width == "firm":
            text += "even the low end is a figure to plan with."
        elif width == "fair":
            text += f"plan with the middle and let nobody promise {high}."
        else:
            text += f"plan with {low}"
            for signal in self._lifting[:1]:
                text += f", and confirm on the call what lifts it most, {signal.fact}"
                ids = (*ids, signal.evidence_id)
            text += "."
        return self._statement(text, ids)

    def _width(self) -> str:
        """Return ``firm``, ``fair`` or ``wide``: how far the ends of the interval lie from the predicted value."""
        half = (self._account.high - self._account.low) / 2
        share = half / abs(self._account.predicted) if self._account.predicted else float("inf")
        return "firm" if share < _FIRM else "fair" if share < _FAIR else "wide"

    def promotion(self) -> Statement | None:
        promotion = self._account.promotion
        if promotion is None:
            return None
        label = promotion.label
        carriers = self._carriers(EvidenceKind.PROFILE, label, f"{promotion.value:.2f}")
        offer = find_offer(promotion.name, label, self._brief.offers)
        fitting = next(
            (
                signal
                for end, _, name in (fits.partition(" ") for fits in offer.fits)
                for signal in self._signals
                if signal.driver.feature.name == name and signal.high is (end == "high")
            ),
            None,
        )
        text = f"Lead with {lower_first(label)}: at {promotion.value:.2f} of 1 it is what they respond to most"
        if promotion.value < _UNRESPONSIVE:
            text = f"Keep {lower_first(label)} for the close: it is what they respond to most, but only at "
            text += f"{promotion.value:.2f} of 1"
        if fitting is not None:
            text += f"; it fits {fitting.fact}"
            carriers = (*carriers, fitting.evidence_id)
        text += f". {capitalise(offer.how)}."
        made = self._statement(text, carriers, quoting=offer.terms)
        return made[0] if made else Statement(text="", evidence=())

    def _leads(self) -> list[_Signal]:
        """Return what moves the forecast, strongest first, whatever its direction."""
        return sorted([*self._lifting, *self._brakes], key=lambda signal: -abs(signal.driver.shap))

    def _find_rival(self, rival: str) -> _Signal | None:
        return next((signal for signal in self._signals if signal.topic.rival == rival), None)

    def _make_signal(self, driver: Driver) -> _Signal | None:
        if not self._sayable(f"{driver.feature.label} {driver.value}"):
            return None
        carrier = self._brief.find_evidence(driver.evidence_id)
        effect = (
            "" if carrier is None else describe_effect(driver.shap, self._words.unit).replace("changes nothing", "")
        )
        if carrier is None:
            start = f"{driver.feature.label} is "
            profile = (item for item in self._brief.evidence if item.kind is EvidenceKind.PROFILE)
            carrier = next((item for item in profile if item.text.startswith(start)), None)
        if carrier is None:
            return None
        lifts, high = driver.shap > 0, self._level(driver)
        place = self._turn + self._untold[lifts] + (0 if lifts else _APART)
        topic = find_topic(driver.feature, self._brief.topics, place=place)
        told = topic
        if effect and high is not None and topic.better and lifts is not (high is (topic.better == "high")):
            topic = make_neutral_topic(driver.feature, topic, place=place)
        self._untold[lifts] += topic is not told or not self._is_told(driver)
        return _Signal(
            driver=driver,
            topic=topic,
            evidence_id=carrier.evidence_id,
            effect=effect,
            quantity=self._measure(driver),
            unit=self._words.unit,
        )

    def _is_told(self, driver: Driver) -> bool:
        """Return whether the pack has words for this feature."""
        return any(topic.feature == driver.feature.name and topic.opening for topic in self._brief.topics)

    def _measure(self, driver: Driver) -> Measured:
        return Measured(
            names=find_topic(driver.feature, self._brief.topics).terms[:_FEW],
            value=driver.value if isinstance(driver.value, float) else None,
            percent=driver.feature.unit == "%",
            high=self._level(driver),
        )

    def _level(self, driver: Driver) -> bool | None:
        """Tell whether a number lies high or low, among the accounts when they are at hand."""
        if not isinstance(driver.value, float):
            return None
        topic, numbers = find_topic(driver.feature, self._brief.topics), self._numbers.get(driver.feature.name)
        if numbers:
            low, high = numbers[int(0.35 * (len(numbers) - 1))], numbers[int(0.65 * (len(numbers) - 1))]
        elif topic.middle is not None:
            low, high = topic.middle * (1 - _NEAR), topic.middle * (1 + _NEAR)
        elif driver.feature.unit == "0-10":
            low, high = _LOW_SCORE, _HIGH_SCORE
        else:
            return None
        return True if driver.value > high else False if driver.value < low else None

    def _amount(self, value: float) -> str:
        return format_amount(value, self._words.unit)

    def _interval(self) -> str:
        return format_range(self._account.low, self._account.high, self._words.unit)

    def _carriers(self, kind: EvidenceKind, *facts: str) -> tuple[str, ...]:
        """Return the ids of the first evidence of this kind that holds each fact."""
        found = (
            next((item.evidence_id for item in self._brief.evidence if item.kind is kind and fact in item.text), None)
            for fact in facts
        )
        return tuple(dict.fromkeys(evidence_id for evidence_id in found if evidence_id is not None))

    def _statement(
        self, text: str, evidence: Sequence[str], *, quoting: Sequence[str] = (), competitive: bool = False
    ) -> list[Statement]:
        """Return the statement, with a quotation on these terms if one fits, in a list: empty without evidence."""
        room = _MAX_WORDS - len(text.split()) - _LEAD_WORDS
        quote = self._quotes.take(quoting, max_words=room, competitive=competitive) if quoting else None
        if quote is not None:
            text = f"{text} {self._lead(quote)}: “{quote.text}”"
            evidence = (*evidence, quote.evidence_id)
        if not evidence:
            return []
        return [Statement(text=text, evidence=tuple(dict.fromkeys(evidence)))]

    def _lead(self, quote: Quote) -> str:
        self._turn += 1
        leads = _QUOTE_LEADS.get(quote.document_kind, _QUOTE_LEADS[""])
        return leads[self._turn % len(leads)]

    def _vary(self, *phrasings: str, offset: int = 0) -> str:
        """Choose by account; a growing offset walks through the phrasings without repeating one."""
        return phrasings[(zlib.crc32(self._account.account_id.encode()) + offset) % len(phrasings)]


_ORDINALS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth")
# How a quotation is introduced, by the kind of document that it comes from.
_QUOTE_LEADS = {
    "product": ("From the product sheet", "Our product sheet"),
    "competitive": ("From won and lost deals", "Our record"),
    "case study": ("The reference customer", "As seen at a customer"),
    "trends": ("Survey", "A figure for the talk", "What the market says"),
    "best practices": ("From earlier rollouts", "Experience says", "The playbook"),
    "": ("From our documents", "Our material says"),
}


def _is_about(point: Point, signal: _Signal) -> bool:
    return bool(count_terms(point.text, signal.topic.terms[:_FEW]))


def _today(signal: _Signal) -> str:
    feature = signal.driver.feature
    return f"{lower_first(feature.label)}, {format_value(feature, signal.driver.value)} today"


def _without_reason(text: str) -> str:
    return f"{text.rpartition(' (')[0]}." if text.endswith(").") else text
