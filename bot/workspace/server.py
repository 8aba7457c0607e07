"""The workspace's HTTP side: the Web API, the upload URLs and the response URLs, as one WSGI application."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field, replace
from enum import Enum
from http import HTTPStatus
from math import ceil
from typing import TYPE_CHECKING, Final

from waitress.channel import ClientDisconnected
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import Map, Rule
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from bot.workspace.answers import answer
from bot.workspace.errors import SlackError
from bot.workspace.web_api import METHODS, Call, Method

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from wsgiref.types import StartResponse, WSGIEnvironment

    from bot.workspace.events import Deliveries
    from bot.workspace.records import Json
    from bot.workspace.shares import Shares
    from bot.workspace.state import State
    from bot.workspace.web_api import Caller

MESSAGES_PER_SECOND = 1.0
RESPONSE_URL = Method(name="response_url", run=lambda _: {}, scope="", per_minute=None, writes=True)


class Failure(Enum):
    """How a call may fail other than by its arguments; a lost answer is a call performed whose reply never came."""

    RATE_LIMITED = "429 with Retry-After"
    LONG_PAUSE = "429 with a Retry-After of ten minutes"
    SERVER_ERROR = "500"
    LOST_ANSWER = "performed, then hung up"


_PAUSES: Final = {Failure.RATE_LIMITED: 1.0, Failure.LONG_PAUSE: 600.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token of the app and what it was granted."""

    text: str = field(repr=False)
    scopes: frozenset[str]


@dataclass(slots=True, kw_only=True)
class Bucket:
    """A token bucket; ``tokens`` as of ``since``."""

    capacity: float
    per_second: float
    tokens: float
    since: float

    def take(self, now: float) -> float:
        """Take one token, or return the seconds until there is one."""
        self.tokens = min(self.capacity, self.tokens + (now - self.since) * self.per_second)
        self.since = now
        if self.tokens < 1:
            return (1 - self.tokens) / self.per_second
        self.tokens -= 1
        return 0.0


