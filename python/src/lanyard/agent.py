"""An agent's client: its key, its identity, its sessions. It makes no request before one is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Literal, overload

import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from ._agent.approval import ApprovalWait, approved
from ._agent.calls import Caller, Endpoints, Form, Identity, JsonAnswer, life_in, malformed, secure, text_in
from ._agent.key import AgentKey
from ._agent.session import (
    ACCESS,
    EXCHANGE,
    ID_TOKEN,
    OFFER,
    SESSION,
    AccessToken,
    Grant,
    HeldOffer,
    SessionCore,
    SessionFacts,
    facts_of,
    grant_form,
    read_facts,
    scopes_in,
    token_type_in,
)
from ._base.clock import Clock, Life
from ._base.flow import Flow, arun, run
from .auth import auth_of
from .costs import Cost, Settled, settled_in
from .errors import LanyardError
from .evidence import EvidenceSource

__all__ = [
    "AccessToken",
    "Agent",
    "ApprovalWait",
    "AsyncAgent",
    "AsyncSession",
    "Endpoints",
    "Expected",
    "Grant",
    "HeldOffer",
    "Identity",
    "Session",
]


@dataclass(frozen=True)
class Expected:
    """From whom, and for whom, offered work is taken: a SPIFFE ID and a principal's id, or ``"anyone"`` for either."""

    offered_by: str
    principal: str


class _AgentCore:
    """What both agents are, as flows."""

    def __init__(
        self,
        *,
        issuer: str,
        agent: str,
        evidence: EvidenceSource,
        endpoints: Endpoints | None,
        served_at: Mapping[str, str] | None,
        key: ec.EllipticCurvePrivateKey | None,
        clock: Clock | None,
    ) -> None:
        #: The agent's registered SPIFFE ID.
        self.agent = agent
        self._caller = Caller(issuer, agent, evidence, endpoints=endpoints, key=AgentKey(key), clock=clock)
        self._served_at = dict(served_at or {})
        for resource, base in self._served_at.items():
            secure(base, resource)

    def _open(self, start: Form, grants: Sequence[Grant] | None, wanted: _Wanted) -> Flow[SessionCore]:
        """For one grant the answer is an access token, which represents the session from then on."""
        only = grants[0] if grants and len(grants) == 1 and not wanted.renewable else None
        caller = self._caller
        answer, asked, asked_at = yield from approved(
            caller,
            [
                *start,
                ("requested_token_type", None if only else SESSION),
                *grant_form(grants or ()),
                ("purpose", wanted.purpose),
                ("lifetime_seconds", None if wanted.lifetime_seconds is None else str(wanted.lifetime_seconds)),
                ("max_uses", None if wanted.max_uses is None else str(wanted.max_uses)),
            ],
            wanted.approval,
        )
        token, life = text_in(answer, "access_token", "token"), Life(asked, life_in(answer, "token"))
        kind = ACCESS if only else SESSION
        # a token of another kind would be used in the wrong way
        if answer.json.get("issued_token_type") != kind:
            raise malformed("token", "the answer is another kind of token")
        token_type = token_type_in(answer)
        core = SessionCore(self._facts(answer, token, token_type), (token, kind, life), caller, self._served_at)
        if only is not None:
            access = AccessToken(token, asked_at + life.seconds, scopes_in(answer), token_type)
            core.keep(only.resource, access, life)
        return core

    def _facts(self, answer: JsonAnswer, token: str, token_type: str) -> SessionFacts:
        jkt = self._caller.key.jkt
        # members beside a handle are the session's, which is bound to the key even where its access tokens are not
        if token.startswith("lya_"):
            return facts_of(answer.json.get("session"), self.agent, jkt)
        return read_facts(token, self.agent, None if token_type == "Bearer" else jkt)

    def _redeem(self, handle: str, expect: Expected) -> Flow[SessionCore]:
        if not isinstance(expect, Expected):
            raise TypeError("say whose work is taken: expect=Expected(offered_by=…, principal=…)")
        core = yield from self._open(_exchange(handle, OFFER), None, _Wanted())
        facts = core.facts
        wrong = None
        if expect.offered_by not in ("anyone", facts.offered_by):
            wrong = "another agent offered it"
        elif expect.principal not in ("anyone", facts.principal):
            wrong = "it is for another principal"
        if wrong is None:
            return core
        try:
            # it is better to end unused work, but the offer is refused even if this fails
            yield from core.end()
        except LanyardError:
            pass
        raise LanyardError("offer_unexpected", "redeem", description=wrong)

    def _introspect(
        self, token: str, proved_by: str | None, cost_at_most: Cost | None = None
    ) -> Flow[Mapping[str, Any]]:
        cost = None if cost_at_most is None else str(cost_at_most)
        form = [("token", token), ("dpop_jkt", proved_by), ("cost", cost)]
        answer = yield from self._caller.form("introspect", form)
        if not isinstance(answer.json.get("active"), bool):
            raise malformed("introspect", "active is missing")
        return answer.json

    def _settle(self, report: str, cost: Cost) -> Flow[Settled]:
        """The same sum is answered again as the first time, so a lost answer is asked for once more."""
        form = [("report", report), ("cost", str(cost))]
        try:
            try:
                answer = yield from self._caller.form("introspect", form)
            except LanyardError as lost:
                if lost.code not in ("unreachable", "timeout"):
                    raise
                answer = yield from self._caller.form("introspect", form)
        except LanyardError as error:
            raise LanyardError(
                error.code,
                "settle",
                description=f"{error.description}; {_stays}" if error.description else _stays,
                status=error.status,
                error=error.error,
                request_id=error.request_id,
                retry_after_seconds=error.retry_after_seconds,
            ) from None
        settled = settled_in(answer.json, report)
        if settled is None:
            raise malformed("settle", f"no such settlement; {_stays}")
        return settled


