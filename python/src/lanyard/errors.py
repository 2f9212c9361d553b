"""What this package raises when something fails or is refused.

``LanyardError`` or one of its kinds, each with a ``code`` that is stable across versions and the same as in the
TypeScript package. What was called wrongly is a ``TypeError`` or a ``ValueError``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: Every code and what to do about it. Codes are stable; the texts may change.
ADVICES: Mapping[str, str] = {
    # before a request, or below HTTP
    "unreachable": "the endpoint did not answer; try again, then check its address",
    "timeout": "the endpoint took too long; try again",
    "answer_malformed": "the answer does not come from Lanyard; check the issuer's address",
    "metadata_invalid": "the issuer's metadata is not usable; check the issuer, or pin the endpoints",
    "evidence_failed": "the workload's own identity could not be fetched; check its credentials and permissions",
    # an agent's request that Lanyard refused
    "attestation_refused": "the evidence does not prove this agent; compare it with the registration's selectors",
    "identity_refused": "the agent is no longer accepted; ask the operator whether it was revoked",
    "proof_refused": "the key proof was refused; check this machine's clock",
    "request_refused": "the request, or the token it uses, is not valid; get a new token and ask again",
    "scope_refused": "ask for fewer scopes, or have them registered",
    "target_refused": "name one registered resource, or a registered agent",
    "details_refused": "send registered details that are no wider than what you hold",
    "access_refused": "policy or an operator forbids this; do not ask again",
    "approval_pending": "people were asked: give open() an `approval` to wait, or ask again for the same later",
    "approval_expired": "nobody decided in time: ask again where it is still needed",
    "approval_stale": "policy or registry changed since people approved it: ask again",
    "sign_in_insufficient": "have the person sign in again as `sign_in` says, and ask with the new token",
    "rate_limited": "too many tokens; ask again after a second",
    "unavailable": "Lanyard cannot answer now; ask again after a second",
    "refused": "read the description",
    # an agent's call that this package refused
    "insecure_url": "use https, or http on this machine",
    "outside_resource": "call the resource the token is for, or say where it is served when the agent is made",
    "offer_unexpected": "the work is from another agent, or for another principal, than you expect; do not do it",
    "tools_unreadable": "do not use the server's tools: its list could not be read whole; read the description",
    "session_over": "open a new session",
    "session_lapsed": "open a new session, with `renewable` to survive long pauses",
    # a request that a resource server refused
    "open": "not a refusal: the request needs no token; send the reply",
    "credentials_missing": "the caller sent no access token; the reply says where to get one",
    "credentials_malformed": "the caller must send one Authorization header and one DPoP header",
    "bearer_not_accepted": "the caller must send the token with the DPoP scheme and a proof",
    "token_invalid": "the token is not one of this issuer for this resource; if every token is refused, compare issuer "
    "and resource with the registration",
    "token_expired": "the caller must fetch a new token; if every token is refused, check this machine's clock",
    "claims_invalid": "the token lacks a claim that Lanyard's tokens have; check the issuer",
    "proof_missing": "the caller must send a proof made with the key of its token",
    "proof_invalid": "the proof is not for this request; if every proof is refused, check request_url and this "
    "machine's clock",
    "proof_nonce_required": "nothing to do: the reply contains the nonce, and the caller sends the request again with it",
    "proof_key_mismatch": "the token was sent by somebody without its key; look up its session",
    "proof_replayed": "the proof was used before; somebody may be repeating another caller's requests",
    "status_uri_foreign": "the token names a status list of another issuer; check the issuer",
    "status_index_invalid": "the token's index is outside its status list; check the issuer",
    "session_cut": "an agent, person, login or build of the token's session was revoked; the caller must open a new "
    "session, if it may",
    "scope_insufficient": "the caller must ask for the scope, if it may have it",
    "details_forbid": "the token's details do not cover this request",
    "budget_spent": "a budget has no room for the request until it renews; look at `lanyard budgets`",
    "cost_required": "a budget bounds money here: name what a request can cost at most, in the budget's currency",
    "keys_unavailable": "the issuer's keys could not be fetched; check the connection to it, and try again",
    "status_unavailable": "no fresh status list could be fetched; check the connection to the issuer, and try again",
    "cuts_unavailable": "no fresh document of cuts could be fetched; check the connection to the issuer, and try again",
    "introspection_unavailable": "the issuer did not answer whether the token is alive; try again",
    "replay_store_unavailable": "the store cannot tell whether the proof was used; check the store, and try again",
}

#: The same call may succeed later.
RETRYABLE_CODES = frozenset(
    (
        "unreachable",
        "timeout",
        "rate_limited",
        "unavailable",
        "keys_unavailable",
        "status_unavailable",
        "cuts_unavailable",
        "introspection_unavailable",
        "replay_store_unavailable",
    )
)


def _printable(text: str | None) -> str | None:
    """A server's text for logs: bounded, and without line breaks, which could forge a log line."""
    return None if text is None else re.sub(r"[^\x20-\x7e]", "?", text[:300])


