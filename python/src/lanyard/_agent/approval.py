"""Requests that wait for people: asked about by their id, in the interval that the answers name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from .._base.clock import Moment, moment_of, most_since, now_seconds
from .._base.flow import Ask, Flow, Sleep
from ..errors import LanyardError, PendingApproval
from .calls import Caller, Form, JsonAnswer

_CIBA = "urn:openid:params:grant-type:ciba"
# RFC 8628 3.5: by so much a client asks less often after slow_down
_SLOWER_SECONDS = 5
# failures of a call that say nothing of the approval
_PASSING = frozenset(("unreachable", "timeout", "unavailable"))


@dataclass(frozen=True)
class ApprovalWait:
    """How an agent waits for people. What waits stays when a wait ends: the same request made again attaches to it.

    :param on_pending: hears that people were asked, once for each request; for :class:`lanyard.AsyncAgent` it may be a
        coroutine function. The wait goes on when it returns; where it returns ``True``, that somebody decided meanwhile, it
        is asked about at once and not after the first interval. What it raises ends the wait
    :param most_seconds: waits no longer than this and then raises ``approval_pending``; as long as people have when left out
    """

    on_pending: Callable[[PendingApproval], Any] | None = None
    most_seconds: float | None = None


class TimedAnswer(NamedTuple):
    """An answer, and when it was asked for: its life counts from then."""

    answer: JsonAnswer
    asked: Moment
    asked_at_seconds: int


def approved(caller: Caller, form: Form, wait: ApprovalWait | None) -> Flow[TimedAnswer]:
    """Sends a token request and, where it waits for people, asks how it stands until it is approved, refused or over.

    :raises LanyardError: ``approval_pending`` without ``wait`` or when its time is up; ``access_refused``,
        ``approval_expired``, ``approval_stale``
    """
    try:
        return (yield from _timed(caller, form))
    except LanyardError as error:
        if wait is None or error.code != "approval_pending" or error.approval is None:
            raise
        return (yield from _wait(caller, error, wait))


def _wait(caller: Caller, pending: LanyardError, wait: ApprovalWait) -> Flow[TimedAnswer]:
    approval = pending.approval
    assert approval is not None
    began = moment_of(caller.clock)
    sooner = False
    if wait.on_pending is not None:
        sooner = (yield Ask(wait.on_pending, (approval,), blocks=True)) is True
    interval = approval.interval_seconds
    while most_since(began, caller.clock) < approval.expires_in_seconds:
        pause = 0 if sooner else interval
        # there was no question before the first one, so that no interval need pass (CIBA 7.3); afterwards it must
        sooner = False
        if wait.most_seconds is not None and most_since(began, caller.clock) + pause > wait.most_seconds:
            raise pending
        yield Sleep(pause)
        try:
            return (yield from _timed(caller, [("grant_type", _CIBA), ("auth_req_id", approval.id)]))
        except LanyardError as error:
            if error.approval is None and error.code not in _PASSING:
                raise
            if error.error == "slow_down":
                interval += _SLOWER_SECONDS
            elif error.code == "approval_pending" and error.approval is not None:
                interval = max(interval, error.approval.interval_seconds)
    raise LanyardError("approval_expired", "token", description="nobody decided in time")


def _timed(caller: Caller, form: Form) -> Flow[TimedAnswer]:
    asked, asked_at = moment_of(caller.clock), now_seconds(caller.clock)
    return TimedAnswer((yield from caller.form("token", form)), asked, asked_at)
