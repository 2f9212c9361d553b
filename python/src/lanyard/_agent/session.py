"""A session that an agent holds: its own token, access tokens, offers, its end."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from .._base.clock import Life, moment_of, now_seconds, surely_lives, surely_over
from .._base.flow import Exclusive, Flow, Lock
from .._base.text import is_object
from .._base.urls import is_within
from ..errors import LanyardError
from .calls import Caller, Form, JsonAnswer, life_in, malformed, secure, text_in

ACCESS = "urn:ietf:params:oauth:token-type:access_token"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
SESSION = "lanyard:token-type:session"
OFFER = "lanyard:token-type:offer"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
# a kept token is not used in its last seconds, since its call must still arrive in time
_margin_seconds = 20


@dataclass(frozen=True)
class Grant:
    """What is asked for at one resource.

    :param details: RFC 9396 details that restrict these scopes; each carries its registered ``type``
    """

    resource: str
    scopes: Sequence[str] = ()
    details: Sequence[Mapping[str, Any]] = ()


def grant_form(grants: Sequence[Grant]) -> Form:
    """``resource`` repeated (RFC 8707 2), one ``scope``, one ``authorization_details`` (RFC 9396 2)."""
    scopes = dict.fromkeys(scope for grant in grants for scope in grant.scopes)
    details = [dict(detail) for grant in grants for detail in grant.details]
    return [
        *(("resource", grant.resource) for grant in grants),
        ("scope", " ".join(scopes)),
        ("authorization_details", json.dumps(details, separators=(",", ":")) if details else None),
    ]


@dataclass(frozen=True)
class AccessToken:
    """An access token for one resource, and what it carries."""

    token: str = field(repr=False)
    expires_at_seconds: float
    scopes: tuple[str, ...]
    #: ``Bearer`` where the resource is registered as unable to check proofs: anybody who copies it can use it.
    token_type: Literal["DPoP", "Bearer"]


@dataclass(frozen=True)
class HeldOffer:
    """An offer to another agent. The handle is the secret that is passed to it."""

    handle: str = field(repr=False)
    expires_at_seconds: float


class SessionFacts(NamedTuple):
    """What a session is."""

    sid: str
    root: str
    #: Id of the principal the work is done for.
    principal: str
    agent: str
    depth: int
    #: The agent whose offer or call it was made from; None for one that was opened.
    offered_by: str | None


def read_facts(token: str, agent: str, jkt: str | None) -> SessionFacts:
    """From the session's own token, which came from the issuer by TLS; it must belong to this agent and key."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, IndexError):
        raise malformed("token", "the token is not a JWT") from None
    return facts_of(claims, agent, jkt)


def facts_of(claims: object, agent: str, jkt: str | None) -> SessionFacts:
    """The same from members with the names of the claims, which an answer contains beside a handle."""
    members = claims if is_object(claims) else {}
    cnf = members.get("cnf")
    if members.get("client_id") != agent or (cnf.get("jkt") if is_object(cnf) else None) != jkt:
        raise malformed("token", "the token is not bound to this agent and key")
    sub, sid, root, depth = (members.get(name) for name in ("sub", "sid", "root", "depth"))
    if not (isinstance(sub, str) and isinstance(sid, str) and isinstance(root, str) and isinstance(depth, int)):
        raise malformed("token", "the token names no session")
    actor = members.get("act")
    before = actor.get("act") if is_object(actor) else None
    giver = before.get("sub") if is_object(before) else None
    # where an agent works on its own account, the giver of the first child is the principal itself
    own = sub if is_object(actor) and sub.startswith("spiffe://") else None
    return SessionFacts(sid, root, sub, agent, depth, giver if isinstance(giver, str) else own)


def token_type_in(answer: JsonAnswer) -> Literal["DPoP", "Bearer"]:
    """RFC 6749 7.1 forbids using a token of an unknown type."""
    kind = str(answer.json.get("token_type")).lower()
    if kind == "bearer":
        return "Bearer"
    if kind in ("dpop", "n_a"):
        return "DPoP"
    raise malformed("token", "token_type is missing or not known")


def scopes_in(answer: JsonAnswer) -> tuple[str, ...]:
    """Scopes of an answer (RFC 6749 3.3)."""
    scope = answer.json.get("scope")
    return tuple(scope.split()) if isinstance(scope, str) else ()


class _Own(NamedTuple):
    token: str
    type: str
    life: Life