# what to know when a settlement fails, beside why it did
_stays = "what was reserved stays spent until the same is settled again"


@dataclass(frozen=True)
class _Wanted:
    purpose: str | None = None
    lifetime_seconds: int | None = None
    max_uses: int | None = None
    renewable: bool = False
    approval: ApprovalWait | None = None


def _exchange(token: str, kind: str) -> Form:
    return [("grant_type", EXCHANGE), ("subject_token", token), ("subject_token_type", kind)]


def _start(id_token: str | None, access_token: str | None) -> Form:
    if id_token is not None and access_token is not None:
        raise TypeError("a person's work is opened by an ID token or by an access token, not by both")
    if id_token is not None:
        return _exchange(id_token, ID_TOKEN)
    return [("grant_type", "client_credentials")] if access_token is None else _exchange(access_token, ACCESS)


class _SessionBase:
    """What both sessions tell of themselves."""

    def __init__(self, core: SessionCore, http: httpx.Client | httpx.AsyncClient) -> None:
        self._core = core
        self._any_http = http
        facts = core.facts
        self.sid = facts.sid
        self.root = facts.root
        #: Id of the principal the work is done for.
        self.principal = facts.principal
        self.agent = facts.agent
        self.depth = facts.depth
        #: The agent whose offer or call it was made from; None for one that was opened.
        self.offered_by = facts.offered_by

    def __repr__(self) -> str:
        return f"<session {self.sid} of {self.agent}>"

    @overload
    def auth(self, resource: str, *, scopes: Sequence[str] | None = None) -> httpx.Auth: ...

    @overload
    def auth(self, resource: str, *, scopes: Sequence[str] | None = None, library: ModuleType) -> Any: ...

    def auth(self, resource: str, *, scopes: Sequence[str] | None = None, library: ModuleType = httpx) -> Any:
        """What httpx takes as ``auth``: a token of this session for the resource, and a proof for each request.

        Fits whatever takes an ``httpx.Auth``. Redirects are refused, and so are addresses outside the resource, before a
        token is asked for (threat 43).

        :param scopes: fewer than the session holds there
        :param library: the module ``httpx2`` for clients of that library, which the MCP SDK uses since its version 2
        """
        return auth_of(library)(self._core, self._any_http, resource, scopes)


