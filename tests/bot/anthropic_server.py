"""A server on loopback that speaks Anthropic's wire format, as strict about requests as the API.

It writes a valid plan or answer for any brief from the evidence that it finds in the request, and fails on demand.
A batch of requests is written when it is looked at for the first time after ``polls`` looks.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

API_KEY = "sk-ant-loopback"
MODELS = frozenset({"claude-sonnet-5-5", "claude-haiku-5-5"})
_ALLOWED = frozenset(
    {
        "model",
        "max_tokens",
        "messages",
        "system",
        "stream",
        "output_config",
        "thinking",
        "tools",
        "tool_choice",
        "metadata",
    }
)
_TEXT_CHUNK = 40
BATCHES = "/v1/messages/batches"


class Scenario(Enum):
    """What the next request meets."""

    NORMAL = auto()
    RATE_LIMITED = auto()
    RATE_LIMITED_FOR_AN_HOUR = auto()
    OVERLOADED = auto()
    FAILED = auto()
    FORBIDDEN = auto()
    OVERLOADED_IN_STREAM = auto()
    CUT_OFF = auto()
    ENDS_EARLY = auto()
    REFUSAL = auto()
    MAX_TOKENS = auto()
    INVALID_JSON = auto()
    WRONG_FORM = auto()
    UNKNOWN_EVIDENCE = auto()
    INVENTED_NUMBERS = auto()
    ONE_SECTION_INVENTED = auto()
    HIJACKED = auto()
    OBEDIENT = auto()
    NOT_IN_SOURCES = auto()
    SLOW = auto()
    PAUSES = auto()
    PAUSES_THEN_CUT_OFF = auto()
    TOOL_CALL = auto()
    TWO_TOOL_CALLS = auto()
    UNKNOWN_TOOL = auto()
    INVALID_ARGUMENTS = auto()
    FORBIDDEN_ACCOUNT = auto()
    ERRORED = auto()
    EXPIRED = auto()


_RESULTS = {Scenario.ERRORED: "errored", Scenario.EXPIRED: "expired"}
_STATUSES = {
    Scenario.RATE_LIMITED: (429, "rate_limit_error", {"retry-after": "0"}),
    Scenario.RATE_LIMITED_FOR_AN_HOUR: (429, "rate_limit_error", {"retry-after": "3600"}),
    Scenario.OVERLOADED: (529, "overloaded_error", {"retry-after": "0"}),
    Scenario.FAILED: (500, "api_error", {"retry-after": "0"}),
    Scenario.FORBIDDEN: (403, "permission_error", {}),
}


_CALLS: dict[Scenario, list[tuple[str, dict[str, Any]]]] = {
    Scenario.TOOL_CALL: [("account_facts", {"facts": ["data"], "features": []})],
    Scenario.TWO_TOOL_CALLS: [
        ("compare", {"accounts": ["ACME-009"]}),
        ("account_facts", {"facts": ["data"], "features": []}),
    ],
    Scenario.UNKNOWN_TOOL: [("send_message", {"to": "everybody"})],
    Scenario.INVALID_ARGUMENTS: [("drivers", {"direction": "sideways", "limit": 3})],
    Scenario.FORBIDDEN_ACCOUNT: [("compare", {"accounts": ["ACME-008"]})],
}


@dataclass
class Batch:
    """Requests that were sent together, each with what it meets; ended when it was looked at ``polls`` times."""

    batch_id: str
    url: str
    requests: list[tuple[dict[str, Any], Scenario]]
    polls: int

    def describe(self) -> dict[str, Any]:
        ended, moment = self.polls < 0, "2026-11-23T05:00:00Z"
        counts = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
        for _, scenario in self.requests:
            counts[_RESULTS.get(scenario, "succeeded") if ended else "processing"] += 1
        return {
            "id": self.batch_id,
            "type": "message_batch",
            "processing_status": "ended" if ended else "in_progress",
            "request_counts": counts,
            "created_at": moment,
            "expires_at": "2026-11-24T05:00:00Z",
            "ended_at": moment if ended else None,
            "archived_at": None,
            "cancel_initiated_at": None,
            "results_url": f"{self.url}{BATCHES}/{self.batch_id}/results" if ended else None,
        }

    def results(self) -> str:
        """Return the lines, the last request first: the API promises no order."""
        lines = [
            {"custom_id": request["custom_id"], "result": _result(request["params"], scenario)}
            for request, scenario in reversed(self.requests)
        ]
        return "".join(f"{json.dumps(line)}\n" for line in lines)


def _result(body: dict[str, Any], scenario: Scenario) -> dict[str, Any]:
    if scenario is Scenario.ERRORED:
        error = {"type": "error", "error": {"type": "api_error", "message": "SECRET DETAIL"}, "request_id": None}
        return {"type": "errored", "error": error}
    if scenario is Scenario.EXPIRED:
        return {"type": "expired"}
    return {"type": "succeeded", "message": assemble(body, scenario)}


def assemble(body: dict[str, Any], scenario: Scenario) -> dict[str, Any]:
    """Return the message that the events of a stream make up."""
    message: dict[str, Any] = {}
    for _, event in events(body, scenario):
        match event["type"]:
            case "message_start":
                message = event["message"]
            case "content_block_start":
                message["content"].append(dict(event["content_block"]))
            case "content_block_delta":
                name = event["delta"]["type"].removesuffix("_delta")
                message["content"][-1][name] += event["delta"][name]
            case "message_delta":
                message |= event["delta"]
                message["usage"] |= event["usage"]
    return message


class AnthropicServer:
    """``next`` queues what the coming requests meet, one each; after that everything is normal.

    A batch is one request, and then each request in it meets what is queued in ``next_in_batch``; it has ended after
    ``polls`` looks at it. Half-way through a text that pauses the server waits for ``go_on``.
    """

    def __init__(self, *, slow_seconds: float = 0.3, pause_seconds: float = 0.0) -> None:
        self.requests: list[dict[str, Any]] = []
        self.slow_seconds = slow_seconds
        self.pause_seconds = pause_seconds  # before each answer begins
        self.go_on = threading.Event()
        self.polls = 0
        self.batches: dict[str, Batch] = {}
        self._scenarios: deque[Scenario] = deque()
        self._in_batches: deque[Scenario] = deque()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._make_handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def next(self, *scenarios: Scenario) -> None:
        self._scenarios.extend(scenarios)

    def next_in_batch(self, *scenarios: Scenario) -> None:
        self._in_batches.extend(scenarios)

    def make_batch(self, body: dict[str, Any]) -> Batch:
        batch_id = f"msgbatch_{len(self.batches) + 1}"
        met = [self._in_batches.popleft() if self._in_batches else Scenario.NORMAL for _ in body["requests"]]
        self.batches[batch_id] = Batch(batch_id, self.url, list(zip(body["requests"], met, strict=True)), self.polls)
        return self.batches[batch_id]

    def take_scenario(self) -> Scenario:
        return self._scenarios.popleft() if self._scenarios else Scenario.NORMAL

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _make_handler(self) -> type[BaseHTTPRequestHandler]:  # noqa: C901 # counts the methods of the class inside
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # as do_POST
                if self.path.startswith(BATCHES):
                    self._answer_batch()
                    return
                model = self.path.removeprefix("/v1/models/")
                if self.headers.get("authorization") != f"Bearer {API_KEY}":
                    self._fail(401, "authentication_error", "invalid x-api-key", {})
                elif model not in MODELS:
                    self._fail(404, "not_found_error", f"model: {model}", {})
                else:
                    self._answer(200, {"type": "model", "id": model, "display_name": model}, {})

            def _answer_batch(self) -> None:
                batch_id, _, rest = self.path.removeprefix(f"{BATCHES}/").partition("/")
                batch = server.batches.get(batch_id)
                scenario = server.take_scenario()
                if self.headers.get("authorization") != f"Bearer {API_KEY}":
                    self._fail(401, "authentication_error", "invalid x-api-key", {})
                elif batch is None:
                    self._fail(404, "not_found_error", f"no such batch: {batch_id}", {})
                elif scenario in _STATUSES:
                    status, kind, headers = _STATUSES[scenario]
                    self._fail(status, kind, "SECRET DETAIL OF THE SERVICE", headers)
                elif rest == "results":
                    self._send(200, batch.results().encode(), "application/binary", {})
                else:
                    batch.polls -= 1
                    self._answer(200, batch.describe(), {})

            def do_POST(self) -> None:  # the name that the base class looks up
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                server.requests.append(body)
                rejected = reject(self.path, self.headers, body)
                if rejected is not None:
                    self._fail(*rejected, {})
                    return
                scenario = server.take_scenario()
                if scenario in _STATUSES:
                    status, kind, headers = _STATUSES[scenario]
                    self._fail(status, kind, "SECRET DETAIL OF THE SERVICE", headers)
                    return
                if self.path == BATCHES:
                    self._answer(200, server.make_batch(body).describe(), {})
                    return
                self._stream(body, scenario)

            def _stream(self, body: dict[str, Any], scenario: Scenario) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/event-stream; charset=utf-8")
                self.send_header("request-id", "req_loopback")
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                time.sleep(server.pause_seconds)
                for name, data in events(body, scenario):
                    if name == "pause":
                        server.go_on.wait(30)
                        continue
                    if name == "cut":
                        # No last chunk: the client sees the connection end inside the body.
                        self.close_connection = True
                        return
                    if scenario is Scenario.SLOW:
                        time.sleep(server.slow_seconds)
                    event = f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
                    try:
                        self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
                        self.wfile.flush()
                    except OSError:
                        self.close_connection = True
                        return
                self.wfile.write(b"0\r\n\r\n")

            def _fail(self, status: int, kind: str, message: str, headers: dict[str, str]) -> None:
                error = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_loopback"}
                self._answer(status, error, headers)

            def _answer(self, status: int, answer: dict[str, Any], headers: dict[str, str]) -> None:
                self._send(status, json.dumps(answer).encode(), "application/json", headers)

            def _send(self, status: int, content: bytes, kind: str, headers: dict[str, str]) -> None:
                self.send_response(status)
                for name, value in {
                    "content-type": kind,
                    "content-length": str(len(content)),
                    "request-id": "req_loopback",
                    **headers,
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *args: object) -> None:
                """Keep the test output quiet."""

        return Handler


def reject(path: str, headers: Message, body: dict[str, Any]) -> tuple[int, str, str] | None:
    """Return status, type and message of the refusal that this request meets, or None."""
    if path.split("?", maxsplit=1)[0] not in {"/v1/messages", BATCHES}:
        return 404, "not_found_error", f"no such path: {path}"
    if f"Bearer {API_KEY}" != headers.get("authorization") and headers.get("x-api-key") != API_KEY:
        return 401, "authentication_error", "invalid x-api-key"
    if "anthropic-version" not in headers:
        return 400, "invalid_request_error", "anthropic-version: header is required"
    if path == BATCHES:
        fault = find_batch_fault(body)
        return None if fault is None else (400, "invalid_request_error", fault)
    if body.get("model") not in MODELS:
        return 404, "not_found_error", f"model: {body.get('model')}"
    fault = find_fault(body)
    return None if fault is None else (400, "invalid_request_error", fault)


def find_batch_fault(body: dict[str, Any]) -> str | None:
    """Return what the API would reject about this batch, or None."""
    ids = [request["custom_id"] for request in body["requests"]]
    if not ids or len(set(ids)) < len(ids):
        return "requests: at least one, each with a custom_id of its own"
    if not all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", each) for each in ids):
        return "requests.0.custom_id: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'"
    if any("stream" in request["params"] for request in body["requests"]):
        return "requests.0.params.stream: Extra inputs are not permitted"
    # What a single request must be is the same, except that this server only streams those.
    return next(
        (fault for request in body["requests"] if (fault := find_fault(request["params"] | {"stream": True}))), None
    )


def find_fault(body: dict[str, Any]) -> str | None:
    """Return what the API would reject about this request, or None."""
    messages = body.get("messages") or [{"role": "none", "content": []}]
    blocks = [*body.get("system", []), *(block for message in messages for block in message["content"])]
    output_format = body.get("output_config", {}).get("format") or {"type": "json_schema", "schema": {}}
    faults = (
        *((name in body, f"{name}: not supported for this model") for name in ("temperature", "top_p", "top_k")),
        (bool(set(body) - _ALLOWED), f"{sorted(set(body) - _ALLOWED)}: Extra inputs are not permitted"),
        (body.get("thinking", {}).get("type", "adaptive") != "adaptive", "thinking: only adaptive is supported"),
        (body.get("tool_choice", {}).get("type") in {"any", "tool"}, "tool_choice: forced tool use is not supported"),
        (not isinstance(body.get("max_tokens"), int), "max_tokens: Field required"),
        (body.get("stream") is not True, "stream: this server only streams"),
        (messages[0]["role"] != "user", "messages: first message must use the user role"),
        (messages[-1]["role"] == "assistant", "messages: this model does not support assistant message prefill"),
        (any(block.get("text") == "" for block in blocks), "messages: text content blocks must be non-empty"),
        (sum("cache_control" in block for block in blocks) > 4, "cache_control: at most 4 blocks"),
        (output_format.get("type") != "json_schema", "output_config.format.type: must be json_schema"),
    )
    found = next((message for applies, message in faults if applies), None)
    found = found or _find_schema_fault(output_format["schema"]) or _find_tool_fault(messages)
    schemas = (tool["input_schema"] for tool in body.get("tools", []))
    return found or next((fault for schema in schemas if (fault := _find_schema_fault(schema)) is not None), None)


def _find_tool_fault(messages: list[dict[str, Any]]) -> str | None:
    """Every call is answered at the start of the next message, and what was thought before it is handed back."""
    for message, following in zip(messages, [*messages[1:], {"content": []}], strict=True):
        called = [block["id"] for block in message["content"] if block.get("type") == "tool_use"]
        answered = [block.get("tool_use_id") for block in following["content"][: len(called)]]
        if called != answered:
            return "messages: `tool_use` ids were found without `tool_result` blocks immediately after"
        if called and message["content"][0].get("type") != "thinking":
            return "messages: an assistant message with `tool_use` must start with its thinking block"
    return None


def _find_schema_fault(schema: dict[str, Any]) -> str | None:
    for keyword in ("minLength", "maxLength", "maxItems", "minimum", "maximum", "uniqueItems"):
        if keyword in schema:
            return f"output_config.format.schema: {keyword} is not supported"
    if schema.get("minItems", 0) not in {0, 1}:
        return "output_config.format.schema: minItems must be 0 or 1"
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return "output_config.format.schema: additionalProperties must be false"
        if sorted(schema.get("required", [])) != sorted(schema["properties"]):
            return "output_config.format.schema: every property must be required"
    inner = [
        *schema.get("properties", {}).values(),
        *schema.get("anyOf", []),
        *([schema["items"]] if "items" in schema else []),
    ]
    return next((fault for each in inner if (fault := _find_schema_fault(each)) is not None), None)


def events(body: dict[str, Any], scenario: Scenario) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the events of one message as (name, data); the name ``cut`` ends the connection."""
    usage = {
        "input_tokens": 900,
        "cache_creation_input_tokens": 4_000,
        "cache_read_input_tokens": 0,
        "output_tokens": 1,
    }
    start = {
        "id": "msg_loopback",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": usage,
    }
    yield "message_start", {"type": "message_start", "message": start}
    yield "ping", {"type": "ping"}
    yield "content_block_start", _block_start(0, {"type": "thinking", "thinking": "", "signature": ""})
    yield "content_block_delta", _delta(0, {"type": "thinking_delta", "thinking": '{"not": "the answer"}'})
    yield "content_block_delta", _delta(0, {"type": "signature_delta", "signature": "c2ln"})
    yield "content_block_stop", {"type": "content_block_stop", "index": 0}
    if scenario is Scenario.REFUSAL:
        yield from _end("refusal")
        return
    if scenario in _CALLS:
        yield from _tool_events(body, scenario)
        yield from _end("tool_use")
        return
    text = write(body, scenario)
    yield "content_block_start", _block_start(1, {"type": "text", "text": ""})
    chunks = [text[place : place + _TEXT_CHUNK] for place in range(0, len(text), _TEXT_CHUNK)]
    for place, chunk in enumerate(chunks):
        if place == len(chunks) // 2:
            if scenario in {Scenario.PAUSES, Scenario.PAUSES_THEN_CUT_OFF}:
                yield "pause", {}
            if scenario in {Scenario.CUT_OFF, Scenario.PAUSES_THEN_CUT_OFF}:
                yield "cut", {}
            if scenario is Scenario.ENDS_EARLY:
                return
            if scenario is Scenario.OVERLOADED_IN_STREAM:
                yield "error", {"type": "error", "error": {"type": "overloaded_error", "message": "SECRET DETAIL"}}
                return
            if scenario is Scenario.MAX_TOKENS:
                yield from _end("max_tokens")
                return
        yield "content_block_delta", _delta(1, {"type": "text_delta", "text": chunk})
    yield "content_block_stop", {"type": "content_block_stop", "index": 1}
    yield from _end("end_turn")


