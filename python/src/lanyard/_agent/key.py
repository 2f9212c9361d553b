"""The key an agent's tokens are bound to, and the proofs it makes."""

from __future__ import annotations

import json
import re
import secrets

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from .._base.text import b64url, sha256
from .._base.urls import origin_of
from .._jose.keys import thumbprint


def _part(value: object) -> str:
    return b64url(json.dumps(value, separators=(",", ":")).encode("utf-8"))


class AgentKey:
    """A P-256 key that exists as long as the process, unless one that is kept elsewhere is given."""

    def __init__(self, private: ec.EllipticCurvePrivateKey | None = None) -> None:
        self._private = private or ec.generate_private_key(ec.SECP256R1())
        public = self._private.public_key()
        if not isinstance(public.curve, ec.SECP256R1):
            raise TypeError("an agent's key is a P-256 key")
        numbers = public.public_numbers()
        x, y = (b64url(value.to_bytes(32, "big")) for value in (numbers.x, numbers.y))
        self._jwk = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
        #: RFC 7638 thumbprint.
        self.jkt = thumbprint(self._jwk)
        #: The public half as SPKI in DER.
        encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        self.spki = public.public_bytes(encoding, form)

    def __repr__(self) -> str:
        return f"AgentKey({self.jkt})"

    def prove(self, method: str, url: str, now: int, *, token: str | None = None, nonce: str | None = None) -> str:
        """A DPoP proof (RFC 9449 4.2) for exactly one request.

        :param url: that is called; query and fragment are left out of the proof
        :param token: at a resource, the access token that goes with the request
        :param nonce: given by the server
        """
        claims: dict[str, object] = {
            "jti": b64url(secrets.token_bytes(16)),
            "htm": method.upper(),
            "htu": _htu(url),
            "iat": now,
            **({} if token is None else {"ath": sha256(token)}),
            **({} if nonce is None else {"nonce": nonce}),
        }
        header = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self._jwk}
        signed = f"{_part(header)}.{_part(claims)}"
        r, s = decode_dss_signature(self._private.sign(signed.encode("ascii"), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{b64url(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def _htu(url: str) -> str:
    path = httpx.URL(url).raw_path.decode("ascii").split("?", 1)[0]
    return origin_of(url) + path


# RFC 9449 8.1; a longer text is refused, since it would burden every further request
_nonce = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,512}")
_servers_held = 100


class NonceMemory:
    """The newest nonce each server gave out (RFC 9449 8.2), by origin: one of a server is never sent to another."""

    def __init__(self) -> None:
        self._held: dict[str, str] = {}

    def of(self, url: str) -> str | None:
        """The nonce for the next proof to that server."""
        return self._held.get(origin_of(url))

    def note(self, url: str, headers: httpx.Headers) -> str | None:
        """Remembers an answer's nonce, and returns it; None when it carries none."""
        nonce: str | None = headers.get("dpop-nonce")
        if nonce is None or not _nonce.fullmatch(nonce):
            return None
        origin = origin_of(url)
        self._held.pop(origin, None)
        self._held[origin] = nonce
        while len(self._held) > _servers_held:
            self._held.pop(next(iter(self._held)), None)
        return nonce
