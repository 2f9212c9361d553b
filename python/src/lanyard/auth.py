"""An ``httpx.Auth`` that proves each request by the agent's key (RFC 9449 7).

httpx takes only ``Authorization`` off a request that it redirects elsewhere, and would send the proof on. So a redirect is
refused here, whatever the client's own setting: no address is called that the server chose.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Generator, Sequence
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any, NoReturn

import httpx

from ._base.clock import now_seconds
from ._base.flow import arun, run
from .errors import LanyardError

if TYPE_CHECKING:
    from ._agent.session import AccessToken, SessionCore


def _refuse_redirect() -> NoReturn:
    description = "the answer redirects, and redirects are not followed"
    raise LanyardError("outside_resource", "fetch", description=description)


_wants_nonce = re.compile(r"\bdpop\b.*\berror=\"?use_dpop_nonce\b", re.IGNORECASE)


class _Flows:
    """What an ``Auth`` of either library does; made by ``Session.auth`` and by ``AsyncSession.auth``."""

    _library: Any
    # the address of a request that goes nowhere else: building a redirected request begins by reading its fragment
    _one_hop: Any

    def __init__(
        self, core: SessionCore, http: httpx.Client | httpx.AsyncClient, resource: str, scopes: Sequence[str] | None
    ) -> None:
        self._core = core
        self._http = http
        self._resource = resource
        self._scopes = None if scopes is None else tuple(scopes)

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """As httpx asks for it."""
        self._core.check_address(str(request.url), self._resource)
        if not isinstance(self._http, httpx.Client):
            raise TypeError("an AsyncSession's auth is for httpx.AsyncClient")
        token = run(self._core.access_token(self._resource, self._scopes), self._http)
        response = yield from self._attempt(request, token)
        if self._again(request, response):
            response.read()
            yield from self._attempt(request, token)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """As httpx asks for it."""
        self._core.check_address(str(request.url), self._resource)
        if not isinstance(self._http, httpx.AsyncClient):
            raise TypeError("a Session's auth is for httpx.Client")
        token = await arun(self._core.access_token(self._resource, self._scopes), self._http)
        for attempt in (1, 2):
            plain = self._prepare(request, token)
            response = yield request
            self._settle(request, response, plain)
            if attempt == 2 or not self._again(request, response):
                return
            await response.aread()

    def _attempt(
        self, request: httpx.Request, token: AccessToken
    ) -> Generator[httpx.Request, httpx.Response, httpx.Response]:
        plain = self._prepare(request, token)
        response = yield request
        self._settle(request, response, plain)
        return response

    def _prepare(self, request: httpx.Request, token: AccessToken) -> httpx.URL:
        """Each attempt has a proof of its own: a used one would be refused as a replay."""
        plain, url = request.url, str(request.url)
        request.headers["Authorization"] = f"{token.token_type} {token.token}"
        request.headers.pop("DPoP", None)
        if token.token_type == "DPoP":
            caller = self._core.caller
            now, nonce = now_seconds(caller.clock), caller.nonces.of(url)
            request.headers["DPoP"] = caller.key.prove(request.method, url, now, token=token.token, nonce=nonce)
        request.url = self._one_hop(plain)
        return plain

    def _settle(self, request: httpx.Request, response: httpx.Response, plain: httpx.URL) -> None:
        request.url = plain
        # a second line: a client that came this way sent the request on without us
        if any(former.has_redirect_location for former in response.history):
            _refuse_redirect()
        self._core.caller.nonces.note(str(plain), response.headers)

    def _again(self, request: httpx.Request, response: httpx.Response) -> bool:
        """A demanded nonce is answered once, where the body can be sent again."""
        return (
            response.status_code == 401
            and "dpop-nonce" in response.headers
            and self._core.caller.nonces.of(str(request.url)) == response.headers["dpop-nonce"]
            and _wants_nonce.search(response.headers.get("www-authenticate", "")) is not None
            and "DPoP" in request.headers
            and isinstance(request.stream, self._library.ByteStream)
        )


@cache
def auth_of(library: ModuleType) -> Any:
    """The class of a session's ``Auth`` for ``httpx``, or for ``httpx2``, which has the same members."""
    fragment = property(lambda _: _refuse_redirect())
    one_hop = type("OneHop", (library.URL,), {"fragment": fragment})
    return type("SessionAuth", (_Flows, library.Auth), {"_library": library, "_one_hop": one_hop})
