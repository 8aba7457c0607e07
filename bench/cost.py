"""What a plan and a follow-up cost at list price with the default model: an estimate, since no key is needed here.

    python bench/run.py --only cost

The requests are those that precall sends, recorded by the tests' double of the service, for accounts of the demo with
its knowledge base. Tokens are characters over 3.3, fewer than a token of English prose has. What the service adds of
its own and what the model thinks is not counted. A follow-up is asked after a plan by the offline writer.
What Claude writes is not known here: a plan counts 1,500 tokens, the
most that is asked for, and an answer 300, five statements. "Warm" is when tools and policy, which are the same for
every account, are in the cache; "cached" when the account's brief and what was said in its thread are, too.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "bot"))

from anthropic_server import API_KEY, AnthropicServer, Scenario  # of the tests
from rich.console import Console
from row import Row

from bot.blocks import plan_messages
from bot.brief import make_brief
from bot.tools.calls import SearchDocuments
from bot.tools.context import ToolContext
from bot.tools.documents import search_documents
from bot.writer import DEFAULT_MODEL
from bot.writer.batch import BatchWriter
from bot.writer.claude import ClaudeWriter, make_client
from bot.writer.offline import OfflineWriter
from bot.writer.prices import BATCH, PRICES
from kb.build import build_library
from kb.index import Library
from pipeline.config import PipelineConfig
from pipeline.progress import ProgressBars
from pipeline.run import build
from pipeline.what_if import OpenModels
from storage.snapshots import SnapshotStore
from storage.state import Turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.brief import Brief
    from storage.snapshots import Snapshot

PACKAGES = ("anthropic",)
PRICE = PRICES[DEFAULT_MODEL]
CHARACTERS_PER_TOKEN = 3.3
PLAN_TOKENS = 1_500
ANSWER_TOKENS = 300
CALL_TOKENS = 100
DAY = datetime(2026, 11, 20, tzinfo=UTC)
QUESTION = "What do we say when they bring up a competitor's price?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """The tokens of a request in the order of its parts: what every account shares, brief, conversation, question."""

    shared: float
    brief: float
    said: float
    asked: float
    rest: float

    @classmethod
    def of(cls, request: dict[str, Any]) -> Size:
        """Return the size of a request as it was sent."""
        brief, *others = request["messages"]
        *said, asked = [each for each in others if "cache_control" in each["content"][-1]] or [[]]
        return cls(
            shared=_tokens([request.get("tools", []), request["system"], request["output_config"]]),
            brief=_tokens(brief),
            said=sum(map(_tokens, said)),
            asked=_tokens(asked),
            rest=_tokens([each for each in others if each not in (*said, asked)]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """What is sent for one account."""

    plan: Size
    ahead: Size
    answer: Size
    looked_up: Size


def _tokens(part: Any) -> float:
    return len(json.dumps(part, ensure_ascii=False)) / CHARACTERS_PER_TOKEN


def rows(*, quick: bool) -> Iterator[Row]:
    """Yield the tokens of each part and the dollars of each way to write, the median of the accounts."""
    found = record(accounts=3 if quick else 20)

    def median(what: str, unit: str, figures: list[float], note: str = "") -> Row:
        most = f"{max(figures):,.4f}" if unit == "$" else f"{max(figures):,.0f}"
        note = f"{note}; at most {most}".removeprefix("; ")
        return Row(what, statistics.median(figures), unit=unit, note=note)

    yield median("form, tools and policy", "tokens", [each.plan.shared for each in found], "the same for all accounts")
    yield median("a brief", "tokens", [each.plan.brief for each in found])
    yield median("what was said in the thread of a plan", "tokens", [each.answer.said for each in found])
    yield median("what a follow-up adds", "tokens", [each.answer.asked + each.answer.rest for each in found])
    yield median("a plan, nothing cached", "$", [plan_cold(each.plan) for each in found])
    yield median("a plan, warm", "$", [plan_warm(each.plan) for each in found], "goal: under 0.04")
    yield median("a plan, written ahead", "$", [plan_ahead(each.ahead) for each in found], "goal: under 0.025")
    yield median("a follow-up, warm", "$", [answer_warm(each.answer) for each in found], "the first after a plan ahead")
    yield median("a follow-up, cached", "$", [answer_cached(each.answer) for each in found], "goal: under 0.01")
    yield median(
        "a follow-up with one look-up, cached",
        "$",
        [answer_looked_up(each.answer, each.looked_up) for each in found],
        "goal: under 0.01",
    )


def plan_cold(size: Size) -> float:
    return PRICE.dollars(cache_write_hour=size.shared, cache_write=size.brief, fresh=size.rest, output=PLAN_TOKENS)


def plan_warm(size: Size) -> float:
    return PRICE.dollars(cache_read=size.shared, cache_write=size.brief, fresh=size.rest, output=PLAN_TOKENS)


def plan_ahead(size: Size) -> float:
    return BATCH * PRICE.dollars(fresh=size.shared + size.brief + size.rest, output=PLAN_TOKENS)


def answer_warm(size: Size) -> float:
    return PRICE.dollars(
        cache_read=size.shared, cache_write=size.brief + size.said + size.asked, fresh=size.rest, output=ANSWER_TOKENS
    )


def answer_cached(size: Size, *, output: int = ANSWER_TOKENS) -> float:
    read = size.shared + size.brief + size.said
    return PRICE.dollars(cache_read=read, cache_write=size.asked, fresh=size.rest, output=output)


def answer_looked_up(answer: Size, looked_up: Size) -> float:
    read = looked_up.shared + looked_up.brief + looked_up.said + looked_up.asked
    found = PRICE.dollars(cache_read=read, fresh=looked_up.rest, output=ANSWER_TOKENS)
    return answer_cached(answer, output=CALL_TOKENS) + found


def record(*, accounts: int) -> list[Requests]:
    """Return what is sent for so many accounts of a fresh demo build."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        build_library(home, progress=lambda *_: None, demo=True)
        library = Library.open(home / "kb" / "index")
        config = PipelineConfig(home=home, as_of=DAY.date(), accounts=120)
        with closing(SnapshotStore(config.snapshots)) as store, closing(AnthropicServer()) as server:
            with ProgressBars(Console(stderr=True)) as progress:
                build(config, store=store, progress=progress, now=DAY)
            with store.lease() as snapshot:
                listed = [snapshot.find_account(row.account_id) for row in snapshot.digest(limit=accounts)]
                briefs = [make_brief(snapshot, account, library=library) for account in listed if account]
                return [record_one(server, snapshot, library, brief) for brief in briefs]