class Server:
    """Answers the app's requests as Slack would: authorisation, rate limits, scopes, then the method itself."""

    def __init__(
        self,
        state: State,
        deliveries: Deliveries,
        shares: Shares,
        *,
        tokens: Mapping[Caller, Token],
        message_burst: int,
    ) -> None:
        self.base_url = ""
        self._state = state
        self._deliveries = deliveries
        self._shares = shares
        self._tokens = tokens
        self._message_burst = message_burst
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._failures: dict[str, list[Failure | str]] = defaultdict(list)
        self._routes: Map = Map(
            [
                Rule("/api/<name>", methods=["GET", "POST"], endpoint=self._api),
                Rule("/upload/v1/<file_id>", methods=["POST"], endpoint=self._upload),
                Rule("/files-pri/<file_id>/download/<name>", methods=["GET"], endpoint=self._download),
                Rule("/respond/<key>", methods=["POST"], endpoint=self._respond),
            ]
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        try:
            endpoint, values = self._routes.bind_to_environ(environ).match()
            response = endpoint(Request(environ), **values)
        except HTTPException as refused:
            response = refused
        reply: Iterable[bytes] = response(environ, start_response)
        return reply

    def fail_next(self, method: str, *, times: int, with_: Failure | str) -> None:
        """Let the next calls of a method fail, with an error code of the Web API when it is text."""
        self._failures[method] += [with_] * times

    def call(self, method: Method, arguments: Json) -> Call:
        """Return a call of the app on this workspace."""
        return Call(
            method=method,
            arguments=arguments,
            state=self._state,
            deliveries=self._deliveries,
            shares=self._shares,
            scopes=self._tokens[method.caller].scopes,
            base_url=self.base_url,
        )

    def _api(self, request: Request, name: str) -> Response:
        try:
            arguments = _arguments(request)
            in_body = str(arguments.pop("token", ""))
            token = request.headers.get("Authorization", "").removeprefix("Bearer ") or in_body
            return self._perform(self._authorised(name, token), arguments)
        except SlackError as refused:
            return self._refused(name, refused)

    def _authorised(self, name: str, token: str) -> Method:
        """Return the method of this name if the token may call it."""
        if name not in METHODS:
            raise SlackError("unknown_method", req_method=name)
        if not token and name != "api.test":
            raise SlackError("not_authed")
        kinds: dict[str, Caller] = {known.text: kind for kind, known in self._tokens.items()}
        if token and token not in kinds:
            raise SlackError("invalid_auth")
        if token and name != "api.test" and kinds[token] != METHODS[name].caller:
            raise SlackError("not_allowed_token_type")
        return METHODS[name]

    def _perform(self, method: Method, arguments: Json) -> Response:
        with self._state.changed:
            failure = self._failures[method.name].pop(0) if self._failures[method.name] else None
            if isinstance(failure, str):
                raise SlackError(failure)
            if failure is Failure.SERVER_ERROR:
                self._state.record_refusal(method.name, "500")
                return Response("", status=HTTPStatus.INTERNAL_SERVER_ERROR)
            pause = _PAUSES.get(failure) if failure else None
            wait = pause or self._seconds_to_wait(method, arguments)
            if wait:
                self._state.record_refusal(method.name, "ratelimited")
                late = self._json({"ok": False, "error": "ratelimited"}, status=HTTPStatus.TOO_MANY_REQUESTS)
                late.headers["Retry-After"] = str(ceil(wait))
                return late
            call = self.call(method, arguments)
            if "{" not in method.scope:
                call.need(method.scope)
            answered = method.run(call)
            if method.writes:
                self._state.record_sent(arguments)
            self._state.changed.notify_all()
        if failure is Failure.LOST_ANSWER:
            raise ClientDisconnected
        return self._json({"ok": True, **answered})

    def _seconds_to_wait(self, method: Method, arguments: Json) -> float:
        if method.name == "chat.postMessage":
            key = (method.name, str(arguments.get("channel")))
            capacity, per_second = float(self._message_burst), MESSAGES_PER_SECOND
        elif method.per_minute is None:
            return 0.0
        else:
            key, capacity, per_second = (method.name, ""), float(method.per_minute), method.per_minute / 60
        now = self._state.clock()
        full = Bucket(capacity=capacity, per_second=per_second, tokens=capacity, since=now)
        return self._buckets.setdefault(key, full).take(now)

    def _upload(self, request: Request, file_id: str) -> Response:
        with self._state.changed:
            file = self._state.files.get(file_id)
            if file is None or file.completed:
                raise NotFound
            # A raw body may call itself a form (urllib says so unless told otherwise): only multipart is parsed.
            multipart = request.mimetype == "multipart/form-data"
            content = next(iter(request.files.values())).read() if multipart else request.get_data()
            if len(content) != file.size:
                self._state.record_refusal("upload", "length does not match")
                return Response("length does not match", status=HTTPStatus.BAD_REQUEST)
            self._state.files[file_id] = replace(file, content=content)
        return Response(f"OK - {len(content)}")

    def _download(self, request: Request, file_id: str, name: str) -> Response:
        """Hand out a file to whoever may read files; send everybody else to sign in, as Slack does."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        with self._state.changed:
            file, bot = self._state.files.get(file_id), self._tokens["bot"]
            if token != bot.text or "files:read" not in bot.scopes:
                self._state.record_refusal("download", "not_authed" if token != bot.text else "missing_scope")
                return redirect(f"{self.base_url}/?redir=/files-pri/{file_id}/download/{name}")
        if file is None or file.content is None:
            raise NotFound
        return Response(file.content, content_type="application/octet-stream")

    def _respond(self, request: Request, key: str) -> Response:
        with self._state.changed:
            where = self._deliveries.response_urls.get(key)
            if where is None or self._state.clock() > where.expires or not where.uses_left:
                error = "used_url" if where and not where.uses_left else "expired_url"
                self._state.record_refusal(RESPONSE_URL.name, error)
                return self._json({"ok": False, "error": error}, status=HTTPStatus.NOT_FOUND)
            where.uses_left -= 1
            arguments = _arguments(request)
            try:
                answer(self.call(RESPONSE_URL, arguments), where)
            except SlackError as refused:
                return self._refused(RESPONSE_URL.name, refused)
            self._state.record_sent(arguments)
        return Response("ok")

    def _refused(self, name: str, refused: SlackError) -> Response:
        self._state.record_refusal(name, refused.code, tuple(refused.details.get("errors", ())))
        return self._json({"ok": False, "error": refused.code, **refused.details})

    def _json(self, body: Json, *, status: HTTPStatus = HTTPStatus.OK) -> Response:
        reply = Response(json.dumps(body), status=status, content_type="application/json; charset=utf-8")
        reply.headers["X-OAuth-Scopes"] = ",".join(sorted(self._tokens["bot"].scopes))
        return reply


def _arguments(request: Request) -> Json:
    """Return a call's arguments, from a body of JSON or a form of either encoding, and from the query."""
    query = request.args.to_dict()
    if request.mimetype != "application/json":
        return query | request.form.to_dict()
    try:
        body = json.loads(request.get_data() or b"{}")
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(body, dict):
        raise SlackError("json_not_object")
    return query | body
