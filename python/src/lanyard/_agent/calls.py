"""Calls to an issuer's endpoints: found by its metadata, proved by the agent's key, bounded, never redirected."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlencode

import httpx

from .._base.clock import Clock, Life, Moment, moment_of, now_seconds, surely_lives
from .._base.flow import Answer, Ask, Call, Exclusive, Flow, Lock, Sleep, Unanswered
from .._base.limits import ANSWER_BYTES, CALL_TIMEOUT_SECONDS, TOKEN_BYTES
from .._base.text import is_number, is_object
from .._base.urls import is_secure, issuer_metadata_url
from ..errors import EvidenceError, LanyardError, PendingApproval, SignIn
from ..evidence import EvidenceRequest, EvidenceSource
from .key import AgentKey, NonceMemory

T = TypeVar("T")
SPIFFE_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe"
# parameters of a form; a name may come several times, what is None or empty is left out
Form = Sequence[tuple[str, "str | None"]]


@dataclass(frozen=True)
class Endpoints:
    """Addresses of an issuer's functions. Pin them where forged metadata is worse than an outage (threat 29)."""

    attest: str
    token: str
    introspect: str
    revoke: str
    #: None where the deployment gives no AWS credentials.
    credentials: str | None = None


_members = {
    "attest": "lanyard_attestation_endpoint",
    "token": "token_endpoint",
    "introspect": "introspection_endpoint",
    "revoke": "revocation_endpoint",
    "credentials": "lanyard_credentials_endpoint",
}


class JsonAnswer(NamedTuple):
    """An answer's JSON object."""

    status: int
    json: Mapping[str, Any]
    headers: httpx.Headers

    @property
    def request_id(self) -> str | None:
        """Names the call in the operator's logs."""
        named: str | None = self.headers.get("x-amzn-requestid")
        return named


def secure(url: str, what: str) -> str:
    """:raises LanyardError: ``insecure_url`` for an address to which tokens and proofs would be sent in clear"""
    if not is_secure(url):
        raise LanyardError("insecure_url", what, description="not an https address")
    return url


def _call(call: Call, during: str) -> Flow[JsonAnswer]:
    try:
        answer: Answer = yield call
    except Unanswered as unanswered:
        code = {"timeout": "timeout", "too_large": "answer_malformed"}.get(unanswered.why, "unreachable")
        raise LanyardError(code, during) from None
    try:
        value = json.loads(answer.body)
    except ValueError:
        value = None
    if is_object(value):
        return JsonAnswer(answer.status, value, answer.headers)
    # throttling and crashes are answered in the platform's own format
    code = "unavailable" if answer.status == 429 or answer.status >= 500 else "answer_malformed"
    known = JsonAnswer(answer.status, {}, answer.headers)
    raise LanyardError(
        code, during, status=answer.status, request_id=known.request_id, retry_after_seconds=_retry_after(known)
    )


def _retry_after(answer: JsonAnswer) -> int | None:
    value = answer.headers.get("retry-after", "")
    return int(value) if re.fullmatch(r"[0-9]{1,6}", value) else None


_codes = {
    "invalid_client": "identity_refused",
    "invalid_dpop_proof": "proof_refused",
    "use_dpop_nonce": "proof_refused",
    "invalid_request": "request_refused",
    "invalid_grant": "request_refused",
    "use_attestation_challenge": "request_refused",
    "invalid_scope": "scope_refused",
    "insufficient_scope": "scope_refused",
    "invalid_target": "target_refused",
    "invalid_authorization_details": "details_refused",
    "access_denied": "access_refused",
    "authorization_pending": "approval_pending",
    "expired_token": "approval_expired",
    "approval_stale": "approval_stale",
    "insufficient_user_authentication": "sign_in_insufficient",
    "slow_down": "rate_limited",
    "temporarily_unavailable": "unavailable",
}


def error_of(answer: JsonAnswer, during: str) -> LanyardError:
    """The error of an answer that is not 200 (RFC 6749 5.2)."""
    error, description = answer.json.get("error"), answer.json.get("error_description")
    fallback = "unavailable" if answer.status == 429 or answer.status >= 500 else "refused"
    code = _codes.get(error, fallback) if isinstance(error, str) else fallback
    return LanyardError(
        "attestation_refused" if during == "attest" and code == "identity_refused" else code,
        during,
        status=answer.status,
        error=error if isinstance(error, str) else None,
        description=description if isinstance(description, str) else None,
        request_id=answer.request_id,
        retry_after_seconds=_retry_after(answer),
        approval=_approval_in(answer),
        sign_in=_sign_in_from(answer.json) if code == "sign_in_insufficient" else None,
    )


