"""The cases of ``conformance/verify``, against the Python guard: a web in memory, a clock that the case moves."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx

from lanyard import (
    AccessError,
    AsyncResourceServer,
    Authenticated,
    Cost,
    Description,
    DetailsType,
    Nonces,
    ResourceServer,
    Settled,
)
from lanyard._base.clock import Clock
from lanyard._base.flow import Flow
from lanyard.errors import LanyardError

FOLDER = Path(__file__).resolve().parents[2] / "conformance" / "verify"
NAMES = ("tokens", "proofs", "liveness", "requests", "replies", "details", "random")


class FixedClock(Clock):
    """A clock that stands still until it is moved."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def now(self) -> float:
        return self.seconds

    def steady(self) -> float | None:
        return None


class StubAgent:
    """Answers introspection from a table; a text is why there is no answer."""

    def __init__(self, answers: Mapping[str, Any]) -> None:
        self.answers = answers

    def _introspect(
        self, token: str, proved_by: str | None, cost_at_most: Cost | None = None
    ) -> Flow[Mapping[str, Any]]:
        yield from ()
        answer = self.answers.get(token, "unreachable")
        if isinstance(answer, str):
            raise LanyardError("unreachable", "introspect")
        return answer

    def _settle(self, report: str, cost: Cost) -> Flow[Settled]:
        raise AssertionError("no case settles anything")


def all_cases() -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Every case with its file."""
    for name in NAMES:
        file = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
        file["name"] = name
        for case in file.pop("cases"):
            yield file, case


class Ground:
    """What a case's requests meet."""

    def __init__(self, file: dict[str, Any], case: dict[str, Any]) -> None:
        self.case = case
        self.target = file["target"]
        self.clock = FixedClock(file["nowSeconds"])
        self.web: dict[str, str | None] = {**file["documents"], **case.get("documents", {})}
        options = dict(case.get("options", {}))
        answers = options.get("introspect")
        self.arguments: dict[str, Any] = {
            "issuer": file["issuer"],
            "resource": file["resource"],
            "mode": "offline" if answers is None else "introspect",
            "agent": None if answers is None else StubAgent(answers),
            "clock": self.clock,
            "accept_bearer": options.get("acceptBearer", False),
            "algorithm": options.get("algorithm"),
            "fresh_seconds": options.get("freshSeconds"),
            "request_url": options.get("requestUrl"),
            "cross_origin": options.get("crossOrigin", True),
            "details": [DetailsType(d["name"], d["schema"], d["rules"]) for d in options.get("details", ())],
            "description": Description(**options["description"]) if "description" in options else None,
            "nonces": self._nonces(file["resource"], options.get("nonces")),
        }

    def _nonces(self, resource: str, secret: str | None) -> Nonces | None:
        if secret is None:
            return None
        return Nonces(resource, base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4)), self.clock)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        body = self.web.get(str(request.url))
        return httpx.Response(404) if body is None else httpx.Response(200, content=body.encode("utf-8"))

    def steps(self) -> Iterator[tuple[dict[str, Any], tuple[str, str, list[tuple[str, str]]]]]:
        """Each step, once its time has come and its documents have changed, and its request."""
        for step in self.case["steps"]:
            self.clock.seconds += step.get("after", 0)
            self.web.update(step.get("documents", {}))
            headers = [(name, value.replace("{token}", self.case.get("token", ""))) for name, value in step["headers"]]
            yield step, (step.get("method", "POST"), step.get("target", self.target), headers)

    def server(self) -> ResourceServer:
        return ResourceServer(**self.arguments, http=httpx.Client(transport=httpx.MockTransport(self._answer)))

    def async_server(self) -> AsyncResourceServer:
        transport = httpx.MockTransport(self._answer)
        return AsyncResourceServer(**self.arguments, http=httpx.AsyncClient(transport=transport))


def let_in(step: dict[str, Any], caller: Authenticated) -> None:
    """What a handler would check."""
    if "requires" in step:
        caller.requires(*step["requires"])
    if "permits" in step:
        caller.permits(step["permits"])


def compare(step: dict[str, Any], outcome: Authenticated | AccessError) -> None:
    """Holds what became of a step against what its case says."""
    if isinstance(outcome, Authenticated):
        assert step["expect"] == "accepted", f"let in, and not {step['expect']}"
        if "access" in step:
            assert facts(outcome) == step["access"]
        return
    assert outcome.code == step["expect"], str(outcome)
    if "reply" in step:
        reply = outcome.reply
        assert {"status": reply.status, "headers": dict(reply.headers), "body": reply.body} == step["reply"]


def facts(caller: Authenticated) -> dict[str, Any]:
    access = caller.access
    return {
        "principal": access.principal.id,
        "kind": access.principal.kind,
        "agent": access.agent,
        "resource": access.resource,
        "scopes": list(access.scopes),
        "depth": access.depth,
        "assurance": access.assurance,
        "sid": access.sid,
        "root": access.root,
        "tokenId": access.token_id,
        "senderConstrained": access.sender_constrained,
        "expiresAtSeconds": access.expires_at_seconds,
        "history": list(access.history),
    }
