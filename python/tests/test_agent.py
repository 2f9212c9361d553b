"""An agent against an issuer in memory, blocking and awaited."""

from __future__ import annotations

from typing import Any

import anyio
import httpx
import pytest
from issuer import ISSUER, NOW, PLANNER, TICKETS, Issuer, claims_of

from lanyard import Agent, Endpoints, Expected, Grant, LanyardError, SignIn
from lanyard.evidence import EvidenceRequest

READ = [Grant(TICKETS, ["tickets:read"])]
GIVER = "spiffe://agents.example.com/agent/giver"


def test_attests_once_however_many_sessions_it_opens() -> None:
    issuer = Issuer()
    agent = issuer.agent()
    for _ in range(3):
        agent.open(READ)
    assert [name for name, _ in issuer.calls].count("attest") == 1
    [asked] = issuer.evidence.asked
    assert (asked.issuer, asked.challenge) == (ISSUER, "challenge-1")
    [attest] = issuer.asked("attest")
    assert attest == {
        "agent": PLANNER,
        "evidence": {"document": "challenge-1", "type": "test-evidence"},
        "challenge": "challenge-1",
    }


def test_opens_with_what_the_wire_wants() -> None:
    issuer = Issuer()
    grants = [Grant(TICKETS, ["tickets:read"], [{"type": "x", "n": 1}]), Grant("https://other.example", ["o"])]
    session = issuer.agent().open(grants, id_token="idt", purpose="ticket 42", lifetime_seconds=60, max_uses=3)
    [form] = issuer.asked("token")
    assert form == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": "idt",
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
        "requested_token_type": "lanyard:token-type:session",
        "resource": f"{TICKETS} https://other.example",
        "scope": "tickets:read o",
        "authorization_details": '[{"type":"x","n":1}]',
        "purpose": "ticket 42",
        "lifetime_seconds": "60",
        "max_uses": "3",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe",
        "client_assertion": "id",
    }
    assert (session.sid, session.principal, session.offered_by) == ("sid-1", "p_ada", GIVER)


def test_a_token_is_kept_until_shortly_before_it_expires() -> None:
    issuer = Issuer()
    session = issuer.agent().open(READ, renewable=True)
    first = session.access_token(TICKETS)
    assert session.access_token(TICKETS) is first
    issuer.clock.seconds += 279
    assert session.access_token(TICKETS) is first
    issuer.clock.seconds += 1
    issuer.life = 900
    with pytest.raises(LanyardError) as over:
        issuer.clock.seconds += 20
        session.access_token(TICKETS)
    assert over.value.code == "session_over"


def test_a_burst_of_calls_asks_once() -> None:
    issuer = Issuer()

    async def burst() -> None:
        session = await issuer.async_agent().open(READ, renewable=True)
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(session.access_token, TICKETS)

    anyio.run(burst)
    assert len(issuer.asked("token")) == 2 and len(issuer.asked("attest")) == 1


def test_no_token_is_shown_in_a_repr() -> None:
    session = Issuer().agent().open(READ, renewable=True)
    token = session.access_token(TICKETS)
    offer = session.offer("spiffe://x/agent/y", READ)
    for shown in (session, token, offer):
        assert token.token not in repr(shown) and offer.handle not in repr(shown)


def test_offers_renews_revokes_and_ends() -> None:
    issuer = Issuer()
    session = issuer.agent().open(READ, renewable=True)
    offer = session.offer("spiffe://x/agent/y", READ, lifetime_seconds=60, max_uses=1)
    assert offer.expires_at_seconds == NOW + 300
    form = issuer.asked("token")[-1]
    assert (form["audience"], form["requested_token_type"], form["max_uses"]) == (
        "spiffe://x/agent/y",
        "lanyard:token-type:offer",
        "1",
    )
    assert session.renew(lifetime_seconds=900) == NOW + 300
    session.revoke(offer=offer.handle)
    assert issuer.asked("revoke")[-1]["token"] == offer.handle
    session.revoke(session="child")
    assert issuer.asked("revoke")[-1]["session"] == "child"
    with pytest.raises(TypeError):
        session.revoke()
    session.end()
    session.end()
    assert len(issuer.asked("revoke")) == 3
    with pytest.raises(LanyardError) as over:
        session.access_token(TICKETS)
    assert over.value.code == "session_over"


def test_a_context_ends_its_session() -> None:
    issuer = Issuer()
    with issuer.agent().open(READ):
        pass
    assert len(issuer.asked("revoke")) == 1


@pytest.mark.parametrize(
    ("expect", "taken"),
    [
        ("anything", True),
        (Expected(GIVER, "p_ada"), True),
        (Expected(GIVER, "anyone"), True),
        (Expected("spiffe://x/agent/other", "anyone"), False),
        (Expected("anyone", "p_bob"), False),
    ],
)
def test_redeems_what_is_expected_and_ends_the_rest(expect: Any, taken: bool) -> None:
    issuer = Issuer()
    agent = issuer.agent()
    if taken:
        assert agent.redeem("handle", expect=expect).offered_by == GIVER
        assert issuer.asked("revoke") == []
        return
    with pytest.raises(LanyardError) as refused:
        agent.redeem("handle", expect=expect)
    assert refused.value.code == "offer_unexpected" and len(issuer.asked("revoke")) == 1