def _approval_in(answer: JsonAnswer) -> PendingApproval | None:
    """What an answer says of a request that waits for people (CIBA 7.3, 11)."""
    name, interval, life = (answer.json.get(member) for member in ("auth_req_id", "interval", "expires_in"))
    if not isinstance(name, str) or not 0 < len(name) <= 256:
        return None
    if not is_number(interval) or not is_number(life) or not (0 <= interval <= 86_400 and 0 <= life <= 86_400):
        return None
    # an answer that names no time between two questions must not make this a loop without pause
    return PendingApproval(name, max(1, interval), life)


def _sign_in_from(told: Mapping[str, Any]) -> SignIn:
    """How the person has to sign in (RFC 9470 3); what is not of that form is left out."""
    age, values = told.get("max_age"), told.get("acr_values")
    is_age = isinstance(age, int) and not isinstance(age, bool) and age >= 0
    is_list = isinstance(values, str) and len(values) <= 2_048 and re.fullmatch(r"[!-~]+( [!-~]+)*", values)
    return SignIn(age if is_age else None, tuple(values.split(" ")) if is_list and isinstance(values, str) else ())


def malformed(during: str, description: str) -> LanyardError:
    """An answer that does not come from Lanyard."""
    return LanyardError("answer_malformed", during, description=description)


def text_in(answer: JsonAnswer, name: str, during: str) -> str:
    """A required member of a 200 answer."""
    value = answer.json.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= TOKEN_BYTES:
        raise malformed(during, f"{name} is missing")
    return value


def life_in(answer: JsonAnswer, during: str) -> float:
    """``expires_in`` of a 200 answer, in seconds."""
    value = answer.json.get("expires_in")
    if not is_number(value) or not 0 <= value < 1e12:
        raise malformed(during, "expires_in is missing")
    return value


# after so many tries, or for a longer pause, the caller is told of the failure
_most_tries = 4
_longest_pause_seconds = 5


def retried(work: Callable[[], Flow[T]]) -> Flow[T]:
    """Repeats work that was answered 503 with Retry-After; each try has proofs of its own, a used one is a replay."""
    for tries in range(1, _most_tries + 1):
        try:
            return (yield from work())
        except LanyardError as error:
            pause = error.retry_after_seconds if error.status == 503 else None
            if pause is None or pause > _longest_pause_seconds or tries == _most_tries:
                raise
        yield Sleep(pause)
    raise AssertionError("the last try returns or raises")


class Identity(NamedTuple):
    """What the agent proved to be; the token is useless without the agent's key."""

    token: str
    agent: str
    assurance: str
    expires_at_seconds: float


# a token is renewed this long before it expires: a request under way must not outlive it
_margin_seconds = 30


