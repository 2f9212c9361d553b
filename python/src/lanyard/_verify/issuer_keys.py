"""The public keys of one issuer, each pinned to one kind of token (threat 3)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from .._base.clock import Clock
from .._base.flow import Flow
from .._base.limits import KEY_SET_BYTES, KEY_SET_KEYS, KEYS_LIFE_LEAST_SECONDS, KEYS_LIFE_SECONDS
from .._base.text import is_object, parse_json
from .._base.urls import issuer_metadata_url, normal_url
from .._jose.jwt import JwtFailure, KeyLookup
from .._jose.keys import Verify, import_key, public_jwk_for
from .fresh import FreshDocument, Loaded, Unusable, fetch

ACCESS, STATUS, CUTS = "at+jwt", "statuslist+jwt", "lanyard-cuts+jwt"
# the `kid` of a token is chosen by its sender, so an unknown one causes at most one fetch in this time
_cool_down_seconds = 10

_Table = Mapping[tuple[str, str, str], Verify]


class IssuerKeys:
    """RFC 8414 metadata, whose ``issuer`` must be the very same string, then its ``jwks_uri``, of the same origin.

    Keys never come from a token, nor from any address a token names.
    """

    def __init__(self, issuer: str, clock: Clock) -> None:
        self._issuer = issuer
        self._document: FreshDocument[_Table] = FreshDocument(self._load, clock, _cool_down_seconds)

    def lookup(self, typ: str) -> KeyLookup:
        """Finds keys for one kind of token only: a status key can never make an access token pass."""

        def find(alg: str, kid: str | None) -> Flow[Verify]:
            if kid is None:
                raise JwtFailure("key_unknown", "the token names no key")
            # the algorithm is part of the key's name: no header can make a key serve another one (RFC 8725 3.1)
            name = (typ, alg, kid)
            try:
                table = yield from self._document.get()
                if name not in table:
                    table = yield from self._document.renew()
            except Unusable as unusable:
                raise JwtFailure("keys_unavailable", str(unusable)) from None
            if name not in table:
                raise JwtFailure("key_unknown", f"no published key of that kid signs {typ} by that algorithm")
            return table[name]

        return find

    def _load(self, _: _Table | None) -> Flow[Loaded[_Table]]:
        metadata, _age = yield from _fetch_object(issuer_metadata_url(self._issuer))
        if metadata.get("issuer") != self._issuer:
            raise Unusable("the metadata is of another issuer")
        uri = metadata.get("jwks_uri")
        there, here = normal_url(uri) if isinstance(uri, str) else None, normal_url(self._issuer)
        if not isinstance(uri, str) or there is None or here is None or there.origin != here.origin:
            raise Unusable("jwks_uri is not of the issuer's origin")
        jwks, age = yield from _fetch_object(uri)
        wished = KEYS_LIFE_SECONDS if age is None else age
        return Loaded(_read(jwks.get("keys")), min(KEYS_LIFE_SECONDS, max(KEYS_LIFE_LEAST_SECONDS, wished)))


def _fetch_object(url: str) -> Flow[tuple[Mapping[str, object], int | None]]:
    answer = yield from fetch(url, KEY_SET_BYTES)
    try:
        value = parse_json(answer.body.decode("utf-8", "replace"))
    except ValueError as error:
        raise Unusable(f"the issuer's document is {error}") from None
    if not is_object(value):
        raise Unusable("the issuer's document is not an object")
    age = re.search(r"(?:^|[\s,])max-age=([0-9]{1,9})", answer.headers.get("cache-control", ""))
    return value, int(age[1]) if age else None


def _pinned(value: object) -> tuple[str, ...]:
    if value == ACCESS:
        return (ACCESS,)
    named = value if isinstance(value, list) else [value]
    # the status key signs two kinds; any other key that claims several is refused
    return tuple(str(typ) for typ in named) if all(typ in (STATUS, CUTS) for typ in named) else ()


def _read(keys: object) -> _Table:
    """Takes the keys that say what they sign. Other keys in the set have other readers."""
    if not isinstance(keys, list) or len(keys) > KEY_SET_KEYS:
        raise Unusable("the key set has no bounded list of keys")
    table: dict[tuple[str, str, str], Verify] = {}
    kids: set[str] = set()
    for jwk in keys:
        typs = _pinned(jwk.get("lanyard_typ")) if is_object(jwk) else ()
        if not typs or jwk.get("alg") not in ("ES256", "RS256") or jwk.get("use") != "sig":
            continue
        kid, alg = jwk.get("kid"), jwk["alg"]
        public = public_jwk_for(alg, jwk)
        if not isinstance(kid, str) or kid == "" or public is None:
            continue
        # a kid of two kinds, or two keys with one kid, is ambiguous, so the whole set is refused
        if kid in kids:
            raise Unusable("the key set names a kid twice")
        kids.add(kid)
        verify = import_key(alg, public)
        if verify is None:
            raise Unusable("the key set has a key that its algorithm cannot read")
        table.update({(typ, alg, kid): verify for typ in typs})
    if not table:
        raise Unusable("the key set has no key that says what it signs")
    return table