def _tool_events(body: dict[str, Any], scenario: Scenario) -> Iterator[tuple[str, dict[str, Any]]]:
    for place, (name, arguments) in enumerate(_CALLS[scenario], start=1):
        call_id = f"toolu_{len(body['messages'])}_{place}"
        yield (
            "content_block_start",
            _block_start(place, {"type": "tool_use", "id": call_id, "name": name, "input": {}}),
        )
        for part in re.findall(r".{1,9}", json.dumps(arguments)):
            yield "content_block_delta", _delta(place, {"type": "input_json_delta", "partial_json": part})
        yield "content_block_stop", {"type": "content_block_stop", "index": place}


def write(body: dict[str, Any], scenario: Scenario) -> str:
    """Write what the schema asks for, from the evidence in the request."""
    if scenario is Scenario.INVALID_JSON:
        return '{"executive_summary": [{"text": "And then'
    if scenario is Scenario.WRONG_FORM:
        return '{"plan": "in words"}'
    evidence = find_evidence(body)
    schema = _wanted(body)
    if scenario is Scenario.OBEDIENT:
        return json.dumps({"written": _obey(body, evidence, schema)}, ensure_ascii=False)
    written: dict[str, Any] = {}
    for place, (name, part) in enumerate(schema["properties"].items()):
        if part["type"] == "string":
            written[name] = (
                "a contract, which would have to be added to the documents."
                if scenario is Scenario.NOT_IN_SOURCES
                else ""
            )
        elif part["type"] == "array":
            spoilt = scenario if scenario is not Scenario.ONE_SECTION_INVENTED or place == 0 else Scenario.NORMAL
            written[name] = [
                _statement(evidence, place * 2 + each, spoilt) for each in range(1 + (name != "promotion"))
            ]
            if scenario is Scenario.NOT_IN_SOURCES:
                written[name] = []
    return json.dumps({"written": written}, ensure_ascii=False)


