"""DPoP proofs (RFC 9449): checked at a resource, made by an agent; and the nonces of a server."""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._base.clock import Clock, now_seconds
from .._base.limits import DPOP_PROOF_BYTES, DPOP_WINDOW_SECONDS
from .._base.text import bytes_of_b64url, hmac_sha256, is_number, is_same_secret, length, sha256, utf8
from .._base.urls import same_url
from .jwt import parse_jws
from .keys import import_key, public_jwk_for, thumbprint

# algorithms a caller's key may use (RFC 9449 5.1)
DPOP_ALGORITHMS = ("ES256", "ES384", "Ed25519", "EdDSA", "RS256", "PS256")


class Nonces:
    """Nonces for the proofs of a resource's callers (RFC 9449 9): each valid in its minute and the next, none stored.

    :param resource: the server that gives them out; a nonce of one server is never accepted by another
    :param secret: at least 32 bytes, the same in every process of the resource (also in those that run the TypeScript
        package); a new one for this process when left out
    :raises ValueError: for a shorter secret
    """

    def __init__(self, resource: str, secret: bytes | None = None, clock: Clock | None = None) -> None:
        self._secret = secrets.token_bytes(32) if secret is None else secret
        if len(self._secret) < 32:
            raise ValueError("the secret of nonces needs at least 32 bytes")
        self._server = resource
        self._clock = clock or Clock()

    def _of(self, minute: int) -> str:
        key = bytes_of_b64url(hmac_sha256(self._secret, f"minute {minute}")) or b""
        return f"{minute}." + hmac_sha256(key, f"lanyard-dpop-nonce\0{self._server}\0{minute}")

    def current(self) -> str:
        """The nonce to give out now."""
        return self._of(now_seconds(self._clock) // 60)

    def accepts(self, nonce: object) -> bool:
        """Whether a proof may carry it: of this minute or the previous one."""
        found = re.fullmatch(r"([1-9][0-9]{0,9})\.([A-Za-z0-9_-]{43})", nonce) if isinstance(nonce, str) else None
        now = now_seconds(self._clock)
        # an instance whose clock runs ahead may have given out the next minute's
        if found is None or not now // 60 - 1 <= int(found[1]) <= (now + 5) // 60:
            return False
        return is_same_secret(found[0], self._of(int(found[1])))


class ProofRefused(Exception):
    """A proof is missing, wrong, or lacks a nonce: ``code`` of the refusal and its facts."""

    def __init__(self, code: str, **facts: str) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


@dataclass(frozen=True)
class Proof:
    """A proof that was verified."""

    # RFC 7638 thumbprint of the caller's key
    jkt: str
    # by which it is remembered as used, and until when
    replay_key: str
    expires_at_seconds: int


@dataclass(frozen=True)
class Proved:
    """What a proof must be for."""

    method: str
    # query and fragment are not compared
    url: str
    now_seconds: int
    # SHA-256 of the access token beside it (RFC 9449 4.2)
    ath: str
    nonces: Nonces | None = None


def verify_proof(proofs: Sequence[str], proved: Proved) -> Proof:
    """Verifies the one DPoP proof of a request (RFC 9449 4.3). It must then be used up (threat 9).

    :raises ProofRefused: ``proof_missing``, ``proof_invalid``, ``proof_nonce_required``
    """
    if len(proofs) == 0:
        raise ProofRefused("proof_missing")
    if len(proofs) > 1:
        raise _invalid("send exactly one proof")
    parts = parse_jws(proofs[0], DPOP_PROOF_BYTES)
    if parts is None:
        raise _invalid("not a compact JWS, or too large")
    alg, jwk = _key_of(parts.header)
    verify = import_key(alg, jwk)
    if verify is None or not verify(parts.signed, parts.signature):
        raise _invalid("the signature does not verify with the key in it")
    jti, iat = _check_claims(parts.payload, proved)
    nonce = parts.payload.get("nonce")
    # last, so that only a caller that holds a key is told to come back with a nonce
    if proved.nonces is not None and not proved.nonces.accepts(nonce):
        sent = "none" if "nonce" not in parts.payload else "old_or_foreign"
        raise ProofRefused("proof_nonce_required", sent=sent)
    jkt = thumbprint(jwk)
    name = "".join(f"{len(utf8(part))}:{part}" for part in ("dpop", jkt, jti))
    return Proof(jkt, sha256(name), math.ceil(iat) + 2 * DPOP_WINDOW_SECONDS)


def _invalid(why: str) -> ProofRefused:
    return ProofRefused("proof_invalid", why=why)


def _key_of(header: Mapping[str, Any]) -> tuple[str, Mapping[str, str]]:
    alg = header.get("alg")
    if header.get("typ") != "dpop+jwt":
        raise _invalid("typ must be dpop+jwt")
    if not isinstance(alg, str) or alg not in DPOP_ALGORITHMS:
        raise _invalid(f"alg must be one of {', '.join(DPOP_ALGORITHMS)}")
    if "crit" in header or "b64" in header:
        raise _invalid("extensions are not accepted")
    jwk = public_jwk_for(alg, header.get("jwk"))
    if jwk is None:
        raise _invalid("jwk must be a public key that fits alg")
    return alg, jwk


def _check_claims(claims: Mapping[str, Any], proved: Proved) -> tuple[str, float]:
    jti, htu, iat, ath = (claims.get(name) for name in ("jti", "htu", "iat", "ath"))
    now, window = proved.now_seconds, DPOP_WINDOW_SECONDS
    if not isinstance(jti, str) or not 1 <= length(jti) <= 256:
        raise _invalid("jti must be a short string")
    if claims.get("htm") != proved.method:
        raise _invalid("htm is not the method of this request")
    # a claim that is not a URI (RFC 3986 2) is refused and not repaired
    if not isinstance(htu, str) or not re.fullmatch(r"[\x21-\x7e]+", htu) or not same_url(htu, proved.url):
        raise _invalid("htu is not the URL of this request")
    if not is_number(iat) or not abs(now - iat) <= window:
        raise _invalid(f"iat must be within {window} s of now")
    if "exp" in claims and not (is_number(claims["exp"]) and claims["exp"] > now):
        raise _invalid("exp has passed")
    if "nbf" in claims and not (is_number(claims["nbf"]) and claims["nbf"] <= now + window):
        raise _invalid("nbf is in the future")
    if not isinstance(ath, str) or not is_same_secret(ath, proved.ath):
        raise _invalid("ath is not the hash of this access token")
    return jti, iat
