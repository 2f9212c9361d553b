"""A FastAPI dependency that tells who calls.

``guard.install(app)`` answers requests for the metadata and preflights, and sends the guard's replies.
"""

# no `from __future__ import annotations`: FastAPI reads the annotations of dependencies as they are
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response

from .asgi import App, Message, Receive, Scope, Send, headers_of, send_reply, target_of
from .errors import AccessError
from .server import AsyncResourceServer, Authenticated

__all__ = ["Guard"]


class Guard:
    """Guards routes by dependency: ``Depends(guard)``, or ``Depends(guard.requires("tickets:read"))``.

    A route without it is open; ``FastAPI(dependencies=[Depends(guard)])`` guards all.

    :param refused: told of each refusal, for the log
    """

    def __init__(self, server: AsyncResourceServer, *, refused: Callable[[AccessError], None] | None = None) -> None:
        self._server = server
        self._refused = refused
        # several dependencies of one request share one authentication: a proof works once
        self._key = f"lanyard.caller.{id(self)}"

    async def __call__(self, request: Request) -> Authenticated:
        """Who calls.

        :raises AccessError: answered by what :meth:`install` adds
        """
        return await self._caller(request, None)

    async def _caller(self, request: Request, scopes: tuple[str, ...] | None) -> Authenticated:
        known = request.scope.get(self._key)
        if isinstance(known, Authenticated):
            return known
        scope = request.scope
        asked = (request.method, target_of(scope), headers_of(scope))
        caller = await self._server.authenticate(*asked, scopes=scopes)
        scope[self._key] = caller
        extra = scope.get(f"{self._key}.headers")
        if extra is not None:
            extra.update(caller.answer_headers)
        return caller

    def requires(self, *scopes: str) -> Callable[[Request], Awaitable[Authenticated]]:
        """A dependency that also checks that the access carries every one of these scopes."""

        async def caller(request: Request) -> Authenticated:
            authenticated = await self._caller(request, scopes)
            try:
                authenticated.requires(*scopes)
            except AccessError:
                await self._server.release(authenticated)
                raise
            return authenticated

        return caller

    def install(self, app: FastAPI) -> None:
        """Adds to an application what answers for the guard: its replies, the metadata, and preflights."""
        app.add_exception_handler(AccessError, self._reply)
        app.add_middleware(_OpenAnswers, guard=self)

    async def _reply(self, _: Request, error: Exception) -> Response:
        if not isinstance(error, AccessError):
            raise error
        if self._refused is not None and error.code != "open":
            self._refused(error)
        return Response(error.reply.body, error.reply.status, dict(error.reply.headers))


class _OpenAnswers:
    """Answers what needs no token, and puts the guard's headers on what was let in."""

    def __init__(self, app: App, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        opened = self._guard._server.open_answer(scope["method"], target_of(scope), headers_of(scope))
        if opened is not None:
            await send_reply(opened.reply, send)
            return
        extra: dict[str, str] = {}
        scope[f"{self._guard._key}.headers"] = extra

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                present: set[Any] = {name.lower() for name, _ in message.get("headers", ())}
                added = [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in extra.items()]
                headers = [*message.get("headers", ()), *(pair for pair in added if pair[0] not in present)]
                message = {**message, "headers": headers}
            await send(message)

        await self._app(scope, receive, sending)
