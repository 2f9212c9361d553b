"""An issuer in memory, as an agent sees it: it checks what it is sent, and answers as the functions do."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs

import httpx
from cases import FixedClock

from lanyard import Agent, AsyncAgent
from lanyard._base.text import b64url, sha256
from lanyard._jose.jwt import parse_jws
from lanyard._jose.keys import import_key, public_jwk_for, thumbprint
from lanyard.evidence import EvidenceRequest

ISSUER = "https://issuer.example"
PLANNER = "spiffe://agents.example.com/agent/planner"
TICKETS = "https://tickets.example/v1"
NOW = 1_785_542_400


class Evidence:
    """Says what it was asked for."""

    type = "test-evidence"

    def __init__(self) -> None:
        self.asked: list[EvidenceRequest] = []

    def collect(self, request: EvidenceRequest) -> Mapping[str, Any]:
        self.asked.append(request)
        return {"document": request.challenge}


def claims_of(proof: str) -> Mapping[str, Any]:
    parts = parse_jws(proof, 10_000)
    assert parts is not None
    return parts.payload


class Issuer:
    """Endpoints, and whatever resource servers a test adds by host."""

    def __init__(self) -> None:
        self.clock = FixedClock(NOW)
        self.evidence = Evidence()
        self.calls: list[tuple[str, dict[str, str]]] = []
        self.proofs: list[str] = []
        self.others: dict[str, Callable[[httpx.Request], httpx.Response]] = {}
        # answers to give instead, in order, by endpoint
        self.instead: dict[str, list[httpx.Response | Exception]] = {}
        self.life = 300
        self.aws_life = 60
        self.served = 0

    def agent(self, **more: Any) -> Agent:
        http = httpx.Client(transport=httpx.MockTransport(self.handle))
        return Agent(issuer=ISSUER, agent=PLANNER, evidence=self.evidence, http=http, clock=self.clock, **more)

    def async_agent(self, **more: Any) -> AsyncAgent:
        http = httpx.AsyncClient(transport=httpx.MockTransport(self.handle))
        return AsyncAgent(issuer=ISSUER, agent=PLANNER, evidence=self.evidence, http=http, clock=self.clock, **more)

    def asked(self, endpoint: str) -> list[dict[str, str]]:
        return [form for name, form in self.calls if name == endpoint]

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != "issuer.example":
            return self.others[request.url.host](request)
        name = request.url.path.strip("/")
        if name == ".well-known/oauth-authorization-server":
            return httpx.Response(200, json=self.metadata())
        body = request.content.decode()
        is_json = request.headers["content-type"] == "application/json"
        form = json.loads(body) if is_json else {key: " ".join(values) for key, values in parse_qs(body).items()}
        self.calls.append((name, form))
        jkt = self.prove(request)
        if self.instead.get(name):
            answer = self.instead[name].pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        answers = {
            "attest/challenge": lambda: {"attestation_challenge": "challenge-1", "expires_in": 60},
            "attest": lambda: {"identity_token": "id", "agent": PLANNER, "assurance": "fresh", "expires_in": 300},
            "token": lambda: self.token(form, jkt),
            "introspect": lambda: {"active": True, "token": form["token"], "dpop_jkt": form.get("dpop_jkt")},
            "revoke": dict,
            "credentials": self.credentials,
        }
        return httpx.Response(200, json=answers[name]())

    def metadata(self) -> dict[str, str]:
        return {
            "issuer": ISSUER,
            "lanyard_attestation_endpoint": f"{ISSUER}/attest",
            "token_endpoint": f"{ISSUER}/token",
            "introspection_endpoint": f"{ISSUER}/introspect",
            "revocation_endpoint": f"{ISSUER}/revoke",
            "lanyard_credentials_endpoint": f"{ISSUER}/credentials",
        }

    def prove(self, request: httpx.Request) -> str:
        """The key of a call's proof, which must be fresh, for this call, and never used."""
        proof = request.headers["dpop"]
        assert proof not in self.proofs
        self.proofs.append(proof)
        parts = parse_jws(proof, 10_000)
        assert parts is not None
        jwk = public_jwk_for("ES256", parts.header["jwk"])
        assert jwk is not None and parts.header["typ"] == "dpop+jwt"
        verify = import_key("ES256", jwk)
        assert verify is not None and verify(parts.signed, parts.signature)
        url = str(request.url.copy_with(query=None))
        assert (parts.payload["htm"], parts.payload["htu"]) == (request.method, url)
        authorization = request.headers.get("authorization")
        if authorization is not None:
            assert parts.payload["ath"] == sha256(authorization.split(" ")[1])
        return thumbprint(jwk)

    def token(self, form: dict[str, str], jkt: str) -> dict[str, Any]:
        self.served += 1
        kind = form.get("requested_token_type", "urn:ietf:params:oauth:token-type:access_token")
        claims = {
            "sub": "p_ada",
            "client_id": PLANNER,
            "sid": "sid-1",
            "root": "root-1",
            "depth": 1,
            "cnf": {"jkt": jkt},
            "act": {"sub": PLANNER, "act": {"sub": "spiffe://agents.example.com/agent/giver"}},
            "n": self.served,
        }
        token = ".".join((b64url(b"{}"), b64url(json.dumps(claims).encode()), "signature"))
        kinds = {"lanyard:token-type:session": "N_A", "lanyard:token-type:offer": "N_A"}
        return {
            "access_token": token,
            "issued_token_type": kind,
            "token_type": kinds.get(kind, "DPoP"),
            "expires_in": self.life,
            "scope": form.get("scope", "tickets:read"),
        }

    def credentials(self) -> dict[str, Any]:
        self.served += 1
        until = datetime.fromtimestamp(self.clock.now() + self.aws_life, timezone.utc)
        return {
            "Version": 1,
            "AccessKeyId": f"ASIA{self.served}",
            "SecretAccessKey": "secret",
            "SessionToken": "token",
            "Expiration": until.isoformat().replace("+00:00", "Z"),
            "expires_in": self.aws_life,
        }