def test_hops_and_introspects() -> None:
    issuer = Issuer()
    agent = issuer.agent()
    agent.hop("presented", READ)
    assert issuer.asked("token")[-1]["subject_token"] == "presented"
    assert agent.introspect("t", proved_by="jkt") == {"active": True, "token": "t", "dpop_jkt": "jkt"}


def refused(status: int, error: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": error, "error_description": "words"}, headers=headers)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (refused(400, "invalid_scope"), "scope_refused"),
        (refused(400, "invalid_target"), "target_refused"),
        (refused(400, "invalid_grant"), "request_refused"),
        (refused(403, "access_denied"), "access_refused"),
        (refused(429, "slow_down"), "rate_limited"),
        (refused(400, "invalid_authorization_details"), "details_refused"),
        (refused(418, "teapot"), "refused"),
        (httpx.Response(502, text="<html>"), "unavailable"),
        (httpx.Response(200, text="<html>"), "answer_malformed"),
        (httpx.Response(200, json={"access_token": "x"}), "answer_malformed"),
        (httpx.Response(200, content=b"x" * 200_000), "answer_malformed"),
        (httpx.Response(302, headers={"location": "https://evil.example"}), "answer_malformed"),
        (httpx.ConnectError("no"), "unreachable"),
        (httpx.ReadTimeout("no"), "timeout"),
    ],
)
def test_each_failure_has_its_code(answer: Any, code: str) -> None:
    issuer = Issuer()
    issuer.instead["token"] = [answer]
    with pytest.raises(LanyardError) as failed:
        issuer.agent().open(READ)
    assert failed.value.code == code


@pytest.mark.parametrize(
    ("told", "sign_in"),
    [
        ({"max_age": 300, "acr_values": "urn:a urn:b"}, SignIn(300, ("urn:a", "urn:b"))),
        ({"max_age": True, "acr_values": ["a"]}, SignIn()),
        ({"max_age": -1, "acr_values": "a\nb"}, SignIn()),
    ],
)
def test_a_sign_in_that_is_wanted_is_told(told: dict[str, Any], sign_in: SignIn) -> None:
    issuer = Issuer()
    issuer.instead["token"] = [httpx.Response(400, json={"error": "insufficient_user_authentication", **told})]
    with pytest.raises(LanyardError) as failed:
        issuer.agent().open(READ)
    assert (failed.value.code, failed.value.sign_in) == ("sign_in_insufficient", sign_in)


def test_an_identity_that_is_refused_is_made_anew_once() -> None:
    issuer = Issuer()
    issuer.instead["token"] = [refused(401, "invalid_client")]
    issuer.agent().open(READ)
    assert len(issuer.asked("attest")) == 2
    issuer.instead["token"] = [refused(401, "invalid_client"), refused(401, "invalid_client")]
    with pytest.raises(LanyardError) as failed:
        issuer.agent().open(READ)
    assert failed.value.code == "identity_refused"


def test_a_nonce_is_answered_once_and_kept() -> None:
    issuer = Issuer()
    demand = refused(400, "use_dpop_nonce", **{"dpop-nonce": "n-1"})
    issuer.instead["token"] = [demand]
    agent = issuer.agent()
    agent.open(READ)
    assert [claims_of(proof).get("nonce") for proof in issuer.proofs[-2:]] == [None, "n-1"]
    issuer.instead["token"] = [demand, demand]
    with pytest.raises(LanyardError) as failed:
        agent.open(READ)
    assert failed.value.code == "proof_refused"


def test_a_503_with_a_time_is_tried_again_with_a_proof_of_its_own() -> None:
    issuer = Issuer()
    issuer.instead["token"] = [refused(503, "temporarily_unavailable", **{"retry-after": "0"})] * 2
    issuer.agent().open(READ)
    assert len(issuer.asked("token")) == 3 and len(set(issuer.proofs)) == len(issuer.proofs)


def test_another_agents_identity_is_not_taken() -> None:
    issuer = Issuer()
    other = {"identity_token": "id", "agent": f"{PLANNER}2", "assurance": "fresh", "expires_in": 300}
    issuer.instead["attest"] = [httpx.Response(200, json=other)]
    with pytest.raises(LanyardError) as failed:
        issuer.agent().open(READ)
    assert failed.value.code == "answer_malformed"


def test_metadata_of_another_issuer_is_refused() -> None:
    issuer = Issuer()
    issuer.metadata = lambda: {"issuer": f"{ISSUER}/"}  # type: ignore[method-assign]
    with pytest.raises(LanyardError) as failed:
        issuer.agent().open(READ)
    assert failed.value.code == "metadata_invalid"


def test_what_evidence_says_goes_into_no_message() -> None:
    class Broken:
        type = "broken"

        def collect(self, request: EvidenceRequest) -> dict[str, str]:
            raise RuntimeError("secret document")

    issuer = Issuer()
    issuer.evidence = Broken()  # type: ignore[assignment]
    with pytest.raises(LanyardError) as failed:
        issuer.agent().identity()
    assert failed.value.code == "evidence_failed" and "secret" not in str(failed.value)


def test_nothing_goes_in_clear() -> None:
    for issuer, endpoints in (
        ("http://issuer.example", None),
        (ISSUER, Endpoints(ISSUER, "http://issuer.example/token", ISSUER, ISSUER)),
    ):
        with pytest.raises(LanyardError) as failed:
            Agent(issuer=issuer, agent=PLANNER, evidence=Issuer().evidence, endpoints=endpoints)
        assert failed.value.code == "insecure_url"
