"""A guard before any ASGI application: Starlette, FastAPI, Litestar, Quart, FastMCP's server.

Default deny: every HTTP request is authenticated before the application sees it, and WebSockets are refused, since no
standard says what a proof in their handshake would be for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import quote

from .errors import AccessError, Reply
from .server import AsyncResourceServer, Authenticated

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_key = "lanyard.caller"


def caller_of(scope: Mapping[str, Any]) -> Authenticated:
    """Who calls, where :class:`LanyardMiddleware` let the request in.

    :raises LookupError: where no guard stands before the application
    """
    caller = scope.get(_key)
    if not isinstance(caller, Authenticated):
        raise LookupError("no LanyardMiddleware stands before this application")
    return caller


def target_of(scope: Mapping[str, Any]) -> str:
    """Path and query as the caller wrote them, whatever a router has taken off since."""
    raw = scope.get("raw_path")
    path = raw.decode("latin-1") if raw else quote(scope["path"], safe="/:@!$&'()*+,;=~-._")
    query = scope.get("query_string", b"").decode("latin-1")
    # some servers give the query with the raw path
    path = path.split("?", 1)[0]
    return f"{path}?{query}" if query else path


def headers_of(scope: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Every header that came, each value of its own."""
    return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]


class LanyardMiddleware:
    """Lets in what carries a token and its proof; everything else gets the guard's reply.

    What the application raises as ``AccessError``, by ``requires`` or ``permits``, is answered by its reply too, where
    this is added by the framework's own ``add_middleware``; wrapped around a whole application, that answers 500 first.

    :param server: the guard
    :param refused: told of each refusal, for the log
    """

    def __init__(
        self, app: App, *, server: AsyncResourceServer, refused: Callable[[AccessError], None] | None = None
    ) -> None:
        self._app = app
        self._server = server
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "no WebSocket here"})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False
        extra: list[tuple[bytes, bytes]] = []

        async def sending(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message = {**message, "headers": [*message.get("headers", ()), *extra]}
            await send(message)

        try:
            caller = await self._server.authenticate(scope["method"], target_of(scope), headers_of(scope))
            extra.extend(_encoded(caller.answer_headers))
            await self._app({**scope, _key: caller}, receive, sending)
        except AccessError as error:
            if self._refused is not None and error.code != "open":
                self._refused(error)
            if started:
                raise
            await send_reply(error.reply, send)


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


async def send_reply(reply: Reply, send: Send) -> None:
    """Sends a guard's reply."""
    body = reply.body.encode("utf-8")
    headers = [*_encoded(reply.headers), (b"content-length", str(len(body)).encode("ascii"))]
    if reply.status == 204:
        headers.pop()
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
