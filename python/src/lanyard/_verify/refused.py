"""Refusals, and what the caller of a refused request is told (RFC 6750 3.1 with the scheme of RFC 9449 7.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from .._base.limits import RETRY_AFTER_SECONDS
from .._base.text import http_date
from .._jose.dpop import DPOP_ALGORITHMS
from ..errors import Refusal, Reply


class Refused(Exception):
    """A refusal on its way to whoever answers."""

    def __init__(self, code: str, **facts: Any) -> None:
        super().__init__(code)
        self.refusal = Refusal(code, facts)


Facts = Mapping[str, Any]


class _Face(NamedTuple):
    status: int
    # left out, the caller is told nothing but how to ask (RFC 6750 3.1)
    error: str | None
    description: str | Callable[[Facts], str]
    scope: Callable[[Facts], str] | None = None
    # an error of RFC 9449 has no meaning under another scheme
    about_proof: bool = False
    # when the same request may be made again, where that is known
    again_at: Callable[[Facts], int] | None = None


def _token(description: str) -> _Face:
    return _Face(401, "invalid_token", description)


def _proof(description: str, error: str = "invalid_dpop_proof") -> _Face:
    return _Face(401, error, description, about_proof=True)


# reasons that would help an attacker share one answer; the refusal keeps them apart for the log
_not_valid_here = _token("the access token is not valid here")
_wrong_proof = _proof("send one fresh DPoP proof for this request and this access token")
_over = _token("the session of this access token is over")
_later = _Face(503, "temporarily_unavailable", "the access token could not be checked now; try again")

FACES: Mapping[str, _Face] = {
    "credentials_missing": _Face(401, None, ""),
    "credentials_malformed": _Face(
        400, "invalid_request", lambda facts: f"send one Authorization header and one DPoP header: {facts['why']}"
    ),
    "bearer_not_accepted": _token("the token is bound to a key; send it with the DPoP scheme and a proof"),
    "token_invalid": _not_valid_here,
    "token_expired": _token("the access token has expired; fetch a new one"),
    "claims_invalid": _not_valid_here,
    "proof_missing": _wrong_proof,
    "proof_invalid": _wrong_proof,
    "proof_nonce_required": _proof("put the nonce of header DPoP-Nonce into the proof and ask again", "use_dpop_nonce"),
    "proof_key_mismatch": _token("the DPoP proof is by another key than the access token is bound to"),
    "proof_replayed": _proof("this DPoP proof was used before; make a new one for each request"),
    "status_uri_foreign": _not_valid_here,
    "status_index_invalid": _not_valid_here,
    "session_over": _over,
    "session_cut": _over,
    "scope_insufficient": _Face(
        403,
        "insufficient_scope",
        "the access token does not carry the scope this needs",
        lambda facts: " ".join(facts["required"]),
    ),
    "details_forbid": _Face(
        403, "insufficient_scope", "the authorization details of the access token do not cover this request"
    ),
    # whose budget it is and what is left of it would tell one agent what others of the same person spend
    "budget_spent": _Face(
        429,
        "budget_spent",
        "a budget has no room for this request until it renews",
        again_at=lambda facts: int(facts["renews_at_seconds"]),
    ),
    "cost_required": _later._replace(
        description="the resource names no cost in the currency of a budget; tell its operator"
    ),
    "keys_unavailable": _later,
    "status_unavailable": _later,
    "cuts_unavailable": _later,
    "introspection_unavailable": _later,
    "replay_store_unavailable": _later,
}


@dataclass(frozen=True)
class ChallengeContext:
    """What a resource tells of itself in its challenges."""

    realm: str = "resource"
    # both schemes are named then (RFC 9110 11.6.1), Bearer first
    bearer: bool = False
    # where its metadata is (RFC 9728 5.1)
    resource_metadata: str | None = None
    scopes: Sequence[str] = field(default_factory=tuple)
    # scopes that the operation needs, all of them: a caller steps up once
    needed: Sequence[str] | None = None
    # the nonce to use from now on (RFC 9449 9)
    nonce: str | None = None


_body_headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}


def refusal_reply(refusal: Refusal, context: ChallengeContext) -> Reply:
    """The answer to a refusal."""
    reply = _reply(refusal, context)
    if context.nonce is None:
        return reply
    # RFC 9449 8.2: a cached answer would give out an old nonce
    return replace(reply, headers={**reply.headers, "Cache-Control": "no-store", "DPoP-Nonce": context.nonce})


def _reply(refusal: Refusal, context: ChallengeContext) -> Reply:
    face = FACES[refusal.code]
    if face.error is None:
        scopes = context.scopes if context.needed is None else context.needed
        wanted = {"scope": " ".join(scopes)} if scopes else {}
        return Reply(face.status, {"WWW-Authenticate": _challenges(wanted, context)})
    told = face.description if isinstance(face.description, str) else face.description(refusal.facts)
    body = json.dumps({"error": face.error, "error_description": told}, separators=(",", ":"), ensure_ascii=False)
    # nothing is wrong with the request, so it gets no challenge
    if face.again_at is not None:
        again = http_date(face.again_at(refusal.facts))
        return Reply(face.status, {**_body_headers, "Retry-After": again}, body)
    if face.status == 503:
        return Reply(503, {**_body_headers, "Retry-After": str(RETRY_AFTER_SECONDS)}, body)
    parameters = {"error": face.error, "error_description": told}
    needed = " ".join(context.needed or ()) if face.scope is None else face.scope(refusal.facts)
    if needed and not face.about_proof:
        parameters["scope"] = needed
    challenge = _challenges(parameters, replace(context, bearer=context.bearer and not face.about_proof))
    return Reply(face.status, {**_body_headers, "WWW-Authenticate": challenge}, body)


def _quoted(value: str) -> str:
    # a quote or a control character could forge further parameters
    return '"' + re.sub(r'[^\x20-\x7e]|["\\]', "", value) + '"'


def _challenge(scheme: str, parameters: Mapping[str, str]) -> str:
    listed = ", ".join(f"{name}={_quoted(value)}" for name, value in parameters.items())
    return f"{scheme} {listed}".rstrip()


def _challenges(parameters: Mapping[str, str], context: ChallengeContext) -> str:
    every = dict(parameters)
    if context.resource_metadata is not None:
        every["resource_metadata"] = context.resource_metadata
    dpop = _challenge("DPoP", {**every, "algs": " ".join(DPOP_ALGORITHMS)})
    if not context.bearer:
        return dpop
    # RFC 6750 3: at least one parameter must follow the scheme
    return f"{_challenge('Bearer', every or {'realm': context.realm})}, {dpop}"
