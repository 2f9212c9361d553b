"""What a resource server may rely on, read from an access token's claims or from the issuer's answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from .._base.limits import AGENT_ID_CHARACTERS, DEPTH_MAX
from .._base.text import is_count, is_name, is_number, is_object
from .refused import Refused

ASSURANCES = ("document", "audience", "fresh", "measured")
# characters of a subject's name in the document of cuts: 132 bits of SHA-256
CUT_NAME_CHARACTERS = 22


@dataclass(frozen=True)
class Principal:
    """Who started the work."""

    #: A person's stable id, or the agent itself.
    id: str
    kind: Literal["person", "agent"]
    #: RFC 9493 pair of issuer and subject, where this resource's registration asks for it.
    sub_id: tuple[str, str] | None = None


@dataclass(frozen=True)
class VerifiedAccess:
    """What a resource server may rely on: every field was signed by the issuer, and the caller proved the key."""

    principal: Principal
    #: SPIFFE ID of the agent that calls now.
    agent: str
    resource: str
    scopes: tuple[str, ...]
    #: RFC 9396 details: they restrict the scopes. Check them by ``Authenticated.permits``.
    details: tuple[Mapping[str, Any], ...]
    depth: int
    assurance: str
    sid: str
    root: str
    token_id: str
    #: False for a bearer token: anybody with a copy of it may be the caller.
    sender_constrained: bool
    expires_at_seconds: float
    #: Agents the work went through before, latest first: for the log, never a reason to permit (RFC 8693 4.1).
    history: tuple[str, ...]


class IssuedUnder(NamedTuple):
    """What a token was issued under: liveness subjects with their epochs, others by their names in the document of cuts."""

    epochs: tuple[tuple[str, int], ...]
    others: tuple[tuple[str, int], ...]


class ReadAccess(NamedTuple):
    """A token that was read, with what only the verifier needs."""

    access: VerifiedAccess
    # thumbprint of the key it is bound to; None for a bearer token
    jkt: str | None
    status_uri: str = ""
    status_index: object = None
    issued_under: IssuedUnder | None = None


def _bad(claim: str) -> Refused:
    return Refused("claims_invalid", claim=claim)


def read_access(claims: Mapping[str, Any], resource: str) -> ReadAccess:
    """Reads the claims of a token whose signature, issuer, audience and times were checked.

    :raises Refused: ``claims_invalid`` naming the first claim that is missing or malformed
    """
    read = read_claims(claims, resource)
    status = claims.get("status")
    reference = status.get("status_list") if is_object(status) else None
    uri = reference.get("uri") if is_object(reference) else None
    if not is_object(reference) or not is_name(uri, 2_048):
        raise _bad("status")
    under = _issued_under(claims, read.access)
    return read._replace(status_uri=uri, status_index=reference.get("idx"), issued_under=under)


def _is_cut_name(value: object) -> bool:
    return is_name(value, CUT_NAME_CHARACTERS) and len(value) == CUT_NAME_CHARACTERS


def _is_named_epoch(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and _is_cut_name(value[0]) and is_count(value[1])


def _issued_under(claims: Mapping[str, Any], access: VerifiedAccess) -> IssuedUnder | None:
    """Read completely or refused: an epoch compared with another subject's would let a cut token pass."""
    epochs, others, login = claims.get("epochs"), claims.get("others", []), claims.get("login", [])
    if not isinstance(others, list) or len(others) > 2 * (DEPTH_MAX + 1) or not all(map(_is_named_epoch, others)):
        raise _bad("others")
    if "epochs" not in claims:
        if others:
            raise _bad("epochs")
        return None
    if not isinstance(login, list) or len(login) > 2 or not all(map(_is_cut_name, login)):
        raise _bad("login")
    actors = [*reversed(access.history), access.agent]
    named = ["deployment", f"principal:{access.principal.id}", *(f"agent:{a}" for a in actors)]
    named += [f"login:{name}" for name in login]
    if not isinstance(epochs, list) or len(epochs) != len(named) or not all(map(is_count, epochs)):
        raise _bad("epochs")
    return IssuedUnder(
        tuple((subject, int(epoch)) for subject, epoch in zip(named, epochs, strict=True)),
        tuple((name, int(epoch)) for name, epoch in others),
    )


def read_claims(claims: Mapping[str, Any], resource: str) -> ReadAccess:
    """Reads what an access token says.

    :raises Refused: ``claims_invalid``
    """
    sub, agent, scope, exp = claims.get("sub"), claims.get("client_id"), claims.get("scope", ""), claims.get("exp")
    details = claims.get("authorization_details")
    details = [] if details is None else details
    for name, most in (("sub", 256), ("client_id", AGENT_ID_CHARACTERS), ("sid", 64), ("root", 64), ("jti", 256)):
        if not is_name(claims.get(name), most):
            raise _bad(name)
    if not is_name(sub, 256) or not is_name(agent, AGENT_ID_CHARACTERS):
        raise _bad("sub")
    if not is_number(exp):
        raise _bad("exp")
    depth = claims.get("depth")
    if not is_count(depth) or depth > DEPTH_MAX:
        raise _bad("depth")
    if claims.get("assurance") not in ASSURANCES:
        raise _bad("assurance")
    if not isinstance(scope, str):
        raise _bad("scope")
    if not isinstance(details, list) or not all(is_object(d) and is_name(d.get("type"), 256) for d in details):
        raise _bad("authorization_details")
    jkt = _bound_key(claims)
    kind: Literal["person", "agent"] = "agent" if sub.startswith("spiffe://") else "person"
    history = _history(claims, kind, sub, agent)
    access = VerifiedAccess(
        principal=Principal(sub, kind, _pair(claims)),
        agent=agent,
        resource=resource,
        scopes=tuple(name for name in scope.split(" ") if name),
        details=tuple(details),
        depth=int(depth),
        assurance=claims["assurance"],
        sid=claims["sid"],
        root=claims["root"],
        token_id=claims["jti"],
        sender_constrained=jkt is not None,
        expires_at_seconds=exp,
        history=history,
    )
    return ReadAccess(access, jkt)


def _bound_key(claims: Mapping[str, Any]) -> str | None:
    """Without ``cnf`` it is a bearer token; with it, it must name a key (threat 9)."""
    if "cnf" not in claims:
        return None
    cnf = claims["cnf"]
    jkt = cnf.get("jkt") if is_object(cnf) else None
    if not is_name(jkt, 43):
        raise _bad("cnf")
    return jkt


def _history(claims: Mapping[str, Any], kind: str, sub: str, agent: str) -> tuple[str, ...]:
    """The outermost actor must be the client itself, or the token would name two current agents."""
    chain: list[str] = []
    holder = claims
    while "act" in holder:
        level = holder["act"]
        if not is_object(level) or not is_name(level.get("sub"), AGENT_ID_CHARACTERS) or len(chain) > DEPTH_MAX:
            raise _bad("act")
        chain.append(level["sub"])
        holder = level
    whole = [*chain, sub] if kind == "agent" else chain
    if not whole or whole[0] != agent:
        raise _bad("act")
    return tuple(whole[1:])


def _pair(claims: Mapping[str, Any]) -> tuple[str, str] | None:
    if "sub_id" not in claims:
        return None
    value = claims["sub_id"]
    if not is_object(value) or value.get("format") != "iss_sub":
        raise _bad("sub_id")
    iss, sub = value.get("iss"), value.get("sub")
    if not isinstance(iss, str) or not isinstance(sub, str):
        raise _bad("sub_id")
    return iss, sub
