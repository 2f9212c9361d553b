"""The ``httpx.Auth`` of a session: what it sends, where to, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import anyio
import httpx
import pytest
from issuer import TICKETS, Issuer, claims_of

from lanyard import Grant, LanyardError

READ = [Grant(TICKETS, ["tickets:read"])]
Server = Callable[[httpx.Request], httpx.Response]


# what the MCP SDK calls by since its version 2; tried where it is installed
LIBRARIES = [httpx] if find_spec("httpx2") is None else [httpx, import_module("httpx2")]


class Both:
    """Sends the same request by a blocking client and by an async one, and tells how each ended."""

    def __init__(self, server: Server, *, library: Any = httpx, **settings: Any) -> None:
        self.library = library
        self.seen: list[httpx.Request] = []
        self.settings = settings
        self.server = server

    def ground(self) -> Issuer:
        issuer = Issuer()

        def noting(request: httpx.Request) -> httpx.Response:
            self.seen.append(request)
            return self.server(request)

        for host in ("tickets.example", "evil.example", "elsewhere.example"):
            issuer.others[host] = noting
        return issuer

    def transport(self, issuer: Issuer) -> Any:
        def handle(request: Any) -> Any:
            plain = httpx.Request(request.method, str(request.url), headers=request.headers.raw, content=request.content)
            answer = issuer.handle(plain)
            return self.library.Response(answer.status_code, headers=answer.headers.raw, content=answer.content)

        return self.library.MockTransport(handle)

    def send(self, url: str, method: str = "GET", resource: str = TICKETS, **request: Any) -> list[Any]:
        return [self._sync(url, method, resource, request), anyio.run(self._async, url, method, resource, request)]

    def _sync(self, url: str, method: str, resource: str, request: dict[str, Any]) -> Any:
        issuer = self.ground()
        session = issuer.agent(served_at={"urn:x": "https://elsewhere.example/x"}).open(READ, renewable=True)
        with self.library.Client(transport=self.transport(issuer), **self.settings) as http:
            try:
                return http.request(method, url, auth=session.auth(resource, library=self.library), **request)
            except LanyardError as error:
                # the token is asked for only where the address may be called
                return error.code, len(issuer.asked("token"))

    async def _async(self, url: str, method: str, resource: str, request: dict[str, Any]) -> Any:
        issuer = self.ground()
        agent = issuer.async_agent(served_at={"urn:x": "https://elsewhere.example/x"})
        session = await agent.open(READ, renewable=True)
        async with self.library.AsyncClient(transport=self.transport(issuer), **self.settings) as http:
            try:
                return await http.request(method, url, auth=session.auth(resource, library=self.library), **request)
            except LanyardError as error:
                return error.code, len(issuer.asked("token"))


def ok(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, text="ok")


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
def test_each_request_carries_the_token_and_a_proof_for_it(library: Any) -> None:
    both = Both(ok, library=library)
    for answer in both.send(f"{TICKETS}/42?x=1", "POST", json={"a": 1}):
        assert answer.status_code == 200
    for request in both.seen:
        assert request.headers["authorization"].startswith("DPoP ")
        claims = claims_of(request.headers["dpop"])
        assert (claims["htm"], claims["htu"]) == ("POST", f"{TICKETS}/42")
        Issuer().prove(request)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v1/42",
        "https://tickets.example/v2",
        "https://tickets.example/v12",
        "https://tickets.example/v1/../v2",
        "https://tickets.example/v1/%2e%2e/v2",
        "https://tickets.example/v1/..;/v2",
        "https://tickets.example/v1%2f..%2fv2",
        "https://tickets.example:8443/v1",
        "https://tickets.example.evil.example/v1",
        "https://tickets.example@evil.example/v1",
    ],
)
def test_an_address_outside_the_resource_is_refused_before_a_token_is_asked_for(url: str) -> None:
    both = Both(ok)
    # httpx resolves dots before it shows the address; one that stays inside then is what is called
    for code, tokens in both.send(url):
        assert (code, tokens) in (("outside_resource", 1), ("insecure_url", 1))
    assert both.seen == []


def test_nothing_is_called_in_clear() -> None:
    assert Both(ok).send("http://tickets.example/v1") == [("insecure_url", 1)] * 2


def test_a_resource_is_called_where_the_developer_said_it_is_served() -> None:
    both = Both(ok)
    first, second = both.send("https://elsewhere.example/x/1", resource="urn:x")
    assert first.status_code == second.status_code == 200
    assert both.send("https://tickets.example/v1", resource="urn:x") == [("outside_resource", 1)] * 2


@pytest.mark.parametrize("follow", [True, False])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["https://evil.example/v1", f"{TICKETS}/other", "/elsewhere", "other"])
@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
def test_a_redirect_is_refused_whatever_the_clients_setting(
    follow: bool, status: int, location: str, library: Any
) -> None:
    def server(request: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers={"location": location})

    both = Both(server, library=library, follow_redirects=follow)
    for code, _ in both.send(f"{TICKETS}/42", "POST", content=b"x"):
        assert code == "outside_resource"
    assert [str(request.url) for request in both.seen] == [f"{TICKETS}/42"] * 2


def demanding(times: int) -> tuple[Server, list[str]]:
    asked: list[str] = []

    def server(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers["dpop"])
        if claims_of(request.headers["dpop"]).get("nonce") == "n-1" and times < 3:
            return httpx.Response(200, content=request.content)
        headers = {"www-authenticate": 'DPoP error="use_dpop_nonce", algs="ES256"', "dpop-nonce": "n-1"}
        return httpx.Response(401, headers=headers)

    return server, asked


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
def test_a_nonce_is_answered_once_with_a_proof_of_its_own(library: Any) -> None:
    server, asked = demanding(1)
    for answer in Both(server, library=library).send(TICKETS, "POST", content=b"body"):
        assert (answer.status_code, answer.content) == (200, b"body")
    assert len(asked) == 4 and len(set(asked)) == 4


def test_a_server_that_demands_for_ever_is_answered_once() -> None:
    server, asked = demanding(3)
    assert [answer.status_code for answer in Both(server).send(TICKETS)] == [401, 401]
    assert len(asked) == 4


def test_a_body_that_cannot_be_sent_again_is_not() -> None:
    def parts() -> Any:
        yield b"once"

    server, asked = demanding(1)
    issuer = Issuer()
    issuer.others["tickets.example"] = server
    session = issuer.agent().open(READ)

    class Streaming(httpx.BaseTransport):
        """As a real one: what was sent is gone."""

        def handle_request(self, request: httpx.Request) -> httpx.Response:
            sent = b"".join(request.stream)  # type: ignore[arg-type]
            return issuer.handle(httpx.Request(request.method, request.url, headers=request.headers, content=sent))

    with httpx.Client(transport=Streaming(), auth=session.auth(TICKETS)) as http:
        assert http.post(TICKETS, content=parts()).status_code == 401
        # the nonce is kept: the next call has it at once
        assert http.get(TICKETS).status_code == 200
    assert len(asked) == 2


def test_another_401_is_the_callers_to_see() -> None:
    challenge = {"www-authenticate": 'DPoP error="invalid_token"'}
    both = Both(lambda request: httpx.Response(401, headers=challenge))
    assert [answer.status_code for answer in both.send(TICKETS)] == [401, 401] and len(both.seen) == 2


def test_an_auth_is_for_the_client_of_its_kind() -> None:
    issuer = Issuer()
    issuer.others["tickets.example"] = ok
    session = issuer.agent().open(READ)

    async def wrong() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(issuer.handle)) as http:
            await http.get(TICKETS, auth=session.auth(TICKETS))

    with pytest.raises(TypeError):
        anyio.run(wrong)


def test_the_answers_address_is_a_plain_one_again() -> None:
    [answer, _] = Both(ok).send(f"{TICKETS}/42#part")
    assert answer.url.fragment == "part" and type(answer.url) is httpx.URL
