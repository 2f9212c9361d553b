"""The time, and ages that neither a clock that is set nor a machine that slept can shorten."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass


class Clock:
    """This machine's time. Tests replace it."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()

    def steady(self) -> float | None:
        """Seconds of a clock that nobody can set, from an unspecified start; None where there is none."""
        return time.monotonic()


@dataclass(frozen=True)
class Moment:
    """When something was received, by both clocks of the machine."""

    wall: float
    steady: float | None


def moment_of(clock: Clock) -> Moment:
    """The present moment, to measure an age from later."""
    return Moment(clock.now(), clock.steady())


def now_seconds(clock: Clock) -> int:
    """Whole seconds since the epoch."""
    return math.floor(clock.now())


def _steady_since(moment: Moment, clock: Clock) -> float | None:
    now = clock.steady()
    return None if now is None or moment.steady is None else now - moment.steady


def most_since(moment: Moment, clock: Clock) -> float:
    """The most seconds that may have passed: ages of cached values. A wall clock that was set back gives infinity."""
    wall = clock.now() - moment.wall
    if wall < 0:
        return math.inf
    steady = _steady_since(moment, clock)
    return wall if steady is None else max(wall, steady)


def least_since(moment: Moment, clock: Clock) -> float:
    """The least seconds that may have passed: by this alone something is given up for its age."""
    wall = max(0.0, clock.now() - moment.wall)
    steady = _steady_since(moment, clock)
    return wall if steady is None else min(wall, steady)


@dataclass(frozen=True)
class Life:
    """A life that an answer stated, and when the request was made."""

    asked: Moment
    seconds: float


def surely_lives(life: Life, margin_seconds: float, clock: Clock) -> bool:
    """True while it is certainly valid for ``margin_seconds`` more."""
    return most_since(life.asked, clock) < life.seconds - margin_seconds


def surely_over(life: Life, clock: Clock) -> bool:
    """True once it has certainly ended; until then the issuer decides."""
    return least_since(life.asked, clock) >= life.seconds
