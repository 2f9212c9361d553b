"""The verifier of one resource."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from .._base.clock import Clock, now_seconds
from .._base.flow import Ask, Flow
from .._base.limits import TOKEN_BYTES
from .._base.text import is_number, sha256
from .._details.check import DetailsCheck
from .._jose.dpop import Nonces, Proof, ProofRefused, Proved, verify_proof
from .._jose.jwt import JwtFailure, JwtRules, verify_jwt
from .budgets import budget_refusal
from .claims import ReadAccess, VerifiedAccess, read_access, read_claims
from .cuts import CutSource
from .issuer_keys import ACCESS, IssuerKeys
from .refused import Refused
from .replay import ReplayStore, UsedProof
from .status import ALGORITHMS, StatusSource


class PresentedRequest(NamedTuple):
    """A request as the resource server saw it; headers hold every value that came, so that none can be hidden."""

    method: str
    # built from what the server knows itself, never from Host or X-Forwarded-* (threat 9)
    url: str
    authorization: Sequence[str]
    dpop: Sequence[str]


# asks the issuer about a token; given the key that proved the request, where the token does not say it
Introspect = Callable[[str, "str | None"], Flow[Mapping[str, Any]]]


@dataclass(frozen=True)
class VerifierInput:
    """What a verifier is made from."""

    issuer: str
    resource: str
    clock: Clock
    details: DetailsCheck
    replay: ReplayStore
    algorithm: str | None = None
    fresh_seconds: float = math.inf
    nonces: Nonces | None = None
    accept_bearer: bool = False
    # asks about every request instead of reading lists; without it opaque handles are refused
    introspect: Introspect | None = None


class Unanswerable(Exception):
    """The issuer did not answer a question about a token; says why."""


class Verifier:
    """Checks requests to one resource, in this order:

    one credential, signature by a session key, typ, issuer, audience, time (RFC 9068 4), claims, proof by the bound key
    for this request and token (RFC 9449 7), first use of the proof, every detail can be read, the session still lives.
    """

    def __init__(self, given: VerifierInput) -> None:
        self._in = given
        keys = IssuerKeys(given.issuer, given.clock)
        self._lookup = keys.lookup(ACCESS)
        self._cuts = CutSource(given.issuer, keys, given.clock, given.fresh_seconds)
        self._status = StatusSource(given.issuer, keys, given.clock, given.fresh_seconds)

    def verify(self, request: PresentedRequest, asking: Introspect | None = None) -> Flow[VerifiedAccess]:
        """Checks one request.

        :param asking: asks about this request in the place of the verifier's own, as with what it can cost
        :raises Refused: saying why the request is refused
        """
        introspect = asking or self._in.introspect
        scheme, token = _presented(request, self._in.accept_bearer)
        if introspect is not None and _handle.fullmatch(token):
            return (yield from self._verify_handle(request, scheme, token, introspect))
        read = yield from self._read(token)
        if scheme == "Bearer":
            # a bound token sent as Bearer is a downgrade: a copy of it could be used without the key
            if read.jkt is not None:
                raise Refused("bearer_not_accepted")
        else:
            yield from self._check_proof(request, token, read.jkt)
        self._in.details.check_readable(read.access.details)
        if introspect is None:
            yield from self._alive_offline(read)
        else:
            answer = yield from _ask(introspect, token, None)
            if answer.get("jti") != read.access.token_id:
                raise Refused("introspection_unavailable", why="it answered for another token")
        return read.access

    def _read(self, token: str) -> Flow[ReadAccess]:
        algorithms = ALGORITHMS if self._in.algorithm is None else (self._in.algorithm,)
        required = ("sub", "client_id", "exp", "iat", "jti")
        now = now_seconds(self._in.clock)
        rules = JwtRules(ACCESS, algorithms, now, required, self._in.issuer, self._in.resource)
        try:
            claims = yield from verify_jwt(token, self._lookup, rules)
        except JwtFailure as failure:
            raise _token_refusal(failure) from None
        return read_access(claims, self._in.resource)

    def _check_proof(self, request: PresentedRequest, token: str, jkt: str | None) -> Flow[None]:
        # bound to no key, so a proof beside it proves nothing
        if jkt is None:
            raise Refused("claims_invalid", claim="cnf")
        proof = self._read_proof(request, token)
        if proof.jkt != jkt:
            raise Refused("proof_key_mismatch")
        yield from self._use(proof)

    def _read_proof(self, request: PresentedRequest, token: str) -> Proof:
        now = now_seconds(self._in.clock)
        try:
            proved = Proved(request.method, request.url, now, sha256(token), self._in.nonces)
            return verify_proof(request.dpop, proved)
        except ProofRefused as refused:
            raise Refused(refused.code, **refused.facts) from None

    def _use(self, proof: Proof) -> Flow[None]:
        used = UsedProof(proof.replay_key, proof.jkt, proof.expires_at_seconds)
        try:
            outcome = yield Ask(self._in.replay.use, (used, now_seconds(self._in.clock)))
        except Exception as cause:
            raise Refused("replay_store_unavailable", why=type(cause).__name__) from cause
        if outcome == "used":
            raise Refused("proof_replayed")
        if outcome != "first":
            raise Refused("replay_store_unavailable", why="too many proofs within their window")

    def _alive_offline(self, read: ReadAccess) -> Flow[None]:
        """Both are checked for every request. Of two refusals the final one is answered."""
        cut: Refused | None = None
        try:
            yield from self._cuts.check(read.issued_under)
        except Refused as refused:
            if refused.refusal.code == "session_cut":
                raise
            cut = refused
        yield from self._status.check(read.status_uri, read.status_index)
        if cut is not None:
            raise cut

    def _verify_handle(
        self, request: PresentedRequest, scheme: str, handle: str, introspect: Introspect
    ) -> Flow[VerifiedAccess]:
        """The proof comes first: the issuer may count the question as a use, and what fails anyway must not cost one."""
        proof = self._read_proof(request, handle) if scheme == "DPoP" else None
        if proof is not None:
            yield from self._use(proof)
        jkt = proof.jkt if proof else None
        try:
            answer = yield from _ask(introspect, handle, jkt)
        except Refused as refused:
            if proof is not None and refused.refusal.code == "session_over":
                yield from self._forget(proof)
            raise
        exp = answer.get("exp")
        if answer.get("iss") != self._in.issuer or answer.get("aud") != self._in.resource:
            raise Refused("introspection_unavailable", why="it answered for another issuer or resource")
        if not is_number(exp) or exp <= now_seconds(self._in.clock):
            raise Refused("introspection_unavailable", why="it called an expired token active")
        read = read_claims(answer, self._in.resource)
        self._in.details.check_readable(read.access.details)
        # the issuer compares the keys too; a resource that did not would accept a stolen handle from any key
        if read.jkt != jkt:
            raise Refused("bearer_not_accepted" if scheme == "Bearer" else "proof_key_mismatch")
        return read.access

    def _forget(self, proof: Proof) -> Flow[None]:
        """Keys and tokens made up on the spot would fill the store, and a full store refuses everybody."""
        try:
            yield Ask(self._in.replay.forget, (UsedProof(proof.replay_key, proof.jkt, proof.expires_at_seconds),))
        except Exception:
            # it is forgotten when its generation is dropped
            return


def _ask(introspect: Introspect, token: str, jkt: str | None) -> Flow[Mapping[str, Any]]:
    try:
        answer = yield from introspect(token, jkt)
    except Unanswerable as unanswerable:
        raise Refused("introspection_unavailable", why=str(unanswerable)) from None
    if answer.get("active") is not True:
        raise budget_refusal(answer) or Refused("session_over", by="introspection")
    return answer


def _token_refusal(failure: JwtFailure) -> Refused:
    if failure.why == "expired":
        return Refused("token_expired", expired_at_seconds=failure.expired_at_seconds)
    if failure.why == "keys_unavailable":
        return Refused("keys_unavailable", why=failure.detail)
    return Refused("token_invalid", why=str(failure))


# an access token that is a handle: after the prefix it carries nothing that its holder could read
_handle = re.compile(r"lya_[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}")
# one scheme, one blank and one token68 (RFC 9110 11.2)
_credentials = re.compile(r"([A-Za-z]+) ([A-Za-z0-9._~+/-]+=*)")


def _presented(request: PresentedRequest, accept_bearer: bool) -> tuple[str, str]:
    """The token and its scheme (RFC 9449 7.1, RFC 6750 2.1). Tokens in the query or the body are never read."""
    if not request.authorization:
        raise Refused("credentials_missing")
    header, *others = request.authorization
    if others:
        raise Refused("credentials_malformed", why="there are several Authorization headers")
    if len(header) > TOKEN_BYTES + 16:
        raise Refused("token_invalid", why="larger than any token of ours")
    found = _credentials.fullmatch(header)
    bearer = re.match(r"bearer(?: |\Z)", header, re.IGNORECASE) is not None
    if bearer and not accept_bearer:
        raise Refused("bearer_not_accepted")
    if found is None or (not bearer and found[1].lower() != "dpop"):
        raise Refused("credentials_malformed", why="the Authorization header is not one scheme and one token")
    # with a proof beside a bearer token, it is unclear which of the two the caller relies on
    if bearer and request.dpop:
        raise Refused("credentials_malformed", why="a proof goes with the DPoP scheme")
    return ("Bearer" if bearer else "DPoP"), found[2]
