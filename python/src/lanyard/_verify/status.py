"""A session's bit in the issuer's status lists (Token Status List, section 8.3)."""

from __future__ import annotations

import math
import re
import zlib
from dataclasses import dataclass
from typing import NamedTuple

from .._base.clock import Clock, now_seconds
from .._base.flow import Flow
from .._base.limits import STATUS_LIST_LIFE_SECONDS, STATUS_LIST_SIZE, STATUS_LIST_TTL_SECONDS, TOKEN_BYTES
from .._base.text import bytes_of_b64url, is_count, is_number, is_object
from .._jose.jwt import JwtFailure, JwtRules, verify_jwt
from .fresh import FreshDocument, Loaded, Unusable, fetch
from .issuer_keys import STATUS, IssuerKeys
from .refused import Refused

ALGORITHMS = ("ES256", "RS256")
_lists_held = 256
_cool_down_seconds = 1


class StatusBits(NamedTuple):
    """An unpacked list: so many bits an entry, least significant first inside a byte."""

    bits: int
    data: bytes


@dataclass(frozen=True)
class _List:
    bits: StatusBits
    issued_at_seconds: float


class StatusSource:
    """Reads lists of the trusted issuer alone: one from elsewhere could say valid for everything.

    :param fresh_seconds: longest use of a list; its own ``ttl`` where that is shorter
    """

    def __init__(self, issuer: str, keys: IssuerKeys, clock: Clock, fresh_seconds: float = math.inf) -> None:
        self._prefix = f"{issuer}/status/"
        self._keys = keys
        self._clock = clock
        self._fresh_seconds = fresh_seconds
        self._lists: dict[str, FreshDocument[_List]] = {}

    def check(self, uri: str, index: object) -> Flow[None]:
        """:raises Refused: ``status_uri_foreign``, ``status_unavailable``, ``status_index_invalid``, ``session_over``"""
        name = uri.removeprefix(self._prefix)
        if not uri.startswith(self._prefix) or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
            raise Refused("status_uri_foreign", uri=uri)
        try:
            held = yield from self._document(uri).get()
        except Unusable as unusable:
            raise Refused("status_unavailable", why=str(unusable)) from None
        try:
            value = status_at(held.bits, index)
        except ValueError as error:
            raise Refused("status_index_invalid", why=str(error)) from None
        if value != 0:
            raise Refused("session_over", by="status_list")

    def _document(self, uri: str) -> FreshDocument[_List]:
        known = self._lists.get(uri)
        if known is not None:
            return known
        while len(self._lists) >= _lists_held:
            self._lists.pop(next(iter(self._lists)), None)

        def load(held: _List | None) -> Flow[Loaded[_List]]:
            return (yield from self._load(uri, held))

        return self._lists.setdefault(uri, FreshDocument(load, self._clock, _cool_down_seconds))

    def _load(self, uri: str, held: _List | None) -> Flow[Loaded[_List]]:
        answer = yield from fetch(uri, TOKEN_BYTES)
        now = now_seconds(self._clock)
        rules = JwtRules(STATUS, ALGORITHMS, now, ("sub", "iat", "exp", "status_list"))
        try:
            claims = yield from verify_jwt(token_in(answer.body), self._keys.lookup(STATUS), rules)
        except JwtFailure as failure:
            raise Unusable(f"the list is refused: {failure}") from None
        if claims["sub"] != uri:
            raise Unusable("the list is of another address")
        life = life_of(claims["iat"], claims["exp"], claims.get("ttl", STATUS_LIST_TTL_SECONDS), now)
        packed = claims["status_list"]
        if not is_object(packed):
            raise Unusable("status_list is not an object")
        fresh = _List(decode_status_list(packed.get("lst"), packed.get("bits")), claims["iat"])
        # a cache that serves an old list again would undo a revocation (threat 26)
        if held is not None and fresh.issued_at_seconds + STATUS_LIST_TTL_SECONDS < held.issued_at_seconds:
            raise Unusable("the list is older than the one already seen")
        return Loaded(fresh, min(life, self._fresh_seconds))


def token_in(body: bytes) -> str:
    """A signed document as it was fetched."""
    return body.decode("utf-8", "replace").strip()


def life_of(iat: float, exp: float, ttl: object, now: int) -> float:
    """How long a signed document may be used from now. ``exp`` alone is not enough: an old one would undo a revocation.

    :raises Unusable: when it is too old, or has a ``ttl`` that is none
    """
    if now - iat >= STATUS_LIST_LIFE_SECONDS:
        raise Unusable("the document is too old")
    if not is_number(ttl) or not ttl > 0:
        raise Unusable("ttl is not a positive number of seconds")
    return min(ttl, STATUS_LIST_LIFE_SECONDS, exp - now, min(iat, now) + STATUS_LIST_LIFE_SECONDS - now)


def decode_status_list(lst: object, bits: object, max_bytes: int = STATUS_LIST_SIZE // 8) -> StatusBits:
    """Unpacks a list with bounded output, so that a few kilobytes cannot become gigabytes.

    :raises Unusable: saying what is wrong
    """
    if not is_number(bits) or bits not in (1, 2, 4, 8):
        raise Unusable("bits is 1, 2, 4 or 8")
    if not isinstance(lst, str) or len(lst) > max_bytes * 2 + 64:
        raise Unusable("lst is not base64url of a list of that size")
    packed = bytes_of_b64url(lst)
    if packed is None:
        raise Unusable("lst is not canonical base64url")
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(packed, max_bytes + 1)
        whole = stream.eof or (len(data) <= max_bytes and not stream.flush() and stream.eof)
    except zlib.error:
        raise Unusable("lst is not one whole ZLIB stream") from None
    if len(data) > max_bytes:
        raise Unusable(f"the list unpacks to more than {max_bytes} bytes")
    if not whole or stream.unused_data or not data:
        raise Unusable("lst is not one whole ZLIB stream")
    return StatusBits(int(bits), data)


def status_at(status: StatusBits, index: object) -> int:
    """The status at an index; one outside the list is never valid.

    :raises ValueError: for such an index
    """
    if not is_count(index):
        raise ValueError("idx is not a whole number")
    at, per_byte = int(index), 8 // status.bits
    if at // per_byte >= len(status.data):
        raise ValueError(f"idx {at} is outside the list")
    return (status.data[at // per_byte] >> ((at % per_byte) * status.bits)) & ((1 << status.bits) - 1)