class Session(_SessionBase):
    """A session this agent holds. As a context it is ended on the way out."""

    def __init__(self, core: SessionCore, http: httpx.Client) -> None:
        super().__init__(core, http)
        self._http = http

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def access_token(self, resource: str, *, scopes: Sequence[str] | None = None) -> AccessToken:
        """An access token for one resource, kept until shortly before it expires."""
        return run(self._core.access_token(resource, scopes), self._http)

    def offer(
        self, to: str, grants: Sequence[Grant], *, lifetime_seconds: int | None = None, max_uses: int | None = None
    ) -> HeldOffer:
        """Offers part of the session to one other agent. Scopes must be named."""
        return run(self._core.offer(to, grants, lifetime_seconds, max_uses), self._http)

    def renew(self, *, lifetime_seconds: int) -> float:
        """Gives the session a later end, so many seconds from now; returns the new end, in seconds since the epoch."""
        return run(self._core.renew(lifetime_seconds), self._http)

    def end(self) -> None:
        """Ends the session and everything below it."""
        run(self._core.end(), self._http)

    def revoke(self, *, session: str | None = None, offer: str | None = None, token: str | None = None) -> None:
        """Ends a session below this one, an offer of it, or what a token belongs to."""
        run(self._core.revoke(session=session, offer=offer, token=token), self._http)


class AsyncSession(_SessionBase):
    """As :class:`Session`, awaited."""

    def __init__(self, core: SessionCore, http: httpx.AsyncClient) -> None:
        super().__init__(core, http)
        self._http = http

    async def __aenter__(self) -> AsyncSession:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end()

    async def access_token(self, resource: str, *, scopes: Sequence[str] | None = None) -> AccessToken:
        """As :meth:`Session.access_token`."""
        return await arun(self._core.access_token(resource, scopes), self._http)

    async def offer(
        self, to: str, grants: Sequence[Grant], *, lifetime_seconds: int | None = None, max_uses: int | None = None
    ) -> HeldOffer:
        """As :meth:`Session.offer`."""
        return await arun(self._core.offer(to, grants, lifetime_seconds, max_uses), self._http)

    async def renew(self, *, lifetime_seconds: int) -> float:
        """As :meth:`Session.renew`."""
        return await arun(self._core.renew(lifetime_seconds), self._http)

    async def end(self) -> None:
        """As :meth:`Session.end`."""
        await arun(self._core.end(), self._http)

    async def revoke(self, *, session: str | None = None, offer: str | None = None, token: str | None = None) -> None:
        """As :meth:`Session.revoke`."""
        await arun(self._core.revoke(session=session, offer=offer, token=token), self._http)


