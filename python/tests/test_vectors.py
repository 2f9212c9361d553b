"""Published vectors, by the reader that requests go through: Wycheproof's keys and signatures, proofs, lists, JWT attacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from cases import FixedClock
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import load_der_public_key

from lanyard import AccessError, ResourceServer
from lanyard._base.text import b64url, sha256
from lanyard._jose.dpop import Proof, ProofRefused, Proved, verify_proof
from lanyard._jose.keys import import_key, public_jwk_for
from lanyard._verify.fresh import Unusable
from lanyard._verify.status import decode_status_list, status_at

VECTORS = Path(__file__).resolve().parents[2] / "test" / "vectors"


def read(path: str) -> Any:
    return json.loads((VECTORS / path).read_text("utf-8"))


def jws_of_der(der: bytes) -> bytes | None:
    """r and s of exactly the encoding that a strict reader of DER takes; None for any other."""
    try:
        if der[0] != 0x30 or der[1] != len(der) - 2 or der[1] > 127:
            return None
        r_size, s_size = der[3], der[5 + der[3]]
        r, s = der[4 : 4 + r_size], der[6 + r_size :]
        if der[2] != 2 or der[4 + r_size] != 2 or len(s) != s_size:
            return None
        plain = [part.removeprefix(b"\0") for part in (r, s)]
        if any(len(part) > 32 or part[0] > 127 for part in (r, s) if len(part) < 33 and part[0] > 127):
            return None
        return b"".join(part.rjust(32, b"\0") for part in plain) if max(map(len, plain)) <= 32 else None
    except IndexError:
        return None


@pytest.mark.parametrize("group", read("wycheproof-ecdsa/ecdsa_secp256r1_sha256_test.json")["testGroups"])
def test_es256_wycheproof(group: Any) -> None:
    point = bytes.fromhex(group["publicKey"]["uncompressed"])
    jwk = public_jwk_for("ES256", {"kty": "EC", "crv": "P-256", "x": b64url(point[1:33]), "y": b64url(point[33:])})
    assert jwk is not None
    verify = import_key("ES256", jwk)
    assert verify is not None
    for case in group["tests"]:
        signature = jws_of_der(bytes.fromhex(case["sig"]))
        holds = signature is not None and verify(bytes.fromhex(case["msg"]), signature)
        if holds:
            assert case["result"] != "invalid" or "r and s" in case["comment"], case
        elif case["result"] == "valid":
            assert signature is None or max(len(signature), 64) != 64, case


def vars_of(numbers: RSAPublicNumbers) -> list[tuple[str, int]]:
    return [("n", numbers.n), ("e", numbers.e)]


@pytest.mark.parametrize(
    ("alg", "path"),
    [
        ("RS256", "wycheproof-signatures/rsa_signature_2048_sha256_test.json"),
        ("PS256", "wycheproof-signatures/rsa_pss_2048_sha256_mgf1_32_test.json"),
    ],
)
def test_rsa_wycheproof(alg: str, path: str) -> None:
    tried = 0
    for group in read(path)["testGroups"]:
        key = load_der_public_key(bytes.fromhex(group["publicKeyDer"]))
        assert isinstance(key, RSAPublicKey)
        numbers = key.public_numbers()
        parts = {name: b64url(value.to_bytes((value.bit_length() + 7) // 8, "big")) for name, value in vars_of(numbers)}
        public = public_jwk_for(alg, {"kty": "RSA", **parts})
        if public is None:
            # exponents that we refuse
            assert numbers.e < 65_537
            continue
        verify = import_key(alg, public)
        assert verify is not None
        for case in group["tests"]:
            tried += 1
            holds = verify(bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
            assert case["result"] == "acceptable" or holds == (case["result"] == "valid"), case
    assert tried > 50


PROOFS = read("dpop/dpop-cases.json")


@pytest.mark.parametrize("case", PROOFS["cases"], ids=[case["name"] for case in PROOFS["cases"]])
def test_dpop_cases(case: Any) -> None:
    proved = Proved(PROOFS["method"], case.get("request_url", PROOFS["url"]), PROOFS["now"], sha256(PROOFS["access_token"]))
    outcome: Proof | ProofRefused
    try:
        outcome = verify_proof([case["proof"]] if case["proof"] else [], proved)
    except ProofRefused as refused:
        outcome = refused
    # what a proof by itself cannot tell: nonces nobody asked for, whose key it is, whether it was seen, the scheme
    beside = {"nonce-missing-when-required", "nonce-wrong", "jkt-mismatch", "replay", "bearer-scheme-with-bound-token"}
    wanted = case["expected"].startswith(("valid", "either", "ignore")) or case["name"] in beside
    assert isinstance(outcome, Proof) == wanted, case["why"]
    if isinstance(outcome, Proof) and case["name"] != "jkt-mismatch":
        assert outcome.jkt == case.get("bound_jkt", PROOFS["bound_jkt"])


LISTS = read("status/status-list.json")


@pytest.mark.parametrize("vector", LISTS["vectors"], ids=[vector["name"] for vector in LISTS["vectors"]])
def test_status_lists(vector: Any) -> None:
    read_list = decode_status_list(vector["lst"], vector["bits"], 4_194_304)
    for index, value in vector.get("statuses", {}).items():
        assert status_at(read_list, int(index)) == value


@pytest.mark.parametrize("vector", LISTS["negative_lists"], ids=[vector["name"] for vector in LISTS["negative_lists"]])
def test_hostile_lists(vector: Any) -> None:
    status = vector.get("status_list") or {}
    with pytest.raises(Unusable):
        decode_status_list(status.get("lst"), status.get("bits"))


@pytest.mark.parametrize("case", LISTS["index_cases"], ids=[case["name"] for case in LISTS["index_cases"]])
def test_status_indexes(case: Any) -> None:
    bits = decode_status_list(case["lst"], case["bits"])
    if str(case["expected"]).startswith("error"):
        with pytest.raises(ValueError):
            status_at(bits, case["idx"])
    else:
        assert status_at(bits, case["idx"]) == (case["expected"] if isinstance(case["expected"], int) else 0x0B)


ATTACKS = read("jwt-attacks/cases.json")
# where the vectors leave it to the verifier: as the TypeScript tests have it
GOOD = {"time-02", "time-27", "subject-13", "claims-04", "claims-11", "claims-17", "json-06"}
STRICTER = {"json-26"}


def test_jwt_attacks() -> None:
    issuer, resource = ATTACKS["issuer"], ATTACKS["audience"]
    keys = [{**key, "lanyard_typ": "at+jwt"} for key in read("jwt-attacks/jwks.json")["keys"]]
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        if request.url.path.startswith("/.well-known/"):
            return httpx.Response(200, json={"issuer": issuer, "jwks_uri": f"{issuer}/jwks"})
        return httpx.Response(200, json={"keys": keys}) if request.url.path.endswith("/jwks") else httpx.Response(404)

    for case in ATTACKS["cases"]:
        http = httpx.Client(transport=httpx.MockTransport(answer))
        clock = FixedClock(ATTACKS["now"])
        server = ResourceServer(issuer=issuer, resource=resource, mode="offline", clock=clock, http=http)
        with pytest.raises(AccessError) as refused:
            server.authenticate("GET", "/", [("authorization", f"DPoP {case['token']}")])
        name, expected = case["id"], case["expected"]
        passes = (expected.startswith("accept") and name not in STRICTER) or name in GOOD
        left_open = expected != "accept" and name not in GOOD and not expected.startswith("reject")
        if not left_open:
            # everything of a JWT was right, and it is none of ours; or the attack was seen
            assert (refused.value.code == "claims_invalid") == passes, (case["id"], case["name"], refused.value)
    assert all(url.startswith(f"{issuer}/") for url in asked)