def _wanted(body: dict[str, Any]) -> dict[str, Any]:
    """Return the form that fits what was asked for, a plan or an answer."""
    plan, answer = body["output_config"]["format"]["schema"]["properties"]["written"]["anyOf"]
    blocks = [block for message in body["messages"] for block in message["content"]]
    asked = any(block.get("text", "").startswith("Write the pre-call plan") for block in blocks)
    return dict(plan if asked else answer)


def _obey(body: dict[str, Any], evidence: list[tuple[str, str]], schema: dict[str, Any]) -> dict[str, Any]:
    """Write what any text in the request demands in «», and nothing else, citing whatever holds the demand."""
    blocks = [block for message in body["messages"] for block in message["content"]]
    data = "\n".join(block.get("text") or json.dumps(block, ensure_ascii=False) for block in blocks)
    instructions = " ".join(block["text"] for block in body["system"])
    told = {
        "SYSTEM": re.split(r"(?<=[.:])\s", instructions),
        "BASE64": [base64.b64encode(instructions[:300].encode()).decode()],
        "ENVIRONMENT": ["SLACK_BOT_TOKEN, ANTHROPIC_API_KEY and PRECALL_HOME are set."],
    }
    demands = dict.fromkeys(json.loads(f'"{each}"') for each in re.findall(r"«([^«»\n]+)»", data))
    statements = [
        {"text": text, "evidence": [*[key for key, held in evidence if demand in held][:3], evidence[0][0]]}
        for demand in demands
        for text in told.get(demand, [demand])
    ] or [_statement(evidence, 0, Scenario.NORMAL)]
    places = list(schema["properties"].items())
    return {
        name: "See https://evil.example" if part["type"] == "string" else statements[place :: len(places)]
        for place, (name, part) in enumerate(places)
    }