class Agent(_AgentCore):
    """An agent in blocking code, or a resource server as the agent it is registered as; see :class:`AsyncAgent`.

    :param issuer: of the deployment
    :param agent: the registered SPIFFE ID
    :param evidence: what it shows where it runs: ``lanyard.evidence``
    :param endpoints: pinned addresses; read from the issuer's metadata when left out
    :param served_at: base addresses, by resource, of resources that are not served at their own identifier: constants of
        the deployment, never text from a model or a message (threat 43)
    :param key: a P-256 key; a new one for this process when left out
    :param http: for calls to Lanyard; a client of its own when left out
    """

    def __init__(
        self,
        *,
        issuer: str,
        agent: str,
        evidence: EvidenceSource,
        endpoints: Endpoints | None = None,
        served_at: Mapping[str, str] | None = None,
        key: ec.EllipticCurvePrivateKey | None = None,
        http: httpx.Client | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(
            issuer=issuer,
            agent=agent,
            evidence=evidence,
            endpoints=endpoints,
            served_at=served_at,
            key=key,
            clock=clock,
        )
        self._http = http or httpx.Client()

    def identity(self) -> Identity:
        """Attests when needed; the identity is kept until shortly before it expires."""
        return run(self._caller.identity(), self._http)

    def open(
        self,
        grants: Sequence[Grant],
        *,
        id_token: str | None = None,
        access_token: str | None = None,
        purpose: str | None = None,
        lifetime_seconds: int | None = None,
        max_uses: int | None = None,
        renewable: bool = False,
        approval: ApprovalWait | None = None,
    ) -> Session:
        """Opens a session.

        :param id_token: of the person the work is for; without it the agent works on its own account
        :param access_token: of that person, where the registration accepts it
        :param purpose: asserted, at most 256 characters; recorded in the audit
        :param max_uses: how often its tokens may be used together; at introspecting resources only
        :param renewable: asks for a session token even for one grant; without it such a session is lost when its access
            token expires before it is used again
        :param approval: waits for people where policy permits it with approval; left out, such a request fails with
            ``approval_pending``
        """
        wanted = _Wanted(purpose, lifetime_seconds, max_uses, renewable, approval)
        return Session(run(self._open(_start(id_token, access_token), grants, wanted), self._http), self._http)

    def redeem(self, handle: str, *, expect: Expected | Literal["anything"]) -> Session:
        """Accepts offered work.

        :param expect: from whom and for whom. A session of any other offer is ended and refused (threat 17)
        """
        expected = Expected("anyone", "anyone") if expect == "anything" else expect
        return Session(run(self._redeem(handle, expected), self._http), self._http)

    def hop(
        self,
        presented_access_token: str,
        grants: Sequence[Grant],
        *,
        purpose: str | None = None,
        max_uses: int | None = None,
        renewable: bool = False,
        approval: ApprovalWait | None = None,
    ) -> Session:
        """A session of a downstream exchange, from the access token that was presented to this agent."""
        wanted = _Wanted(purpose, None, max_uses, renewable, approval)
        core = run(self._open(_exchange(presented_access_token, ACCESS), grants, wanted), self._http)
        return Session(core, self._http)

    def introspect(
        self, token: str, *, proved_by: str | None = None, cost_at_most: Cost | None = None
    ) -> Mapping[str, Any]:
        """Asks the issuer about a token that was presented to this agent.

        :param proved_by: thumbprint of the key that proved the request; for another key than the token's no use is taken
        :param cost_at_most: the most that the request can cost, which is reserved in every budget that bounds money; the
            answer's ``report`` is the reservation's id
        """
        return run(self._introspect(token, proved_by, cost_at_most), self._http)

    def settle(self, report: str, cost: Cost) -> Settled:
        """Says what a call did cost for which a sum was reserved, so that the rest goes back.

        Once, and by the server of that resource alone; the same sum may be said again, as after a failure.

        :raises LanyardError: where it failed, or another sum was settled before: then what was reserved stays spent
        """
        return run(self._settle(report, cost), self._http)


class AsyncAgent(_AgentCore):
    """An agent in async code; the parameters are those of :class:`Agent`."""

    def __init__(
        self,
        *,
        issuer: str,
        agent: str,
        evidence: EvidenceSource,
        endpoints: Endpoints | None = None,
        served_at: Mapping[str, str] | None = None,
        key: ec.EllipticCurvePrivateKey | None = None,
        http: httpx.AsyncClient | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(
            issuer=issuer,
            agent=agent,
            evidence=evidence,
            endpoints=endpoints,
            served_at=served_at,
            key=key,
            clock=clock,
        )
        self._http = http or httpx.AsyncClient()

    async def identity(self) -> Identity:
        """As :meth:`Agent.identity`."""
        return await arun(self._caller.identity(), self._http)

    async def open(
        self,
        grants: Sequence[Grant],
        *,
        id_token: str | None = None,
        access_token: str | None = None,
        purpose: str | None = None,
        lifetime_seconds: int | None = None,
        max_uses: int | None = None,
        renewable: bool = False,
        approval: ApprovalWait | None = None,
    ) -> AsyncSession:
        """As :meth:`Agent.open`."""
        wanted = _Wanted(purpose, lifetime_seconds, max_uses, renewable, approval)
        core = await arun(self._open(_start(id_token, access_token), grants, wanted), self._http)
        return AsyncSession(core, self._http)

    async def redeem(self, handle: str, *, expect: Expected | Literal["anything"]) -> AsyncSession:
        """As :meth:`Agent.redeem`."""
        expected = Expected("anyone", "anyone") if expect == "anything" else expect
        return AsyncSession(await arun(self._redeem(handle, expected), self._http), self._http)

    async def hop(
        self,
        presented_access_token: str,
        grants: Sequence[Grant],
        *,
        purpose: str | None = None,
        max_uses: int | None = None,
        renewable: bool = False,
        approval: ApprovalWait | None = None,
    ) -> AsyncSession:
        """As :meth:`Agent.hop`."""
        wanted = _Wanted(purpose, None, max_uses, renewable, approval)
        core = await arun(self._open(_exchange(presented_access_token, ACCESS), grants, wanted), self._http)
        return AsyncSession(core, self._http)

    async def introspect(
        self, token: str, *, proved_by: str | None = None, cost_at_most: Cost | None = None
    ) -> Mapping[str, Any]:
        """As :meth:`Agent.introspect`."""
        return await arun(self._introspect(token, proved_by, cost_at_most), self._http)

    async def settle(self, report: str, cost: Cost) -> Settled:
        """As :meth:`Agent.settle`."""
        return await arun(self._settle(report, cost), self._http)
