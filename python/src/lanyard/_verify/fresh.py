"""A document that is fetched when it is needed and used only while it is fresh."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from .._base.clock import Clock, Life, moment_of, most_since
from .._base.flow import Answer, Call, Exclusive, Flow, Lock, Unanswered
from .._base.limits import FETCH_TIMEOUT_SECONDS, RETRY_AFTER_SECONDS

T = TypeVar("T")


class Unusable(Exception):
    """Why there is no document."""


@dataclass(frozen=True)
class Loaded(Generic[T]):
    """A document that was fetched and checked, and how long it may be used."""

    value: T
    life_seconds: float


@dataclass(frozen=True)
class _Held(Generic[T]):
    value: T
    life: Life


class FreshDocument(Generic[T]):
    """One fetch at a time, however many callers ask. A failure is remembered for the cool-down.

    Past half its life one caller renews it, and the others go on with what is held. Nothing stale is ever given out: a
    stale key set or status list would undo a revocation.

    :param load: fetches and checks it; given what it replaces, or None
    :param cool_down_seconds: shortest time between two fetches that age did not cause, so that failures and unknown keys
        cannot cause a flood
    """

    def __init__(self, load: Callable[[T | None], Flow[Loaded[T]]], clock: Clock, cool_down_seconds: float) -> None:
        self._load = load
        self._clock = clock
        self._cool_down = cool_down_seconds
        # who is refused for a failure is told when to come back, and must then cause a new attempt
        self._failure_pause = min(cool_down_seconds, RETRY_AFTER_SECONDS)
        self._lock = Lock()
        self._held: _Held[T] | None = None
        self._started: Life | None = None
        self._failed: tuple[str, Life] | None = None

    def get(self) -> Flow[T]:
        """The document while it is fresh, else a new copy.

        :raises Unusable: saying why there is none
        """
        held = self._fresh()
        if held is not None:
            if self._age(held.life) < held.life.seconds / 2 or self._recent_failure() or self._lock.is_held():
                return held.value
        return (yield Exclusive(self._lock, self._get_alone))  # type: ignore[no-any-return]

    def _get_alone(self) -> Flow[T]:
        held = self._fresh()
        if held is not None and self._age(held.life) < held.life.seconds / 2:
            return held.value
        failure = self._recent_failure()
        if failure is None:
            try:
                return (yield from self._fetch())
            except Unusable as unusable:
                failure = str(unusable)
        if held is not None:
            return held.value
        raise Unusable(failure)

    def renew(self) -> Flow[T]:
        """A new copy, unless one was fetched less than the cool-down ago: then the one that is held."""
        return (yield Exclusive(self._lock, self._renew_alone))  # type: ignore[no-any-return]

    def _renew_alone(self) -> Flow[T]:
        pause = self._failure_pause if self._failed else self._cool_down
        if self._started is None or self._age(self._started) >= pause:
            return (yield from self._fetch())
        held = self._fresh()
        if held is None:
            raise Unusable(self._failed[0] if self._failed else "asked for again too soon")
        return held.value

    def _fetch(self) -> Flow[T]:
        # the life counts from before the fetch, so that a slow answer does not prolong it
        since = moment_of(self._clock)
        self._started = Life(since, 0)
        try:
            loaded = yield from self._load(self._held.value if self._held else None)
        except Unusable as unusable:
            self._failed = (str(unusable), Life(moment_of(self._clock), 0))
            raise
        self._failed = None
        self._held = _Held(loaded.value, Life(since, loaded.life_seconds))
        return loaded.value

    def _age(self, life: Life) -> float:
        return most_since(life.asked, self._clock)

    def _fresh(self) -> _Held[T] | None:
        held = self._held
        return held if held is not None and self._age(held.life) < held.life.seconds else None

    def _recent_failure(self) -> str | None:
        failed = self._failed
        return failed[0] if failed is not None and self._age(failed[1]) < self._failure_pause else None


def fetch(url: str, max_bytes: int) -> Flow[Answer]:
    """Fetches a document: GET, no redirects, bounded in bytes and time, only 200 is accepted.

    :raises Unusable: saying why there is none
    """
    try:
        answer: Answer = yield Call("GET", url, max_bytes, FETCH_TIMEOUT_SECONDS)
    except Unanswered as unanswered:
        raise Unusable(unanswered.why) from None
    if answer.status != 200:
        raise Unusable(f"answered {answer.status}")
    return answer
