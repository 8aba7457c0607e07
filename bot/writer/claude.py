"""Plans and answers written by Claude: streamed, bounded in time, every way to fail a ``WriterError``."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import anthropic
import httpx2
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from bot.check import Checked, Dropped, check_statements, subject_of
from bot.plan import Answer, Authorship, Plan, Section, SectionName, Statement, Usage
from bot.writer import errors
from bot.writer.failures import explain, seconds_before_retry
from bot.writer.limits import Limits
from bot.writer.prices import BATCH, PRICES
from bot.writer.prompt import (
    FORM,
    LAST_ROUND_INSTRUCTION,
    POLICY,
    WRITTEN,
    answer_messages,
    plan_messages,
    repair_messages,
    repeats_instructions,
)
from bot.writer.section_stream import SectionStream, ignore
from bot.writer.tool_use import MAX_ROUNDS, answer_calls, tool_params

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from anthropic.types import Message, MessageParam, TextBlockParam, ToolResultBlockParam
    from anthropic.types.message_create_params import MessageCreateParamsNonStreaming

    from bot.brief import Brief
    from bot.evidence import Evidence
    from bot.tools.context import ToolContext
    from bot.writer.section_stream import OnText, Publish
    from storage.state import Turn

MAX_TOKENS = 6_000
MAX_RETRIES = 2
READ_TIMEOUT_SECONDS = 60.0
CONNECT_TIMEOUT_SECONDS = 5.0
DEADLINE_SECONDS = 90.0

_POLICY: Final[TextBlockParam] = {"type": "text", "text": POLICY}
# Tools and policy begin every request, whatever the account; an hour is as long as they can be kept.
_CACHED_POLICY: Final[TextBlockParam] = {**_POLICY, "cache_control": {"type": "ephemeral", "ttl": "1h"}}

_log = logging.getLogger(__name__)


class _WrittenStatement(BaseModel):
    model_config = ConfigDict(extra="forbid")
    text: str
    evidence: list[str]

    def to_statement(self) -> Statement:
        return Statement(text=" ".join(self.text.split()), evidence=tuple(dict.fromkeys(self.evidence)))


class _WrittenPlan(BaseModel):
    model_config = ConfigDict(extra="forbid")
    executive_summary: list[_WrittenStatement]
    talking_points: list[_WrittenStatement]
    pain_points: list[_WrittenStatement]
    competitive_positioning: list[_WrittenStatement]
    actions: list[_WrittenStatement]
    success_metrics: list[_WrittenStatement]
    risk_mitigation: list[_WrittenStatement]
    promotion: list[_WrittenStatement]

    def parts(self) -> dict[str, tuple[Statement, ...]]:
        sections = {name.value: _to_statements(getattr(self, name)) for name in SectionName}
        return sections | {_PROMOTION: _to_statements(self.promotion)}


class _WrittenAnswer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    statements: list[_WrittenStatement]
    missing: str

    def parts(self) -> dict[str, tuple[Statement, ...]]:
        return {"statements": _to_statements(self.statements)}


_Form = TypeVar("_Form", _WrittenPlan, _WrittenAnswer)
_ENVELOPE = TypeAdapter(dict[str, Any])
_PROMOTION = "promotion"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """What Claude wrote, the turns before it, and how it may be asked to mend it: by when, with which tools."""

    messages: list[MessageParam]
    text: str
    usage: Usage
    deadline: float
    may_call: bool | None


def _to_statements(written: Iterable[_WrittenStatement]) -> tuple[Statement, ...]:
    return tuple(each.to_statement() for each in written)


def _fill_in(drafted: Sequence[Statement], checked: Checked, fresh: Sequence[Statement]) -> tuple[Statement, ...]:
    """Return what passed, with the mended statements in the places of those that failed."""
    spare = iter(fresh)
    placed = (each if each in checked.kept else next(spare, None) for each in drafted)
    return tuple(dict.fromkeys(each for each in placed if each is not None))


def _read_form(form: type[_Form], text: str) -> _Form:
    try:
        return form.model_validate(_ENVELOPE.validate_json(text)[WRITTEN])
    except (KeyError, ValidationError) as error:
        raise errors.UnreadableTextError from error


def make_client(*, api_key: str, base_url: str) -> anthropic.Anthropic:
    """Return a client that opens a connection for each request: they are minutes apart, and an idle one goes stale.

    Key and address are explicit: left out, the SDK would read them from the environment.
    """
    http_client = anthropic.DefaultHttpxClient(limits=httpx2.Limits(max_keepalive_connections=0))
    return anthropic.Anthropic(api_key=api_key, base_url=base_url, http_client=http_client)


class ClaudeWriter:
    """Writes with Claude and says only what its evidence carries.

    A section may come out empty, the promotion too (no text); who posts the plan fills them. Every method raises a
    ``WriterError`` when nothing usable came within ``deadline_seconds``.
    """

    def __init__(
        self,
        client: anthropic.Anthropic,
        *,
        model: str,
        deadline_seconds: float = DEADLINE_SECONDS,
        limits: Limits | None = None,
    ) -> None:
        # The SDK obeys any `retry-after`, be it an hour: we wait and retry here, where the deadline is known.
        self._client = client.with_options(max_retries=0)
        self._model = model
        self._deadline_seconds = deadline_seconds
        self._limits = limits or Limits()

    def write_plan(self, brief: Brief, *, publish: Publish = ignore) -> Plan:
        """Return Claude's plan; what its evidence does not carry was sent back once, then left out.

        ``publish`` gets each section as soon as it is written, with those of its statements that are carried.
        """
        sections = SectionStream(publish, check=lambda statements: self._check(statements, brief, brief.evidence).kept)
        messages, deadline = plan_messages(brief), time.monotonic() + self._deadline_seconds
        try:
            draft = self._draft(messages, deadline, may_call=True, on_text=sections.read)
        except errors.LookedUpError:
            # It should not have. Forbidding it from the start would cost follow-ups the cached brief.
            draft = self._draft(messages, deadline, may_call=False, on_text=sections.read)
        return self._finish_plan(draft, brief)

    def plan_request(self, brief: Brief) -> MessageCreateParamsNonStreaming:
        """Return the request that asks for a plan in a batch; as no follow-up comes soon, nothing is cached."""
        return self._request(plan_messages(brief, cached=False), may_call=None)

    def read_plan(self, message: Message, brief: Brief) -> Plan:
        """Return the plan that a batch brought; what its evidence does not carry is sent back now, at full price."""
        draft = _Draft(
            messages=plan_messages(brief, cached=False),
            text=self._read(message),
            usage=self.batch_usage(message),
            deadline=time.monotonic() + self._deadline_seconds,
            may_call=None,
        )
        return self._finish_plan(draft, brief)

    def batch_usage(self, message: Message) -> Usage:
        """Return what a message of a batch cost; nobody waited for it."""
        return self._usage(message, seconds=0.0, part=BATCH)

    def _finish_plan(self, draft: _Draft, brief: Brief) -> Plan:
        parts, dropped, usage, _ = self._carry(draft, _WrittenPlan, brief, brief.evidence)
        sections = tuple(Section(name=name, statements=parts[name]) for name in SectionName)
        if not any(section.statements for section in sections):
            raise errors.NothingCarriedError(dropped)
        promotion = None
        if brief.account.promotion is not None:
            promotion = next(iter(parts[_PROMOTION]), Statement(text="", evidence=()))
        authorship = Authorship(model=self._model, note="", dropped=dropped, usage=usage)
        return Plan(sections=sections, promotion=promotion, authorship=authorship)

    def answer(
        self,
        brief: Brief,
        question: str,
        *,
        transcript: Sequence[Turn],
        passages: Sequence[Evidence],
        tools: ToolContext | None = None,
    ) -> Answer:
        """Return Claude's answer, or the honest statement that the sources do not hold it."""
        messages = answer_messages(brief, question, transcript=transcript, passages=passages, tools=tools is not None)
        known: tuple[Evidence, ...] = (*brief.evidence, *passages)
        shown: tuple[str, ...] = ()
        if tools is None:
            draft = self._draft(messages, time.monotonic() + self._deadline_seconds)
        else:
            draft, tools = self._look_up_and_draft(messages, tools.knowing(passages))
            known, shown = tools.known, tools.shown
        parts, dropped, usage, written = self._carry(draft, _WrittenAnswer, brief, known)
        kept = parts["statements"]
        if not kept:
            if dropped or not (missing := _WrittenStatement(text=written.missing, evidence=[]).to_statement()).text:
                raise errors.NothingCarriedError(dropped)
            # It rests on nothing in particular; the check still bars links, mentions and numbers from nowhere.
            anywhere = Statement(text=missing.text, evidence=tuple(item.evidence_id for item in known))
            if not self._check([anywhere], brief, known).kept:
                raise errors.NothingCarriedError(1)
            kept = (Statement(text=f"Not in my sources: {missing.text}", evidence=()),)
        return Answer(
            statements=kept,
            authorship=Authorship(model=self._model, note="", dropped=dropped, usage=usage),
            evidence=tuple(item for item in known if item not in brief.evidence),
            account_ids=shown,
        )

    def _draft(
        self, messages: list[MessageParam], deadline: float, *, may_call: bool | None = None, on_text: OnText = ignore
    ) -> _Draft:
        """Return what Claude wrote in one go; ``on_text`` gets all that is written so far, again and again."""
        text, usage = self._write(messages, deadline, may_call=may_call, on_text=on_text)
        return _Draft(messages=messages, text=text, usage=usage, deadline=deadline, may_call=may_call)

    def _look_up_and_draft(self, messages: list[MessageParam], context: ToolContext) -> tuple[_Draft, ToolContext]:
        """Let Claude call tools until it answers; return what it wrote then, and the context with all that it knew."""
        deadline = time.monotonic() + self._deadline_seconds
        usage: Usage | None = None
        for rounds in range(MAX_ROUNDS + 1):
            asked = time.monotonic()
            message = self._complete(messages, deadline, may_call=rounds < MAX_ROUNDS)
            more = self._usage(message, seconds=time.monotonic() - asked)
            usage = more if usage is None else add_usage(usage, more)
            if message.stop_reason != "tool_use":
                draft = _Draft(
                    messages=messages,
                    text=self._read(message),
                    usage=usage,
                    deadline=deadline,
                    may_call=True,
                )
                return draft, context
            context, results = answer_calls(context, message.content)
            told: list[ToolResultBlockParam | TextBlockParam] = [*results]
            if rounds == MAX_ROUNDS - 1:
                told.append({"type": "text", "text": LAST_ROUND_INSTRUCTION})
            messages = [
                *messages,
                {"role": "assistant", "content": message.content},
                {"role": "user", "content": told},
            ]
        raise errors.EndlessLookupsError(MAX_ROUNDS)

    def _carry(
        self, draft: _Draft, form: type[_Form], brief: Brief, evidence: Sequence[Evidence]
    ) -> tuple[dict[str, tuple[Statement, ...]], int, Usage, _Form]:
        """Return the statements of every part that are carried, how many were dropped, the cost, and what was written.

        What fails the check is sent back once with the reasons, in the time that is left.
        """
        usage, written = draft.usage, _read_form(form, draft.text)
        checked = {name: self._check(part, brief, evidence) for name, part in written.parts().items()}
        failed = {name: part.dropped for name, part in checked.items() if part.dropped}
        mended: dict[str, tuple[Statement, ...]] = {}
        if failed:
            mended, more = self._mend(draft, repair_messages(draft.messages, draft.text, failed), form)
            usage = usage if more is None else add_usage(usage, more)
        parts = {}
        dropped = 0
        for name, drafted in written.parts().items():
            # As many as failed, and no more: what passed the first time stays as it is.
            fresh = self._check(mended.get(name, ())[: len(checked[name].dropped)], brief, evidence).kept
            parts[name] = _fill_in(drafted, checked[name], fresh)
            dropped += len(drafted) - len(parts[name])
        if failed:
            _log.info("%d statements failed the check, %d of them again", sum(map(len, failed.values())), dropped)
        return parts, dropped, usage, written

    @staticmethod
    def _check(statements: Sequence[Statement], brief: Brief, evidence: Sequence[Evidence]) -> Checked:
        checked = check_statements(statements, evidence, subject=subject_of(brief))
        told = tuple(each for each in checked.kept if repeats_instructions(each.text))
        return Checked(
            kept=tuple(each for each in checked.kept if each not in told),
            dropped=(*checked.dropped, *(Dropped(statement=each, reason="It repeats instructions.") for each in told)),
        )

    def _mend(
        self, draft: _Draft, messages: list[MessageParam], form: type[_Form]
    ) -> tuple[dict[str, tuple[Statement, ...]], Usage | None]:
        """Return what Claude wrote in place of the statements that failed: nothing where it did not deliver."""
        try:
            text, usage = self._write(messages, draft.deadline, may_call=draft.may_call)
            return _read_form(form, text).parts(), usage
        except errors.WriterError as error:
            _log.info("the statements that failed were not mended: %s", type(error).__name__)
            return {}, None

    def _write(
        self,
        messages: list[MessageParam],
        deadline: float,
        *,
        may_call: bool | None = None,
        on_text: OnText = ignore,
    ) -> tuple[str, Usage]:
        """Return the text of the finished message and what it cost."""
        started = time.monotonic()
        message = self._complete(messages, deadline, may_call=may_call, on_text=on_text)
        return self._read(message), self._usage(message, seconds=time.monotonic() - started)

    def _complete(
        self,
        messages: list[MessageParam],
        deadline: float,
        *,
        may_call: bool | None,
        on_text: OnText = ignore,
    ) -> Message:
        """Return the finished message; retry what may pass, within the deadline.

        ``may_call`` None is a request without tools; False one whose tools may not be called any more.
        """
        for attempt in range(MAX_RETRIES + 1):
            try:
                return self._stream(self._request(messages, may_call=may_call), deadline, on_text)
            except (anthropic.APIError, httpx2.HTTPError) as error:
                wait = seconds_before_retry(error, attempt)
                if wait is None or attempt == MAX_RETRIES or time.monotonic() + wait >= deadline:
                    seconds = min(READ_TIMEOUT_SECONDS, self._deadline_seconds)
                    raise explain(error, model=self._model, seconds=seconds) from error
                _log.info("Claude's service answered %s; trying again in %.1f s", type(error).__name__, wait)
                time.sleep(wait)
        raise AssertionError  # the last attempt returns or raises

    def _request(self, messages: list[MessageParam], *, may_call: bool | None) -> MessageCreateParamsNonStreaming:
        request: MessageCreateParamsNonStreaming = {
            "model": self._model,
            "max_tokens": MAX_TOKENS,
            "system": [_POLICY if may_call is None else _CACHED_POLICY],
            "messages": messages,
            "output_config": {"format": {"type": "json_schema", "schema": FORM}, "effort": "low"},
        }
        if may_call is not None:
            request["tools"] = tool_params()
        if may_call is False:
            # The tools stay, for what was cached holds them and the policy; the brief is read anew.
            request["tool_choice"] = {"type": "none"}
        return request

    def _stream(self, request: MessageCreateParamsNonStreaming, deadline: float, on_text: OnText) -> Message:
        self._limits.check_request()
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise errors.TooSlowError(self._deadline_seconds)
        timeout = httpx2.Timeout(min(READ_TIMEOUT_SECONDS, remaining), connect=min(CONNECT_TIMEOUT_SECONDS, remaining))
        with self._client.messages.stream(**request, timeout=timeout) as stream:  # type: ignore[misc] # no "stream" in it
            message: Message | None = None
            for event in stream:
                if event.type == "message_start":
                    message = stream.current_message_snapshot
                elif event.type == "text":
                    on_text(event.snapshot)
                self._limits.check_answer()
                if time.monotonic() > deadline:
                    raise errors.TooSlowError(self._deadline_seconds)
        if message is None:
            raise errors.CutOffError
        return message

    def _read(self, message: Message) -> str:
        if message.stop_reason == "refusal":
            raise errors.RefusedError
        if message.stop_reason == "max_tokens":
            raise errors.TooLongError(MAX_TOKENS)
        if message.stop_reason == "tool_use":
            raise errors.LookedUpError
        if message.stop_reason != "end_turn":  # None when the stream ended early without an error
            raise errors.CutOffError
        return "".join(block.text for block in message.content if block.type == "text")

    def _usage(self, message: Message, *, seconds: float, part: float = 1.0) -> Usage:
        """Return what a message cost; ``part`` is what is paid of the list price."""
        usage, price = message.usage, PRICES.get(self._model)
        read, write = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
        hour = usage.cache_creation.ephemeral_1h_input_tokens if usage.cache_creation else 0
        dollars = None
        if price is not None:
            dollars = part * price.dollars(
                fresh=usage.input_tokens,
                cache_write=write - hour,
                cache_write_hour=hour,
                cache_read=read,
                output=usage.output_tokens,
            )
        return Usage(
            input_tokens=usage.input_tokens,
            cache_read_tokens=read,
            cache_write_tokens=write,
            output_tokens=usage.output_tokens,
            dollars=dollars,
            seconds=seconds,
        )


def add_usage(first: Usage, second: Usage) -> Usage:
    """Return what two requests cost together."""
    return Usage(
        input_tokens=first.input_tokens + second.input_tokens,
        cache_read_tokens=first.cache_read_tokens + second.cache_read_tokens,
        cache_write_tokens=first.cache_write_tokens + second.cache_write_tokens,
        output_tokens=first.output_tokens + second.output_tokens,
        dollars=None if first.dollars is None or second.dollars is None else first.dollars + second.dollars,
        seconds=first.seconds + second.seconds,
    )
