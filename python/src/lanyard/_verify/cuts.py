"""The issuer's document of cuts: what a token was issued under is held against it, however many sessions a cut ended."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from .._base.clock import Clock, now_seconds
from .._base.flow import Flow
from .._base.limits import CUTS_BYTES, STATUS_LIST_LIFE_SECONDS, STATUS_LIST_TTL_SECONDS
from .._base.text import is_count, is_object, sha256
from .._jose.jwt import JwtFailure, JwtRules, verify_jwt
from .claims import CUT_NAME_CHARACTERS, IssuedUnder
from .fresh import FreshDocument, Loaded, Unusable, fetch
from .issuer_keys import CUTS, IssuerKeys
from .refused import Refused
from .status import ALGORITHMS, life_of, token_in

_cool_down_seconds = 1


def cut_name(issuer: str, subject: str) -> str:
    """A subject's name in the document: a hash with the issuer, so that it means nothing in another deployment."""
    return sha256("\0".join(("lanyard-cuts-v1", issuer, subject)))[:CUT_NAME_CHARACTERS]


@dataclass(frozen=True)
class _Cuts:
    epochs: Mapping[str, int]
    version: int
    issued_at_seconds: float


class CutSource:
    """Compares what tokens were issued under with the document, which is fetched when needed and used for its ``ttl``."""

    def __init__(self, issuer: str, keys: IssuerKeys, clock: Clock, fresh_seconds: float = math.inf) -> None:
        self._issuer = issuer
        self._uri = f"{issuer}/status/cuts"
        self._keys = keys
        self._clock = clock
        self._fresh_seconds = fresh_seconds
        self._document: FreshDocument[_Cuts] = FreshDocument(self._load, clock, _cool_down_seconds)

    def check(self, under: IssuedUnder | None) -> Flow[None]:
        """A token that does not say what it was issued under is ended by the status list alone.

        :raises Refused: ``session_cut``, ``cuts_unavailable``
        """
        if under is None:
            return
        try:
            cuts = (yield from self._document.get()).epochs
        except Unusable as unusable:
            raise Refused("cuts_unavailable", why=str(unusable)) from None
        if not cuts:
            return
        if any(cuts.get(name, 0) > epoch for name, epoch in under.others):
            raise Refused("session_cut", subject="build")
        for subject, epoch in under.epochs:
            if cuts.get(cut_name(self._issuer, subject), 0) > epoch:
                raise Refused("session_cut", subject=subject.split(":", 1)[0])

    def _load(self, held: _Cuts | None) -> Flow[Loaded[_Cuts]]:
        answer = yield from fetch(self._uri, CUTS_BYTES)
        now = now_seconds(self._clock)
        required = ("iss", "sub", "iat", "exp", "version", "cuts")
        rules = JwtRules(CUTS, ALGORITHMS, now, required, issuer=self._issuer, max_bytes=CUTS_BYTES)
        try:
            claims = yield from verify_jwt(token_in(answer.body), self._keys.lookup(CUTS), rules)
        except JwtFailure as failure:
            raise Unusable(f"the document of cuts is refused: {failure}") from None
        if claims["sub"] != self._uri:
            raise Unusable("the document of cuts is of another address")
        life = life_of(claims["iat"], claims["exp"], claims.get("ttl", STATUS_LIST_TTL_SECONDS), now)
        if not is_count(claims["version"]):
            raise Unusable("version is not a whole number")
        cuts = _Cuts(_epochs(claims["cuts"]), int(claims["version"]), claims["iat"])
        # an older document may still be signed and fresh, and would undo a cut (threat 26)
        if held is not None and cuts.version < held.version:
            if now < held.issued_at_seconds + STATUS_LIST_LIFE_SECONDS:
                raise Unusable("the document of cuts is older than the one already seen")
        return Loaded(cuts, min(life, self._fresh_seconds))


def _epochs(cuts: object) -> Mapping[str, int]:
    """One entry that cannot be read refuses the whole document, since it may be the cut that matters."""
    if not is_object(cuts):
        raise Unusable("cuts is not an object")
    epochs: dict[str, int] = {}
    for name, epoch in cuts.items():
        if not re.fullmatch(rf"[A-Za-z0-9_-]{{{CUT_NAME_CHARACTERS}}}", name) or not is_count(epoch):
            raise Unusable("a cut cannot be read")
        epochs[name] = int(epoch)
    return epochs
