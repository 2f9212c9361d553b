"""Guards a resource: every request must carry an access token of one issuer for exactly this resource.

And, but for bearer tokens where they are accepted, a fresh proof by the key that it is bound to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

import httpx

from ._base.clock import Clock
from ._base.flow import Flow, arun, run
from ._base.urls import is_secure, normal_url
from ._details.check import DetailsCheck, DetailsType, DetailsUse
from ._jose.dpop import Nonces
from ._verify.claims import Principal, VerifiedAccess
from ._verify.refused import ChallengeContext, Refused, refusal_reply
from ._verify.replay import MemoryReplayStore, ReplayOutcome, ReplayStore, UsedProof
from ._verify.request import Description, Headers, Metadata, Request, open_answer, own_url, page_headers, presented
from ._verify.verifier import Introspect, Unanswerable, Verifier, VerifierInput
from .costs import Cost, Reservation, Settled
from .errors import AccessError, LanyardError, Refusal

__all__ = [
    "AsyncResourceServer",
    "Authenticated",
    "Description",
    "DetailsType",
    "DetailsUse",
    "MemoryReplayStore",
    "Metadata",
    "Nonces",
    "Principal",
    "ReplayOutcome",
    "ReplayStore",
    "Request",
    "ResourceServer",
    "UsedProof",
    "VerifiedAccess",
]


@dataclass(frozen=True)
class Authenticated:
    """A request that was let in."""

    access: VerifiedAccess
    #: Headers to put on the answer: the newest nonce where nonces are demanded, and what pages of other origins need.
    answer_headers: Mapping[str, str]
    #: The token as presented, for ``Agent.hop``; never log it.
    presented_access_token: str
    _check: DetailsCheck
    _refused: Callable[[Refusal], AccessError]
    #: What was reserved for this request, where a budget bounds money: settle it after the work by ``agent.settle``.
    reserved: Reservation | None = None

    def __repr__(self) -> str:
        return f"Authenticated(access={self.access!r})"

    def requires(self, *scopes: str) -> VerifiedAccess:
        """Checks that the access carries every scope an operation needs.

        :raises AccessError: ``scope_insufficient``
        """
        missing = [scope for scope in scopes if scope not in self.access.scopes]
        # no scope named is a mistake in the resource server, not a permission
        if not scopes or missing:
            raise self._refused(Refusal("scope_insufficient", {"required": list(scopes), "missing": missing}))
        return self.access

    def permits(self, use: DetailsUse) -> VerifiedAccess:
        """Checks that every authorization detail admits what the request is about to do. Call it for every request.

        :raises AccessError: ``details_forbid``
        """
        try:
            self._check.check(self.access.details, use)
        except Refused as refused:
            raise self._refused(refused.refusal) from None
        return self.access

    def admits(self, use: DetailsUse) -> bool:
        """Whether :meth:`permits` would admit the use, for example to decide which items of a list may be shown."""
        try:
            self._check.check(self.access.details, use)
        except Refused:
            return False
        return True


#: The most that a request can cost; None for one that has no price.
CostAtMost = Callable[[Request], "Cost | None"]


class IntrospectingAgent(Protocol):
    """The agent that a resource server is registered as: ``lanyard.Agent``, or ``lanyard.AsyncAgent`` for the async class."""

    def _introspect(
        self, token: str, proved_by: str | None, cost_at_most: Cost | None = None
    ) -> Flow[Mapping[str, Any]]: ...

    def _settle(self, report: str, cost: Cost) -> Flow[Settled]: ...


class _Guard:
    """What both resource servers are."""

    def __init__(
        self,
        *,
        issuer: str,
        resource: str,
        mode: Literal["offline", "introspect"],
        agent: IntrospectingAgent | None,
        cost_at_most: CostAtMost | None,
        request_url: str | Callable[[Request], str] | None,
        details: Sequence[DetailsType],
        replay: ReplayStore | None,
        nonces: Nonces | Literal[True] | None,
        accept_bearer: bool,
        algorithm: Literal["ES256", "RS256"] | None,
        fresh_seconds: float | None,
        cross_origin: bool,
        description: Description | None,
        clock: Clock | None,
    ) -> None:
        if not is_secure(issuer):
            raise LanyardError("insecure_url", "issuer", description="not an https address")
        if (mode == "introspect") != (agent is not None) or mode not in ("offline", "introspect"):
            raise TypeError("to introspect, pass the agent this server is registered as, and only then")
        if cost_at_most is not None and mode != "introspect":
            raise TypeError("cost_at_most needs mode introspect: of a token that is verified offline nobody counts")
        self._agent = agent
        self._cost_at_most = cost_at_most
        if fresh_seconds is not None and not fresh_seconds >= 1:
            raise ValueError("fresh_seconds is 1 or more")
        self._clock = clock or Clock()
        self._url_of = own_url(resource, request_url)
        self._cross_origin = cross_origin
        self._nonces = Nonces(resource, clock=self._clock) if nonces is True else nonces
        self._details = DetailsCheck(details)
        described = description or Description()
        if described.details_types is None:
            described = replace(described, details_types=list(self._details.types))
        #: Its metadata (RFC 9728); None for a resource that is not an http address.
        self.metadata = Metadata(resource, issuer, accept_bearer, described) if normal_url(resource) else None
        where = self.metadata.url if self.metadata else None
        self._context = ChallengeContext(resource, accept_bearer, where, described.scopes)
        given = VerifierInput(
            issuer=issuer,
            resource=resource,
            clock=self._clock,
            details=self._details,
            replay=replay or MemoryReplayStore(),
            algorithm=algorithm,
            nonces=self._nonces,
            accept_bearer=accept_bearer,
            introspect=_introspect_by(agent) if agent else None,
        )
        self._verifier = Verifier(given if fresh_seconds is None else replace(given, fresh_seconds=fresh_seconds))

    def open_answer(self, method: str, url: str, headers: Headers) -> AccessError | None:
        """What is answered before any token: a request for the metadata, or a preflight; None for every other."""
        return open_answer(Request(method, url, headers), self.metadata, self._cross_origin)

    def _authenticate(
        self, method: str, url: str, headers: Headers, scopes: Sequence[str] | None, cost_at_most: Cost | None
    ) -> Flow[Authenticated]:
        request = Request(method, url, headers)
        opened = open_answer(request, self.metadata, self._cross_origin)
        if opened is not None:
            raise opened
        for_pages = page_headers(request, self._cross_origin)
        nonce = self._nonces.current() if self._nonces else None
        context = replace(self._context, nonce=nonce, needed=scopes)

        def refused(refusal: Refusal) -> AccessError:
            reply = refusal_reply(refusal, context)
            return AccessError(refusal, replace(reply, headers={**reply.headers, **for_pages}))

        asked = presented(request, self._url_of)
        if cost_at_most is None and self._cost_at_most is not None:
            cost_at_most = self._cost_at_most(request)
        asking = None if self._agent is None or cost_at_most is None else _Asking(self._agent, cost_at_most)
        try:
            access = yield from self._verifier.verify(asked, asking)
        except Refused as refusal:
            yield from _released(self._agent, asking.reserved if asking else None)
            raise refused(refusal.refusal) from None
        reserved = asking.reserved if asking else None
        for_nonces = {} if nonce is None else {"DPoP-Nonce": nonce, "Cache-Control": "no-store"}
        token = asked.authorization[0].split(" ", 1)[1]
        return Authenticated(access, {**for_nonces, **for_pages}, token, self._details, refused, reserved)


class _Asking:
    """Asks about one request with the most that it can cost, and keeps what was reserved for it."""

    def __init__(self, agent: IntrospectingAgent, at_most: Cost) -> None:
        self._agent = agent
        self._at_most = at_most
        self.reserved: Reservation | None = None

    def __call__(self, token: str, jkt: str | None) -> Flow[Mapping[str, Any]]:
        try:
            answer = yield from self._agent._introspect(token, jkt, self._at_most)
        except LanyardError as error:
            raise Unanswerable(error.code) from None
        report = answer.get("report")
        if isinstance(report, str):
            self.reserved = Reservation(report, self._at_most)
        return answer


def _released(agent: IntrospectingAgent | None, reserved: Reservation | None) -> Flow[None]:
    """Gives all of it back; where that fails it stays spent."""
    if agent is None or reserved is None:
        return
    try:
        yield from agent._settle(reserved.report, Cost(0, reserved.at_most.currency))
    except LanyardError:
        return


def _introspect_by(agent: IntrospectingAgent) -> Introspect:
    def introspect(token: str, jkt: str | None) -> Flow[Mapping[str, Any]]:
        try:
            return (yield from agent._introspect(token, jkt))
        except LanyardError as error:
            raise Unanswerable(error.code) from None

    return introspect


class ResourceServer(_Guard):
    """Guards a resource in blocking code; see :class:`AsyncResourceServer` for the other.

    :param issuer: the one issuer whose tokens are accepted, exactly as it writes itself
    :param resource: the registered resource: a token's ``aud`` must be exactly this
    :param mode: ``offline``: by key set, document of cuts and status list; a revocation takes effect within seconds.
        ``introspect``: the issuer is asked about every request
    :param agent: this server's own agent; to introspect
    :param cost_at_most: the most that a request can cost, by its method, URL and headers, where budgets bound money; None
        for what has no price, 0 for what is free. Take it from your own prices: a sum that the caller chooses bounds
        nothing. Only to introspect
    :param request_url: base of this server's own URLs as callers write them, or a function that returns a request's whole
        URL; the resource's origin when left out. Never build it from ``Host`` or ``X-Forwarded-*`` (threat 9)
    :param details: the registered types of details that restrict this resource; with none, every restricted token is
        refused (threat 40)
    :param replay: store of used proofs, which several processes may share; in memory when left out
    :param nonces: demands a nonce in every proof (RFC 9449 9): True for nonces of this process only
    :param accept_bearer: accepts bearer tokens too, for a resource that is registered so
    :param algorithm: the registered algorithm of its tokens; both when left out, as each key says
    :param fresh_seconds: how old what is known of revocations may be, 1 or more
    :param cross_origin: False leaves preflights and CORS headers to the application
    :param http: for the issuer's documents; a client of its own when left out
    :raises TypeError: when requests could not be checked
    """

    def __init__(
        self,
        *,
        issuer: str,
        resource: str,
        mode: Literal["offline", "introspect"],
        agent: IntrospectingAgent | None = None,
        cost_at_most: CostAtMost | None = None,
        request_url: str | Callable[[Request], str] | None = None,
        details: Sequence[DetailsType] = (),
        replay: ReplayStore | None = None,
        nonces: Nonces | Literal[True] | None = None,
        accept_bearer: bool = False,
        algorithm: Literal["ES256", "RS256"] | None = None,
        fresh_seconds: float | None = None,
        cross_origin: bool = True,
        description: Description | None = None,
        http: httpx.Client | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(
            issuer=issuer,
            resource=resource,
            mode=mode,
            agent=agent,
            cost_at_most=cost_at_most,
            request_url=request_url,
            details=details,
            replay=replay,
            nonces=nonces,
            accept_bearer=accept_bearer,
            algorithm=algorithm,
            fresh_seconds=fresh_seconds,
            cross_origin=cross_origin,
            description=description,
            clock=clock,
        )
        self._http = http or httpx.Client()

    def authenticate(
        self,
        method: str,
        url: str,
        headers: Headers,
        *,
        scopes: Sequence[str] | None = None,
        cost_at_most: Cost | None = None,
    ) -> Authenticated:
        """Tells who calls, and what the caller may do.

        :param url: path and query as the caller wrote them
        :param headers: pairs of name and value, every one that came
        :param scopes: what the operation needs, all of it. They are not checked here; every challenge names them, so that
            the caller comes back with all at once
        :param cost_at_most: the most that it can cost, in place of what the guard's own function says
        :raises AccessError: with the reply to send instead: a refusal with its challenge, or (code ``open``) the metadata
            or the answer to a preflight
        """
        return run(self._authenticate(method, url, headers, scopes, cost_at_most), self._http)

    def release(self, caller: Authenticated) -> None:
        """Gives back what was reserved for a request that is refused after all. It never raises: at worst it stays spent."""
        run(_released(self._agent, caller.reserved), self._http)


class AsyncResourceServer(_Guard):
    """Guards a resource in async code; the parameters are those of :class:`ResourceServer`."""

    def __init__(
        self,
        *,
        issuer: str,
        resource: str,
        mode: Literal["offline", "introspect"],
        agent: IntrospectingAgent | None = None,
        cost_at_most: CostAtMost | None = None,
        request_url: str | Callable[[Request], str] | None = None,
        details: Sequence[DetailsType] = (),
        replay: ReplayStore | None = None,
        nonces: Nonces | Literal[True] | None = None,
        accept_bearer: bool = False,
        algorithm: Literal["ES256", "RS256"] | None = None,
        fresh_seconds: float | None = None,
        cross_origin: bool = True,
        description: Description | None = None,
        http: httpx.AsyncClient | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(
            issuer=issuer,
            resource=resource,
            mode=mode,
            agent=agent,
            cost_at_most=cost_at_most,
            request_url=request_url,
            details=details,
            replay=replay,
            nonces=nonces,
            accept_bearer=accept_bearer,
            algorithm=algorithm,
            fresh_seconds=fresh_seconds,
            cross_origin=cross_origin,
            description=description,
            clock=clock,
        )
        self._http = http or httpx.AsyncClient()

    async def authenticate(
        self,
        method: str,
        url: str,
        headers: Headers,
        *,
        scopes: Sequence[str] | None = None,
        cost_at_most: Cost | None = None,
    ) -> Authenticated:
        """As :meth:`ResourceServer.authenticate`, awaited."""
        return await arun(self._authenticate(method, url, headers, scopes, cost_at_most), self._http)

    async def release(self, caller: Authenticated) -> None:
        """As :meth:`ResourceServer.release`, awaited."""
        await arun(_released(self._agent, caller.reserved), self._http)
