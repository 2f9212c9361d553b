"""JWTs (RFC 7519), verified in an order in which cheap checks come first."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from .._base.flow import Flow
from .._base.limits import CLAIMS_DEPTH, JSON_DEPTH, TOKEN_BYTES
from .._base.text import bytes_of_b64url, is_number, is_object, length, parse_json
from .keys import Verify


class Jws(NamedTuple):
    """The parts of a compact JWS, none of them verified."""

    header: Mapping[str, Any]
    payload: Mapping[str, Any]
    signed: bytes
    signature: bytes


class JwtFailure(Exception):
    """Why a JWT is refused."""

    def __init__(self, why: str, detail: str, expired_at_seconds: float = 0) -> None:
        super().__init__(f"{why}: {detail}")
        self.why = why
        self.detail = detail
        self.expired_at_seconds = expired_at_seconds


def parse_jws(token: str, max_bytes: int) -> Jws | None:
    """Splits a compact JWS (RFC 7515 7.1).

    Exactly three segments in canonical base64url, valid UTF-8, JSON objects without repeated members or deep nesting;
    None for anything else.
    """
    if len(token) > max_bytes or token.count(".") != 2 or not token.isascii():
        return None
    head, body, tail = token.split(".")
    signature = bytes_of_b64url(tail)
    header, payload = _object_in(head, JSON_DEPTH), _object_in(body, CLAIMS_DEPTH)
    if signature is None or header is None or payload is None:
        return None
    return Jws(header, payload, f"{head}.{body}".encode("ascii"), signature)


def _object_in(encoded: str, depth_max: int) -> Mapping[str, Any] | None:
    data = bytes_of_b64url(encoded)
    try:
        value = None if data is None else parse_json(data.decode("utf-8"), depth_max)
    except ValueError:
        return None
    return value if is_object(value) else None


# finds the key that a header names, never in the token itself
KeyLookup = Callable[[str, "str | None"], Flow[Verify]]


@dataclass(frozen=True)
class JwtRules:
    """The rules a JWT of this issuer must satisfy."""

    typ: str
    algorithms: tuple[str, ...]
    now_seconds: int
    required: tuple[str, ...]
    issuer: str | None = None
    audience: str | None = None
    max_bytes: int = TOKEN_BYTES


# members that carry keys, change what is signed, or change how the payload is read (RFC 7515 4.1, RFC 7797, RFC 8725 3.10)
_forbidden = frozenset(("jwk", "jku", "x5c", "x5u", "crit", "b64", "zip", "enc", "cty"))
# 9999-12-31: a later time is in milliseconds, or wrong
_last_second = 253_402_300_799
# an `iat` up to ten seconds in the future is accepted, since a server's clock may lag; `exp` gets no skew
_lag_seconds = 10
_printable = re.compile(r"[\x20-\x7e]+")


def verify_jwt(token: str, key_for: KeyLookup, rules: JwtRules) -> Flow[Mapping[str, Any]]:
    """Verifies a JWT and returns its claims. Before its signature was verified nothing happens but a bounded fetch of keys.

    :raises JwtFailure: the first thing that is wrong
    """
    if len(token) > rules.max_bytes:
        raise JwtFailure("too_large", f"more than {rules.max_bytes} bytes")
    parts = parse_jws(token, rules.max_bytes)
    if parts is None:
        raise JwtFailure("malformed", "not a compact JWS over a JSON object")
    alg, kid = _header(parts.header, rules)
    verify = yield from key_for(alg, kid)
    if not verify(parts.signed, parts.signature):
        raise JwtFailure("signature", "the signature does not verify with the key it names")
    _check_claims(parts.payload, rules)
    return parts.payload


def _header(header: Mapping[str, Any], rules: JwtRules) -> tuple[str, str | None]:
    alg, kid, typ = header.get("alg"), header.get("kid"), header.get("typ")
    if not isinstance(alg, str) or alg not in rules.algorithms:
        raise JwtFailure("alg", "algorithm is not accepted")
    # RFC 7515 4.1.9: `application/` may be left out, case does not matter
    if not isinstance(typ, str) or typ.lower().removeprefix("application/") != rules.typ:
        raise JwtFailure("typ", "this is another kind of token")
    if "kid" in header and (not isinstance(kid, str) or kid == "" or length(kid) > 256):
        raise JwtFailure("header", "kid is not a short string")
    if _forbidden & header.keys():
        raise JwtFailure("header", "a header member is not accepted")
    return alg, kid


def _check_claims(claims: Mapping[str, Any], rules: JwtRules) -> None:
    for name in rules.required:
        if claims.get(name) is None:
            raise JwtFailure("claim", f"{name} is missing")
    # RFC 8414 2, simple string comparison: after normalization two issuers could look like one
    if rules.issuer is not None and claims.get("iss") != rules.issuer:
        raise JwtFailure("issuer", "iss is not the expected issuer")
    if rules.audience is not None:
        _check_audience(claims.get("aud"), rules.audience)
    sub, jti = claims.get("sub"), claims.get("jti")
    if "sub" in claims and not _is_subject(sub):
        raise JwtFailure("claim", "sub is not printable ASCII of sane length")
    if "jti" in claims and not (isinstance(jti, str) and 1 <= length(jti) <= 256):
        raise JwtFailure("claim", "jti is not a string of 1 to 256 characters")
    _check_times(claims, rules.now_seconds)


def _check_audience(aud: object, wanted: str) -> None:
    only = aud[0] if isinstance(aud, list) and len(aud) == 1 else aud
    # a token for several audiences could be replayed here by any of the others
    if not isinstance(only, str) or only == "":
        raise JwtFailure("audience", "aud must name exactly one audience")
    if only != wanted:
        raise JwtFailure("audience", "aud is for somebody else")


def _is_subject(sub: object) -> bool:
    return (
        isinstance(sub, str)
        and len(sub) <= 1024
        and _printable.fullmatch(sub) is not None
        and sub not in ("__proto__", "constructor", "prototype")
    )


def _check_times(claims: Mapping[str, Any], now: int) -> None:
    times: dict[str, float | None] = {}
    for name in ("exp", "nbf", "iat"):
        value = claims.get(name)
        absent = name not in claims or (name == "nbf" and value is None)
        # 1e400 is read as infinity: a token that never ends
        if not absent and not (is_number(value) and 0 <= value <= _last_second):
            raise JwtFailure("claim", f"{name} is not a date in seconds")
        times[name] = None if absent else value
    exp, nbf, iat = times["exp"], times["nbf"], times["iat"]
    if exp is not None and exp <= now:
        raise JwtFailure("expired", "exp has passed", exp)
    for name, start in (("nbf", nbf), ("iat", iat)):
        if start is not None and start > now + _lag_seconds:
            raise JwtFailure("not_yet_valid", f"{name} is in the future")
    if exp is not None and exp <= max(-1 if nbf is None else nbf, -1 if iat is None else iat):
        raise JwtFailure("claim", "exp lies before nbf or iat")