def said_before(brief: Brief) -> Iterator[Turn]:
    """Yield the messages of a plan, as a thread remembers them."""
    for message in plan_messages(brief, OfflineWriter(note="").write_plan(brief)):
        yield Turn(author="precall", user_id="", text=unescape(message.text), at=DAY, message_ts="")


def record_one(server: AnthropicServer, snapshot: Snapshot, library: Library, brief: Brief) -> Requests:
    """Return the requests of one account's plan, of the same ahead, and of a follow-up with a look-up."""
    context = ToolContext(
        snapshot=snapshot,
        brief=brief,
        library=library,
        may_see=lambda _: True,
        models=OpenModels(),
        known=brief.evidence,
    )
    passages = [
        each
        for each in search_documents(context, SearchDocuments(query=QUESTION)).evidence
        if each not in brief.evidence
    ]
    client = make_client(api_key=API_KEY, base_url=server.url)
    claude = ClaudeWriter(client, model=DEFAULT_MODEL)
    server.requests.clear()
    claude.write_plan(brief)
    plan = server.requests[0]
    BatchWriter(client, claude, OfflineWriter(note=""), model=DEFAULT_MODEL).send({"one": brief})
    batch = server.requests[-1]
    server.requests.clear()
    server.next(Scenario.TOOL_CALL)
    claude.answer(brief, QUESTION, transcript=list(said_before(brief)), passages=passages, tools=context)
    answer, looked_up = server.requests[:2]
    return Requests(
        plan=Size.of(plan),
        ahead=Size.of(batch["requests"][0]["params"]),
        answer=Size.of(answer),
        looked_up=Size.of(looked_up),
    )