class Caller:
    """One agent at one issuer: its key, its endpoints, its identity, and calls in its name."""

    def __init__(
        self,
        issuer: str,
        agent: str,
        evidence: EvidenceSource,
        *,
        endpoints: Endpoints | None = None,
        key: AgentKey | None = None,
        clock: Clock | None = None,
    ) -> None:
        secure(issuer, "issuer")
        for field in fields(endpoints) if endpoints else ():
            url = getattr(endpoints, field.name)
            if url is not None:
                secure(url, field.name)
        self.agent = agent
        self.key = key or AgentKey()
        self.clock = clock or Clock()
        self.nonces = NonceMemory()
        self._issuer = issuer
        self._evidence = evidence
        self._endpoints = endpoints
        self._lock = Lock()
        self._found = Lock()
        self._identity: tuple[Identity, Life] | None = None

    def endpoints(self) -> Flow[Endpoints]:
        """Pinned, or read once from the issuer's metadata, which must name exactly this issuer."""
        if self._endpoints is not None:
            return self._endpoints
        return (yield Exclusive(self._found, self._discover))  # type: ignore[no-any-return]

    def _discover(self) -> Flow[Endpoints]:
        if self._endpoints is not None:
            return self._endpoints
        url = issuer_metadata_url(self._issuer)
        answer = yield from _call(Call("GET", url, ANSWER_BYTES, CALL_TIMEOUT_SECONDS), "metadata")
        if answer.status != 200:
            raise LanyardError("metadata_invalid", "metadata", status=answer.status)
        if answer.json.get("issuer") != self._issuer:
            raise LanyardError("metadata_invalid", "metadata", description="it is of another issuer")
        found: dict[str, str] = {}
        for name, member in _members.items():
            where = answer.json.get(member)
            if where is None and name == "credentials":
                continue
            if not isinstance(where, str):
                raise LanyardError("metadata_invalid", "metadata", description=f"{member} is missing")
            found[name] = secure(where, member)
        self._endpoints = Endpoints(**found)
        return self._endpoints

    def proved(self, url: str, content_type: str, body: str, during: str) -> Flow[JsonAnswer]:
        """Posts with a proof; sent once more when the answer demands a nonce."""
        answer = yield from self._attempt(url, content_type, body, during)
        nonce = self.nonces.note(url, answer.headers)
        if answer.json.get("error") != "use_dpop_nonce" or nonce is None:
            return answer
        second = yield from self._attempt(url, content_type, body, during)
        self.nonces.note(url, second.headers)
        return second

    def _attempt(self, url: str, content_type: str, body: str, during: str) -> Flow[JsonAnswer]:
        proof = self.key.prove("POST", url, now_seconds(self.clock), nonce=self.nonces.of(url))
        headers = {"content-type": content_type, "accept": "application/json", "dpop": proof}
        call = Call("POST", url, ANSWER_BYTES, CALL_TIMEOUT_SECONDS, headers, body.encode("utf-8"))
        return (yield from _call(call, during))

    def identity(self) -> Flow[Identity]:
        """An identity that is valid for a while; attests when there is none, once however many ask."""
        held = self._held_identity()
        if held is not None:
            return held
        return (yield Exclusive(self._lock, self._attest_once))  # type: ignore[no-any-return]

    def _held_identity(self) -> Identity | None:
        held = self._identity
        return held[0] if held and surely_lives(held[1], _margin_seconds, self.clock) else None

    def _attest_once(self) -> Flow[Identity]:
        held = self._held_identity()
        if held is not None:
            return held
        # each try has a challenge of its own, since the last one may be used up
        return (yield from retried(self._attest))

    def _attest(self) -> Flow[Identity]:
        url = (yield from self.endpoints()).attest
        where = f"{url.removesuffix('/')}/challenge"
        challenged = yield from self._post_json(where, {}, "challenge")
        challenge = text_in(challenged, "attestation_challenge", "challenge")
        request = EvidenceRequest(self._issuer, challenge, self.key.jkt, self.key.spki)
        evidence = yield from self._collect(request)
        asked, asked_at = moment_of(self.clock), now_seconds(self.clock)
        body = {"agent": self.agent, "evidence": evidence, "challenge": challenge}
        answer = yield from self._post_json(url, body, "attest")
        # otherwise a server that answers with another agent's identity could make this process act as that agent
        if answer.json.get("agent") != self.agent:
            raise malformed("attest", "the identity is another agent's")
        seconds = life_in(answer, "attest")
        token, assurance = text_in(answer, "identity_token", "attest"), text_in(answer, "assurance", "attest")
        identity = Identity(token, self.agent, assurance, asked_at + seconds)
        self._identity = (identity, Life(asked, seconds))
        return identity

    def _post_json(self, url: str, body: object, during: str) -> Flow[JsonAnswer]:
        answer = yield from self.proved(url, "application/json", json.dumps(body), during)
        if answer.status != 200:
            raise error_of(answer, during)
        return answer

    def _collect(self, request: EvidenceRequest) -> Flow[Mapping[str, Any]]:
        kind = self._evidence.type
        try:
            document: Mapping[str, Any] = yield Ask(self._evidence.collect, (request,), blocks=True)
        except EvidenceError as error:
            raise EvidenceError(f"{kind}: {error.description}") from None
        except Exception as cause:
            # a platform's own message may quote what was sent, so only its name is told
            raise EvidenceError(f"{kind}: failed with {type(cause).__name__}") from None
        return {**document, "type": kind}

    def form(self, endpoint: str, form: Form) -> Flow[JsonAnswer]:
        """Sends a form as this agent and returns the 200 answer.

        When the issuer no longer accepts the identity the agent attests again, once: it may have been cut meanwhile.

        :raises LanyardError: whatever else is answered
        """
        url = getattr((yield from self.endpoints()), endpoint)
        if url is None:
            raise LanyardError("metadata_invalid", endpoint, description="this deployment has no such endpoint")
        identity, answer = yield from self._send(url, form, endpoint)
        if answer.status != 200 and answer.json.get("error") == "invalid_client":
            if self._identity is not None and self._identity[0] is identity:
                self._identity = None
            _, answer = yield from self._send(url, form, endpoint)
        if answer.status != 200:
            raise error_of(answer, endpoint)
        return answer

    def _send(self, url: str, form: Form, during: str) -> Flow[tuple[Identity, JsonAnswer]]:
        identity = yield from self.identity()
        pairs = [(name, value) for name, value in form if value]
        pairs += [("client_assertion_type", SPIFFE_ASSERTION), ("client_assertion", identity.token)]
        body = urlencode(pairs)

        def once() -> Flow[JsonAnswer]:
            answer = yield from self.proved(url, "application/x-www-form-urlencoded", body, during)
            if answer.status == 503:
                raise error_of(answer, during)
            return answer

        return identity, (yield from retried(once))

    def life_of(self, answer: JsonAnswer, asked: Moment, during: str) -> Life:
        """A life that an answer states, from the asking on."""
        return Life(asked, life_in(answer, during))
