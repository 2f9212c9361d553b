"""Waiting for people, blocking and awaited: the same answers, the same questions at the same times."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest
from issuer import NOW, TICKETS, Issuer

from lanyard import ApprovalWait, Grant, LanyardError, PendingApproval

DEPLOY = [Grant(TICKETS, ["tickets:deploy"])]
ID = "ap_AAAAAAAAAAAAAAAAAAAAAA"
CIBA = "urn:openid:params:grant-type:ciba"


def waits(error: str = "authorization_pending", **more: Any) -> httpx.Response:
    body = {"error": error, "auth_req_id": ID, "interval": 5, "expires_in": 900, **more}
    return httpx.Response(400, json={name: value for name, value in body.items() if value is not None})


class Desk:
    """An issuer that answers as told, and when it was asked; no test sleeps."""

    def __init__(self, patch: pytest.MonkeyPatch, *answers: httpx.Response | Exception) -> None:
        self.issuer = Issuer()
        self.issuer.instead["token"] = list(answers)

        async def asleep(seconds: float) -> None:
            self.pass_(seconds)

        patch.setattr(time, "sleep", self.pass_)
        patch.setattr(anyio, "sleep", asleep)
        handle = self.issuer.handle
        self.times: list[float] = []

        def timed(request: httpx.Request) -> httpx.Response:
            if request.url.path == "/token":
                self.times.append(self.issuer.clock.seconds - NOW)
            return handle(request)

        self.issuer.handle = timed  # type: ignore[method-assign]

    def pass_(self, seconds: float) -> None:
        self.issuer.clock.seconds += seconds

    def forms(self) -> list[dict[str, str]]:
        return self.issuer.asked("token")

    def open(self, approval: ApprovalWait | None) -> Any:
        return self.issuer.agent().open(DEPLOY, id_token="idt", approval=approval)

    def open_awaited(self, approval: ApprovalWait | None) -> Any:
        agent = self.issuer.async_agent()

        async def opened() -> Any:
            return await agent.open(DEPLOY, id_token="idt", approval=approval)

        return anyio.run(opened)


Open = Callable[[Desk, "ApprovalWait | None"], Any]
both = pytest.mark.parametrize("open_", [Desk.open, Desk.open_awaited], ids=["blocking", "awaited"])


def failure(open_: Open, desk: Desk, approval: ApprovalWait | None) -> LanyardError:
    with pytest.raises(LanyardError) as failed:
        open_(desk, approval)
    return failed.value


@both
def test_fails_with_what_waits_unless_the_agent_says_that_it_waits(
    open_: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = failure(open_, Desk(monkeypatch, waits()), None)
    assert (error.code, error.error, error.retryable) == ("approval_pending", "authorization_pending", False)
    assert error.approval == PendingApproval(ID, 5, 900)


@both
def test_asks_each_interval_until_it_is_approved_and_without_the_persons_token(
    open_: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(monkeypatch, waits(), waits(), waits(interval=7))
    heard: list[PendingApproval] = []
    session = open_(desk, ApprovalWait(on_pending=heard.append))
    assert session.sid == "sid-1" and heard == [PendingApproval(ID, 5, 900)]
    assert desk.times == [0, 5, 10, 17]
    for form in desk.forms()[1:]:
        assert (form["grant_type"], form["auth_req_id"]) == (CIBA, ID)
        assert "subject_token" not in form and "scope" not in form


@both
def test_asks_at_once_for_the_first_time_where_somebody_decided_meanwhile(
    open_: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(monkeypatch, waits(), waits())
    open_(desk, ApprovalWait(on_pending=lambda _: True))
    # told too early: from then on the interval counts
    assert desk.times == [0, 0, 5]


def test_a_coroutine_function_hears_of_it_too_and_only_where_it_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    async def tell(waiting: PendingApproval) -> bool:
        return waiting.id == ID

    desk = Desk(monkeypatch, waits())
    desk.open_awaited(ApprovalWait(on_pending=tell))
    assert desk.times == [0, 0]
    with pytest.raises(TypeError):
        Desk(monkeypatch, waits()).open(ApprovalWait(on_pending=tell))


@both
def test_asks_less_often_after_slow_down_and_again_after_a_call_that_failed(
    open_: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = [httpx.ConnectError("no"), httpx.ReadTimeout("no"), httpx.Response(502, text="<html>")]
    desk = Desk(monkeypatch, waits(), waits("slow_down"), *failures)
    open_(desk, ApprovalWait())
    assert desk.times == [0, 5, 15, 25, 35, 45]


@both
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((400, "access_denied"), "access_refused"),
        ((400, "expired_token"), "approval_expired"),
        ((400, "approval_stale"), "approval_stale"),
        ((400, "invalid_grant"), "request_refused"),
        ((429, "slow_down"), "rate_limited"),
    ],
)
def test_ends_when_it_is_refused_over_or_changed(
    answer: tuple[int, str], code: str, open_: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, error = answer
    desk = Desk(monkeypatch, waits(), httpx.Response(status, json={"error": error}), waits())
    assert failure(open_, desk, ApprovalWait()).code == code
    assert len(desk.times) == 2


@both
def test_ends_when_nobody_decides_however_long_the_service_says_that_it_waits(
    open_: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(monkeypatch, waits(expires_in=12), *[waits()] * 100)
    assert failure(open_, desk, ApprovalWait()).code == "approval_expired"
    assert desk.times == [0, 5, 10, 15]


@both
def test_a_listener_that_comes_back_after_the_end_opens_nothing(open_: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, waits())

    def late(_: PendingApproval) -> bool:
        desk.pass_(900)
        return True

    assert failure(open_, desk, ApprovalWait(on_pending=late)).code == "approval_expired"
    assert desk.times == [0]


@both
def test_what_a_listener_raises_ends_the_wait(open_: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, waits())

    def closed(_: PendingApproval) -> None:
        raise RuntimeError("the desk is closed")

    with pytest.raises(RuntimeError, match="closed"):
        open_(desk, ApprovalWait(on_pending=closed))
    assert desk.times == [0]


@both
def test_waits_no_longer_than_the_agent_likes_and_says_what_waits(open_: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, *[waits()] * 100)
    error = failure(open_, desk, ApprovalWait(most_seconds=11))
    assert error.code == "approval_pending" and error.approval == PendingApproval(ID, 5, 900)
    assert desk.times == [0, 5, 10]


@both
@pytest.mark.parametrize(
    "more",
    [
        {"auth_req_id": None},
        {"auth_req_id": 7},
        {"auth_req_id": "a" * 257},
        {"auth_req_id": ""},
        {"interval": None},
        {"interval": "5"},
        {"interval": True},
        {"interval": -1},
        {"interval": 86_401},
        {"expires_in": None},
        {"expires_in": 1e12},
    ],
)
def test_an_answer_that_says_not_how_to_ask_is_waited_for_by_nobody(
    more: dict[str, Any], open_: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(monkeypatch, waits(**more))
    error = failure(open_, desk, ApprovalWait())
    assert (error.code, error.approval, desk.times) == ("approval_pending", None, [0])


@both
def test_an_interval_of_nothing_is_a_second(open_: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, waits(interval=0), waits(interval=0))
    open_(desk, ApprovalWait())
    assert desk.times == [0, 1, 2]


def test_a_hop_waits_too(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, waits())
    desk.issuer.agent().hop("presented", DEPLOY, approval=ApprovalWait())
    assert desk.forms()[-1]["auth_req_id"] == ID


def test_the_life_of_what_is_released_counts_from_its_own_question(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, waits(), waits())
    session = desk.open(ApprovalWait())
    assert session.access_token(TICKETS).expires_at_seconds == NOW + 10 + 300


def test_a_cancelled_task_waits_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = Desk(monkeypatch, *[waits()] * 100)
    agent = desk.issuer.async_agent()

    async def stopped() -> bool:
        with anyio.CancelScope() as scope:

            async def stops(seconds: float) -> None:
                desk.pass_(seconds)
                scope.cancel()
                await anyio.lowlevel.checkpoint()

            monkeypatch.setattr(anyio, "sleep", stops)
            await agent.open(DEPLOY, id_token="idt", approval=ApprovalWait())
        return scope.cancelled_caught

    assert anyio.run(stopped)
    assert desk.times == [0]