class SessionCore:
    """A session as flows; :class:`lanyard.Session` and :class:`lanyard.AsyncSession` run them."""

    def __init__(self, facts: SessionFacts, own: tuple[str, str, Life], caller: Caller, served_at: Mapping[str, str]):
        self.facts = facts
        self.caller = caller
        self._own = _Own(*own)
        self._served_at = served_at
        self._ended = False
        self._kept: dict[tuple[str, tuple[str, ...] | None], tuple[AccessToken, Life]] = {}
        self._locks: dict[tuple[str, tuple[str, ...] | None], Lock] = {}

    def keep(self, resource: str, token: AccessToken, life: Life) -> None:
        """Keeps a token that carries everything the session holds at its resource."""
        self._kept[(resource, None)] = (token, life)

    @property
    def is_ended(self) -> bool:
        """Whether it was ended here."""
        return self._ended

    @property
    def life(self) -> Life:
        """Of its own token."""
        return self._own.life

    def must_live(self) -> None:
        """:raises LanyardError: ``session_over`` once it was ended here"""
        if self._ended:
            raise LanyardError("session_over", "session", description="the session was ended")

    def subject(self) -> Form:
        """Its own token as the parameters of an exchange.

        :raises LanyardError: ``session_over``, ``session_lapsed``
        """
        self.must_live()
        if surely_over(self._own.life, self.caller.clock):
            code = "session_lapsed" if self._own.type == ACCESS else "session_over"
            raise LanyardError(code, "session", description="the session's token has expired")
        return [("grant_type", EXCHANGE), ("subject_token", self._own.token), ("subject_token_type", self._own.type)]

    def check_address(self, url: str, resource: str) -> None:
        """A token of a resource goes to the resource's own origin, at its path or below, and nowhere else (threat 43).

        :raises LanyardError: ``insecure_url``, ``outside_resource``
        """
        secure(url, "fetch")
        if not is_within(url, self._served_at.get(resource, resource)):
            description = "the address is not below the token's resource"
            raise LanyardError("outside_resource", "fetch", description=description)

    def access_token(self, resource: str, scopes: Sequence[str] | None) -> Flow[AccessToken]:
        """A kept token that is valid long enough, or a new one; a burst of calls makes one request."""
        self.must_live()
        at = (resource, None if scopes is None else tuple(sorted(scopes)))
        held = self._held(at)
        if held is not None:
            return held
        return (yield Exclusive(self._locks.setdefault(at, Lock()), lambda: self._take(at, scopes)))  # type: ignore[no-any-return]

    def _held(self, at: tuple[str, tuple[str, ...] | None]) -> AccessToken | None:
        kept = self._kept.get(at)
        return kept[0] if kept and surely_lives(kept[1], _margin_seconds, self.caller.clock) else None

    def _take(self, at: tuple[str, tuple[str, ...] | None], scopes: Sequence[str] | None) -> Flow[AccessToken]:
        held = self._held(at)
        if held is not None:
            return held
        asked, asked_at = moment_of(self.caller.clock), now_seconds(self.caller.clock)
        wanted = None if scopes is None else " ".join(scopes)
        answer = yield from self.caller.form("token", [*self.subject(), ("resource", at[0]), ("scope", wanted)])
        token, life = text_in(answer, "access_token", "token"), self.caller.life_of(answer, asked, "token")
        # a session that came with an access token only is continued by its latest complete one
        if self._own.type == ACCESS and scopes is None:
            self._own = _Own(token, ACCESS, life)
        access = AccessToken(token, asked_at + life.seconds, scopes_in(answer), token_type_in(answer))
        self._kept[at] = (access, life)
        return access

    def renew(self, lifetime_seconds: int) -> Flow[float]:
        """Gives it a later end, so many seconds from now; returns the new end."""
        asked, asked_at = moment_of(self.caller.clock), now_seconds(self.caller.clock)
        more = [("requested_token_type", SESSION), ("lifetime_seconds", str(lifetime_seconds))]
        answer = yield from self.caller.form("token", [*self.subject(), *more])
        token = text_in(answer, "access_token", "token")
        # a token of another session must not be used for this one
        facts = read_facts(token, self.facts.agent, self.caller.key.jkt)
        if facts.sid != self.facts.sid or answer.json.get("issued_token_type") != SESSION:
            raise malformed("token", "the answer is not this session's token")
        self._own = _Own(token, SESSION, self.caller.life_of(answer, asked, "token"))
        return asked_at + self._own.life.seconds

    def offer(
        self, to: str, grants: Sequence[Grant], lifetime_seconds: int | None, max_uses: int | None
    ) -> Flow[HeldOffer]:
        """Offers a part of it to one other agent."""
        asked_at = now_seconds(self.caller.clock)
        form: list[tuple[str, str | None]] = [
            *self.subject(),
            ("requested_token_type", OFFER),
            ("audience", to),
            *grant_form(grants),
            ("lifetime_seconds", None if lifetime_seconds is None else str(lifetime_seconds)),
            ("max_uses", None if max_uses is None else str(max_uses)),
        ]
        answer = yield from self.caller.form("token", form)
        return HeldOffer(text_in(answer, "access_token", "token"), asked_at + life_in(answer, "token"))

    def aws(self, grant: Grant, role: str | None, lifetime_seconds: int | None) -> Flow[tuple[JsonAnswer, Life]]:
        """AWS credentials for part of it, where the deployment gives any."""
        subject = self.subject()
        if self._own.type != SESSION:
            description = "only a session token is good for AWS credentials; open the session with `renewable`"
            raise LanyardError("session_lapsed", "credentials", description=description)
        asked = moment_of(self.caller.clock)
        form = [
            *(pair for pair in subject if pair[0] != "grant_type"),
            *grant_form([grant]),
            ("role", role),
            ("lifetime_seconds", None if lifetime_seconds is None else str(lifetime_seconds)),
        ]
        answer = yield from self.caller.form("credentials", form)
        return answer, self.caller.life_of(answer, asked, "credentials")

    def end(self) -> Flow[None]:
        """Ends it and everything below it."""
        if self._ended:
            return
        yield from self.caller.form("revoke", [("token", self._own.token)])
        self._ended = True
        self._kept.clear()

    def revoke(self, *, session: str | None, offer: str | None, token: str | None) -> Flow[None]:
        """Ends a session below it, an offer of it, or what a token belongs to."""
        if [session, offer, token].count(None) != 2:
            raise TypeError("name exactly one of session, offer and token")
        named = [("token", self._own.token), ("session", session)] if session else [("token", offer or token)]
        yield from self.caller.form("revoke", named)
