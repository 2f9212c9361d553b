"""What calls cost: reserved before they are let in, settled after them, by guard and agent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import anyio
import httpx
import pytest
from cases import Ground, all_cases
from issuer import Issuer

from lanyard import AccessError, AsyncResourceServer, Authenticated, Cost, LanyardError, ResourceServer, Settled
from lanyard._base.flow import Flow

EUROS = Cost(600, "EUR")
# a case of a handle that introspection calls active
FILE, CASE = next((f, c) for f, c in all_cases() if c["title"].endswith("an active handle"))


class Asked:
    """An agent whose introspection answers with a report, and that notes what it was asked and what it settled."""

    def __init__(self, answer: Mapping[str, Any], fails: bool = False) -> None:
        self.answer = answer
        self.fails = fails
        self.costs: list[Cost | None] = []
        self.settled: list[tuple[str, Cost]] = []

    def _introspect(
        self, token: str, proved_by: str | None, cost_at_most: Cost | None = None
    ) -> Flow[Mapping[str, Any]]:
        yield from ()
        self.costs.append(cost_at_most)
        return self.answer

    def _settle(self, report: str, cost: Cost) -> Flow[Settled]:
        yield from ()
        self.settled.append((report, cost))
        if self.fails:
            raise LanyardError("unreachable", "settle")
        return Settled(cost)


def guarded(answer: Mapping[str, Any], **more: Any) -> tuple[Asked, Callable[..., Authenticated]]:
    """A guard, and a request to it that is let in but for what the answer says."""
    ground = Ground(FILE, CASE)
    agent = Asked(answer, more.pop("fails", False))
    server = ResourceServer(**{**ground.arguments, "agent": agent, **more})
    [(_, request)] = ground.steps()
    return agent, lambda **operation: server.authenticate(*request, **operation)


def active(**more: Any) -> Mapping[str, Any]:
    """The answer of the case, with more members."""
    [answer] = CASE["options"]["introspect"].values()
    return {**answer, **more}


def test_a_cost_is_named_and_its_reservation_is_the_callers() -> None:
    agent, call = guarded(active(report="r1"), cost_at_most=lambda request: EUROS)
    caller = call()
    assert agent.costs == [EUROS]
    assert caller.reserved is not None and (caller.reserved.report, caller.reserved.at_most) == ("r1", EUROS)
    assert agent.settled == []


def test_an_operations_cost_comes_before_the_guards_and_none_names_none() -> None:
    agent, call = guarded(active(report="r1"), cost_at_most=lambda request: EUROS)
    call(cost_at_most=Cost(1, "EUR"))
    assert agent.costs == [Cost(1, "EUR")]
    agent, call = guarded(active(report="r1"))
    # whoever named no cost reserved none, whatever the answer says
    assert call().reserved is None and agent.costs == [None]


@pytest.mark.parametrize("fails", [False, True])
def test_what_is_refused_after_all_goes_back(fails: bool) -> None:
    agent, call = guarded(
        active(report="r1", authorization_details=[{"type": "unknown"}]), cost_at_most=lambda request: EUROS, fails=fails
    )
    with pytest.raises(AccessError) as refused:
        call()
    assert refused.value.code == "details_forbid"
    assert agent.settled == [("r1", Cost(0, "EUR"))]


def test_what_a_handler_refuses_is_released_blocking_and_awaited() -> None:
    ground = Ground(FILE, CASE)
    agent = Asked(active(report="r1"))
    [(_, request)] = ground.steps()
    blocking = ResourceServer(**{**ground.arguments, "agent": agent})
    blocking.release(blocking.authenticate(*request, cost_at_most=EUROS))

    async def awaited() -> None:
        server = AsyncResourceServer(**{**Ground(FILE, CASE).arguments, "agent": agent})
        await server.release(await server.authenticate(*request, cost_at_most=EUROS))

    anyio.run(awaited)
    assert agent.settled == [("r1", Cost(0, "EUR"))] * 2


def test_a_spent_budget_is_told_with_when_it_renews_and_nothing_else() -> None:
    spent = {"active": False, "error": "budget_spent", "budget": "ledger", "of": "person", "what": "EUR", "left": 7}
    _, call = guarded({**spent, "renews_at": 1_785_546_000}, cost_at_most=lambda request: EUROS)
    with pytest.raises(AccessError) as refused:
        call()
    assert refused.value.refusal.facts["left"] == 7
    reply = refused.value.reply
    assert (reply.status, reply.headers["Retry-After"]) == (429, "Sat, 01 Aug 2026 01:00:00 GMT")
    assert not any(word in reply.body for word in ("ledger", "person", "7"))


def test_a_cost_needs_somebody_who_counts() -> None:
    arguments = {**Ground(FILE, CASE).arguments, "mode": "offline", "agent": None}
    with pytest.raises(TypeError):
        ResourceServer(**arguments, cost_at_most=lambda request: EUROS)


@pytest.mark.parametrize(
    ("amount", "currency"),
    [(1.5, "EUR"), (-1, "EUR"), (10**13, "EUR"), (True, "EUR"), ("1", "EUR"), (1, "eur"), (1, "EURO"), (1, "EUR\n")],
)
def test_no_other_sum_is_a_cost(amount: Any, currency: str) -> None:
    with pytest.raises(TypeError):
        Cost(amount, currency)


def test_an_agent_names_and_settles_costs() -> None:
    issuer = Issuer()
    agent = issuer.agent()
    agent.introspect("t", cost_at_most=EUROS)
    assert issuer.asked("introspect")[-1]["cost"] == "600 EUR"
    issuer.instead["introspect"] = [httpx.Response(200, json={"report": "r1", "cost": "650 EUR", "exceeds": "50 EUR"})]
    assert agent.settle("r1", Cost(650, "EUR")) == Settled(Cost(650, "EUR"), Cost(50, "EUR"))
    form = issuer.asked("introspect")[-1]
    assert (form["report"], form["cost"]) == ("r1", "650 EUR")

    async def awaited() -> Settled:
        other = Issuer()
        other.instead["introspect"] = [httpx.Response(200, json={"report": "r1", "cost": "1 EUR"})]
        return await other.async_agent().settle("r1", Cost(1, "EUR"))

    assert anyio.run(awaited) == Settled(Cost(1, "EUR"))


def test_a_lost_settlement_is_asked_for_once_more_and_then_says_what_that_means() -> None:
    issuer = Issuer()
    agent = issuer.agent()
    answer = httpx.Response(200, json={"report": "r1", "cost": "1 EUR"})
    issuer.instead["introspect"] = [httpx.ReadTimeout("lost"), answer]
    assert agent.settle("r1", Cost(1, "EUR")).cost == Cost(1, "EUR")
    issuer.instead["introspect"] = [httpx.ConnectError("down"), httpx.ConnectError("down")]
    with pytest.raises(LanyardError) as failed:
        agent.settle("r1", Cost(1, "EUR"))
    assert failed.value.code == "unreachable" and failed.value.retryable
    assert "stays spent until the same is settled again" in str(failed.value)


@pytest.mark.parametrize("answer", [{"report": "r2", "cost": "1 EUR"}, {"report": "r1"}, {"report": "r1", "cost": "1"}])
def test_an_answer_about_another_settlement_is_none(answer: Mapping[str, Any]) -> None:
    issuer = Issuer()
    issuer.instead["introspect"] = [httpx.Response(200, json=answer)]
    with pytest.raises(LanyardError) as failed:
        issuer.agent().settle("r1", Cost(1, "EUR"))
    assert failed.value.code == "answer_malformed"