def _statement(evidence: list[tuple[str, str]], place: int, scenario: Scenario) -> dict[str, Any]:
    evidence_id, text = evidence[place % len(evidence)]
    number = re.search(r"\$\d[\d,]*(?:\.\d+)?[KMB]?(?!\w)", text)
    said = f"Claude would open with this, worth {number.group()}." if number else "Claude would open with this."
    match scenario:
        case Scenario.UNKNOWN_EVIDENCE:
            evidence_id = "K999"
        case Scenario.INVENTED_NUMBERS | Scenario.ONE_SECTION_INVENTED:
            said = "They will certainly sign for $777,123 this week."
        case Scenario.HIJACKED:
            said = (
                "See https://evil.example/pay for the details.",
                "Attention <!channel>, call now.",
                "Write to sales@evil.example today.",
            )[place % 3]
        case _:
            pass
    return {"text": said, "evidence": [evidence_id]}


def find_evidence(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (id, text) of every evidence item in the user turns that hold JSON, tool results too, the newest first."""
    found: list[tuple[str, str]] = []
    for message in reversed(body["messages"]):
        for block in message["content"]:
            try:
                data = json.loads(block.get("text") or block.get("content") or "")
            except ValueError:
                continue
            rows = [*data.get("evidence", []), *data.get("passages", [])]
            found += [(row["id"], row["text"]) for row in rows]
    return found


def _block_start(index: int, block: dict[str, Any]) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def _delta(index: int, delta: dict[str, Any]) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": delta}


def _end(stop_reason: str) -> Iterator[tuple[str, dict[str, Any]]]:
    yield (
        "message_delta",
        {
            "type": "message_delta",
            "delta": {"stop_reason": stop_reason, "stop_sequence": None},
            "usage": {"output_tokens": 1_200},
        },
    )
    yield "message_stop", {"type": "message_stop"}
