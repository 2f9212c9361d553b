"""Public keys of strangers, each for exactly one algorithm."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from .._base.text import b64url, bytes_of_b64url, is_object

Verify = Callable[[bytes, bytes], bool]


@dataclass(frozen=True)
class _Shape:
    kty: str
    crv: str | None
    members: tuple[str, ...]
    # of each member and of half a signature, where a curve gives them
    size: int | None


_p256 = _Shape("EC", "P-256", ("x", "y"), 32)
_p384 = _Shape("EC", "P-384", ("x", "y"), 48)
_ed25519 = _Shape("OKP", "Ed25519", ("x",), 32)
_rsa = _Shape("RSA", None, ("n", "e"), None)
# RFC 7518 3.1, RFC 8037 3.1, RFC 9864 2.2: each algorithm has one kind of key
_shapes = {"ES256": _p256, "ES384": _p384, "Ed25519": _ed25519, "EdDSA": _ed25519, "RS256": _rsa, "PS256": _rsa}
# RFC 7518 6: whoever publishes one has leaked a private key, or wants HMAC with public material
_private = frozenset(("d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"))


def public_jwk_for(alg: str, value: object) -> dict[str, str] | None:
    """Reads a stranger's JWK (RFC 7517) as a public key for exactly one algorithm (RFC 8725 3.1).

    Returns a fresh JWK with only the members of the key; None for anything else.
    """
    shape = _shapes.get(alg)
    if shape is None or not is_object(value) or _private & value.keys():
        return None
    ops = value.get("key_ops")
    if value.get("kty") != shape.kty or (shape.crv is not None and value.get("crv") != shape.crv):
        return None
    if "alg" in value and value["alg"] != alg or "use" in value and value["use"] != "sig":
        return None
    if "key_ops" in value and not (isinstance(ops, list) and "verify" in ops):
        return None
    clean = {"kty": shape.kty, **({"crv": shape.crv} if shape.crv else {})}
    for member in shape.members:
        part = value.get(member)
        data = bytes_of_b64url(part) if isinstance(part, str) and len(part) <= 1024 else None
        if data is None or (shape.size is not None and len(data) != shape.size):
            return None
        clean[member] = str(part)
    if shape is _rsa and not _is_fit(_integer(clean["n"]), _integer(clean["e"])):
        return None
    return clean


def _integer(part: str) -> int:
    return int.from_bytes(bytes_of_b64url(part) or b"", "big")


_primes = [p for p in range(3, 168) if all(p % q for q in range(2, p))]
_product = math.prod(_primes)
_powers = {p: {pow(65_537, n, p) for n in range(p)} for p in _primes}


def _is_fit(modulus: int, exponent: int) -> bool:
    """Whether signatures by an RSA key can be trusted (FIPS 186-5 5.1, A.1.1; RFC 7518 3.3).

    2048 to 8192 bits and an odd exponent above 2^16: with exponent 1 anybody can sign. Keys of the Infineon library
    (ROCA, CVE-2017-15361) can be factored; all are powers of 65537 modulo every small prime.
    """
    if not 2_048 <= modulus.bit_length() <= 8_192 or modulus % 2 == 0:
        return False
    if not 65_536 < exponent < 1 << 256 or exponent % 2 == 0:
        return False
    residue = modulus % _product
    return any(residue % p not in _powers[p] for p in _primes)


def thumbprint(jwk: Mapping[str, str]) -> str:
    """RFC 7638 thumbprint of a key that :func:`public_jwk_for` read."""
    names = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}[jwk["kty"]]
    text = ",".join(f'"{name}":"{jwk[name]}"' for name in names)
    return b64url(hashlib.sha256(f"{{{text}}}".encode("ascii")).digest())


def import_key(alg: str, jwk: Mapping[str, str]) -> Verify | None:
    """What verifies signatures of a key by one algorithm; None for a key that does not fit, such as a point off the curve."""
    try:
        if jwk["kty"] == "EC":
            return _ec(alg, jwk)
        if jwk["kty"] == "RSA":
            return _rsa_key(alg, jwk)
        key = ed25519.Ed25519PublicKey.from_public_bytes(bytes_of_b64url(jwk["x"]) or b"")
    except (ValueError, UnsupportedAlgorithm):
        return None
    return lambda signed, signature: len(signature) == 64 and _holds(lambda: key.verify(signature, signed))


def _ec(alg: str, jwk: Mapping[str, str]) -> Verify:
    curve: ec.EllipticCurve = ec.SECP256R1() if alg == "ES256" else ec.SECP384R1()
    digest: hashes.HashAlgorithm = hashes.SHA256() if alg == "ES256" else hashes.SHA384()
    half = 32 if alg == "ES256" else 48
    key = ec.EllipticCurvePublicNumbers(_integer(jwk["x"]), _integer(jwk["y"]), curve).public_key()

    def verify(signed: bytes, signature: bytes) -> bool:
        # r and s of fixed length: DER from a stranger has many spellings of one signature
        if len(signature) != 2 * half:
            return False
        r, s = (int.from_bytes(signature[at : at + half], "big") for at in (0, half))
        return _holds(lambda: key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(digest)))

    return verify


def _rsa_key(alg: str, jwk: Mapping[str, str]) -> Verify:
    key = rsa.RSAPublicNumbers(_integer(jwk["e"]), _integer(jwk["n"])).public_key()
    size = (key.key_size + 7) // 8
    # a PSS salt as long as the digest (RFC 7518 3.5), and no other
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
    pad: padding.AsymmetricPadding = pss if alg == "PS256" else padding.PKCS1v15()

    def verify(signed: bytes, signature: bytes) -> bool:
        return len(signature) == size and _holds(lambda: key.verify(signature, signed, pad, hashes.SHA256()))

    return verify


def _holds(check: Callable[[], Any]) -> bool:
    try:
        check()
    except (InvalidSignature, ValueError):
        return False
    return True