@dataclass(frozen=True)
class PendingApproval:
    """What an answer says of a request that waits for people."""

    #: Its id (``auth_req_id``): people find it by this, and it is no secret.
    id: str
    #: The least time between two questions how it stands.
    interval_seconds: float
    #: How long is left for people to decide.
    expires_in_seconds: float


@dataclass(frozen=True)
class SignIn:
    """How the person has to sign in for what was refused (RFC 9470 3): what to send the provider."""

    #: ``max_age``: how long ago the sign-in may be.
    max_age_seconds: int | None = None
    #: ``acr_values``: one of these, in order of preference; none where any will do.
    acr_values: tuple[str, ...] = ()


class LanyardError(Exception):
    """Something failed or was refused. No message holds a token, a proof or evidence.

    :param code: what happened; stable across versions
    :param during: what was being done, such as ``token``
    """

    def __init__(
        self,
        code: str,
        during: str,
        *,
        description: str | None = None,
        status: int | None = None,
        error: str | None = None,
        request_id: str | None = None,
        retry_after_seconds: int | None = None,
        approval: PendingApproval | None = None,
        sign_in: SignIn | None = None,
    ) -> None:
        #: What happened; stable across versions.
        self.code = code
        #: What was being done.
        self.during = during
        #: The server's words, or ours; may change.
        self.description = _printable(description)
        #: HTTP status, where there was an answer.
        self.status = status
        #: OAuth's error code on the wire.
        self.error = _printable(error)
        #: Names the call in the operator's logs.
        self.request_id = _printable(request_id)
        #: When the same call may be made again, where the answer said so.
        self.retry_after_seconds = retry_after_seconds
        #: Of a request that waits for people: by which id, and for how long.
        self.approval = approval
        #: Of a request for which the person has to sign in again: how.
        self.sign_in = sign_in
        #: What to do about it; may change.
        self.advice = ADVICES[code]
        #: True when the same call may succeed later.
        self.retryable = code in RETRYABLE_CODES
        super().__init__(f"{during}: {self.description or code}; {self.advice}")


class EvidenceError(LanyardError):
    """The workload's own document could not be fetched. Sources of your own raise it too.

    :param description: goes to logs, so it quotes no document, secret or answer
    """

    def __init__(self, description: str) -> None:
        super().__init__("evidence_failed", "evidence", description=description)


@dataclass(frozen=True)
class Reply:
    """An HTTP answer to send instead of what was asked for."""

    status: int
    headers: Mapping[str, str]
    body: str = ""


@dataclass(frozen=True)
class Refusal:
    """Why a resource server refuses a request: a stable code, and facts for the log."""

    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


class AccessError(LanyardError):
    """A request that is not let in.

    Code ``open`` is no refusal but a request for the resource's metadata or a browser's preflight, which carry no token.

    :param refusal: what is wrong, for the log
    :param reply: what to answer; it contains what the caller may know
    """

    def __init__(self, refusal: Refusal, reply: Reply) -> None:
        told = [f"{name} {_words(value)}" for name, value in refusal.facts.items()]
        description = f"{refusal.code} ({', '.join(told)})" if told else None
        super().__init__(refusal.code, "access", description=description, status=reply.status)
        self.refusal = refusal
        self.reply = reply


def _words(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
