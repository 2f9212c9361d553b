"""One core for sync and async: what is decided is written once, as a generator that yields what it needs done.

Two small drivers do it: :func:`run` with blocking calls, :func:`arun` with awaited ones.
"""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

import anyio
import anyio.to_thread
import httpx

T = TypeVar("T")
# what it yields is an Effect; what it is sent is that effect's result
Flow = Generator["Effect", Any, T]


@dataclass(frozen=True)
class Answer:
    """An answer that was read whole."""

    status: int
    headers: httpx.Headers
    body: bytes


class Unanswered(Exception):
    """There was no answer that could be used: ``why`` is unreachable, timeout or too_large."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Effect:
    """Something that a flow needs done."""

    def perform(self, http: httpx.Client) -> Any:
        """Does it, blocking."""
        raise NotImplementedError

    async def aperform(self, http: httpx.AsyncClient) -> Any:
        """Does it, awaited."""
        raise NotImplementedError


@dataclass(frozen=True)
class Call(Effect):
    """One HTTP call, bounded in bytes and time, that follows no redirect: nobody else chooses where we call."""

    method: str
    url: str
    max_bytes: int
    timeout_seconds: float
    headers: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None

    def _arguments(self) -> dict[str, Any]:
        return {"headers": self.headers, "content": self.content, "timeout": self.timeout_seconds}

    def perform(self, http: httpx.Client) -> Answer:
        deadline = time.monotonic() + self.timeout_seconds
        body = bytearray()
        try:
            request = http.build_request(self.method, self.url, **self._arguments())
            response = http.send(request, stream=True, auth=None, follow_redirects=False)
            try:
                for part in response.iter_bytes():
                    body += part
                    self._bounded(body)
                    if time.monotonic() > deadline:
                        raise Unanswered("timeout")
            finally:
                response.close()
        except (httpx.HTTPError, httpx.InvalidURL) as cause:
            raise _unanswered(cause) from None
        return Answer(response.status_code, response.headers, bytes(body))

    async def aperform(self, http: httpx.AsyncClient) -> Answer:
        body = bytearray()
        try:
            with anyio.fail_after(self.timeout_seconds):
                request = http.build_request(self.method, self.url, **self._arguments())
                response = await http.send(request, stream=True, auth=None, follow_redirects=False)
                try:
                    async for part in response.aiter_bytes():
                        body += part
                        self._bounded(body)
                finally:
                    await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as cause:
            raise _unanswered(cause) from None
        return Answer(response.status_code, response.headers, bytes(body))

    def _bounded(self, body: bytearray) -> None:
        if len(body) > self.max_bytes:
            raise Unanswered("too_large")


def _unanswered(cause: Exception) -> Unanswered:
    return Unanswered("timeout" if isinstance(cause, (httpx.TimeoutException, TimeoutError)) else "unreachable")


@dataclass(frozen=True)
class Sleep(Effect):
    """A pause."""

    seconds: float

    def perform(self, http: httpx.Client) -> None:
        time.sleep(self.seconds)

    async def aperform(self, http: httpx.AsyncClient) -> None:
        await anyio.sleep(self.seconds)


@dataclass(frozen=True)
class Ask(Effect):
    """A question to code of the caller, which may be a coroutine function where the asker is async."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    # it waits for the network or a disk: not on the thread of an event loop
    blocks: bool = False

    def perform(self, http: httpx.Client) -> Any:
        answer = self.function(*self.arguments)
        if inspect.isawaitable(answer):
            if inspect.iscoroutine(answer):
                answer.close()
            raise TypeError("this needs the async class: what it was given is a coroutine function")
        return answer

    async def aperform(self, http: httpx.AsyncClient) -> Any:
        if self.blocks and not inspect.iscoroutinefunction(self.function):
            return await anyio.to_thread.run_sync(partial(self.function, *self.arguments))
        answer = self.function(*self.arguments)
        return await answer if inspect.isawaitable(answer) else answer


class Lock:
    """A lock for whichever driver comes."""

    def __init__(self) -> None:
        self.threads = threading.Lock()
        self._tasks: anyio.Lock | None = None

    @property
    def tasks(self) -> anyio.Lock:
        """Made when it is first needed, which is where an event loop runs."""
        if self._tasks is None:
            self._tasks = anyio.Lock()
        return self._tasks

    def is_held(self) -> bool:
        """Whether somebody is inside."""
        return self.threads.locked() or (self._tasks is not None and self._tasks.locked())


@dataclass(frozen=True)
class Exclusive(Effect):
    """A flow that only one may be in at a time. It looks again at what it came for, since another may have brought it."""

    lock: Lock
    flow: Callable[[], Flow[Any]]

    def perform(self, http: httpx.Client) -> Any:
        with self.lock.threads:
            return run(self.flow(), http)

    async def aperform(self, http: httpx.AsyncClient) -> Any:
        async with self.lock.tasks:
            return await arun(self.flow(), http)


def run(flow: Flow[T], http: httpx.Client) -> T:
    """Does what a flow yields, blocking, and returns what it returns."""
    try:
        effect = next(flow)
        while True:
            try:
                result = effect.perform(http)
            except Exception as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]


async def arun(flow: Flow[T], http: httpx.AsyncClient) -> T:
    """The same, awaited."""
    try:
        effect = next(flow)
        while True:
            try:
                result = await effect.aperform(http)
            except Exception as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as stop:
        return stop.value  # type: ignore[no-any-return]
    finally:
        # a cancelled task leaves the flow where it stood
        flow.close()
