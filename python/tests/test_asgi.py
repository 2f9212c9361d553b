"""The guard before real applications: Starlette by the middleware, FastAPI by the dependency; mounted, and below a base."""

import json
from collections.abc import Callable
from typing import Annotated, Any

import anyio
import httpx
from cases import FOLDER, Ground
from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from lanyard import AccessError, AsyncResourceServer, Authenticated
from lanyard.asgi import LanyardMiddleware, caller_of
from lanyard.fastapi import Guard

RESOURCE = "https://tickets.example"


def case_of(name: str, case_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    file = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return file, next(case for case in file["cases"] if case["id"] == case_id)


def ground(name: str = "tokens", case_id: str = "accepted-1", **more: Any) -> tuple[AsyncResourceServer, list[Any]]:
    file, case = case_of(name, case_id)
    made = Ground(file, case)
    made.arguments.update(more)
    return made.async_server(), [request for _, request in made.steps()]


def ask(app: Any, *requests: tuple[str, str, Any]) -> list[httpx.Response]:
    async def every() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://inside.example") as http:
            return [await http.request(method, url, headers=headers) for method, url, headers in requests]

    return anyio.run(every)


async def things(request: Request) -> JSONResponse:
    caller = caller_of(request.scope)
    if "admin" in request.query_params:
        caller.requires("tickets:admin")
    return JSONResponse({"agent": caller.access.agent})


def starlette(server: AsyncResourceServer, refused: Callable[[AccessError], None] | None = None) -> Any:
    inner = Starlette(routes=[Mount("/", routes=[Route("/things", things, methods=["POST", "GET"])])])
    inner.add_middleware(LanyardMiddleware, server=server, refused=refused)
    return inner


def test_middleware_lets_in_and_refuses() -> None:
    server, [request] = ground()
    refused: list[str] = []
    app = starlette(server, lambda error: refused.append(error.code))
    first, again, bare = ask(app, request, request, ("GET", "/things", {}))
    assert first.status_code == 200 and first.json()["agent"].endswith("/planner")
    assert again.status_code == 401 and 'error="invalid_dpop_proof"' in again.headers["www-authenticate"]
    assert bare.status_code == 401 and bare.content == b""
    assert f'resource_metadata="{RESOURCE}/.well-known/oauth-protected-resource"' in bare.headers["www-authenticate"]
    assert refused == ["proof_replayed", "credentials_missing"]


def test_what_the_application_refuses_is_answered_by_its_reply() -> None:
    server, [(method, _, headers)] = ground()
    [answer] = ask(starlette(server), (method, "/things?admin=1", headers))
    assert answer.status_code == 403 and 'scope="tickets:admin"' in answer.headers["www-authenticate"]


def test_a_host_or_forwarded_header_chooses_no_url() -> None:
    server, [(method, target, headers)] = ground("proofs", "proof-claim-23")
    forged = [*headers, ("host", "evil.example"), ("x-forwarded-host", "evil.example")]
    [answer] = ask(starlette(server), (method, target, forged))
    assert answer.status_code == 401


def test_metadata_and_preflight_need_no_token() -> None:
    server, _ = ground()
    path = "/.well-known/oauth-protected-resource"
    asked = {"origin": "https://page.example", "access-control-request-method": "POST"}
    for app in (starlette(server), fastapi(server)):
        metadata, preflight = ask(app, ("GET", path, {}), ("OPTIONS", "/things", asked))
        assert metadata.json()["resource"] == RESOURCE and metadata.headers["access-control-allow-origin"] == "*"
        assert preflight.status_code == 204 and "DPoP" in preflight.headers["access-control-allow-headers"]


def test_nonces_come_with_every_answer() -> None:
    server, [request] = ground("requests", "nonce-1")
    first, again = ask(starlette(server), request, ("GET", "/things", {}))
    assert first.status_code == 200 and first.headers["dpop-nonce"] == again.headers["dpop-nonce"]
    server, [request] = ground("requests", "nonce-1")
    [answer] = ask(fastapi(server), request)
    assert answer.status_code == 200 and answer.headers["dpop-nonce"] == first.headers["dpop-nonce"]


def test_websockets_are_refused() -> None:
    server, _ = ground()
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    anyio.run(starlette(server), {"type": "websocket", "path": "/things", "headers": []}, receive, send)
    assert [message["type"] for message in sent] == ["websocket.close"]


def fastapi(server: AsyncResourceServer) -> FastAPI:
    app = FastAPI()
    guard = Guard(server)
    guard.install(app)

    @app.post("/things")
    async def read(caller: Annotated[Authenticated, Depends(guard.requires("tickets:read"))]) -> dict[str, str]:
        return {"agent": caller.access.agent}

    @app.post("/both")
    async def both(
        caller: Annotated[Authenticated, Depends(guard)],
        again: Annotated[Authenticated, Depends(guard.requires("tickets:read"))],
    ) -> bool:
        return caller is again

    @app.post("/admin")
    async def admin(caller: Annotated[Authenticated, Depends(guard.requires("tickets:admin"))]) -> None: ...

    return app


def test_fastapi_lets_in_and_refuses_as_the_middleware_does() -> None:
    server, [request] = ground()
    first, again, bare = ask(fastapi(server), request, request, ("POST", "/things", {}))
    assert (first.status_code, again.status_code, bare.status_code) == (200, 401, 401)
    assert again.json()["error"] == "invalid_dpop_proof"
    assert bare.headers["www-authenticate"].startswith('DPoP scope="tickets:read", resource_metadata=')


def test_several_dependencies_use_one_proof() -> None:
    server, [(method, _, headers)] = ground(request_url=lambda request: f"{RESOURCE}/things")
    [answer] = ask(fastapi(server), (method, "/both", headers))
    assert answer.json() is True


def test_fastapi_asks_for_the_scope_that_is_missing() -> None:
    server, [(method, _, headers)] = ground(request_url=lambda request: f"{RESOURCE}/things")
    [answer] = ask(fastapi(server), (method, "/admin", headers))
    assert answer.status_code == 403 and 'scope="tickets:admin"' in answer.headers["www-authenticate"]


def test_mounted_and_below_a_root_path_the_url_is_what_the_caller_wrote() -> None:
    server, [(method, _, headers)] = ground()
    outer = FastAPI()
    inner = fastapi(server)
    outer.mount("/things", inner)
    # the proof is for /things: the mounted application sees "/", and the guard the whole path
    inner.add_api_route("/", lambda: None, methods=["POST"], dependencies=[Depends(Guard(server))])
    [answer] = ask(outer, (method, "/things/", headers))
    assert answer.status_code == 401 and answer.json()["error"] == "invalid_dpop_proof"
