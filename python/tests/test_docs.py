"""The code in docs/python.md and README.md is what is run here: each page's blocks, one after the other."""

from __future__ import annotations

import re
import sys
import time
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import botocore.session
import httpx
import pytest
from fastapi import FastAPI
from issuer import ISSUER, NOW, PLANNER, Evidence, Issuer

import lanyard
import lanyard.evidence
from lanyard.aws import SessionCredentials
from lanyard.server import Authenticated

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("docs/python.md", "python/README.md")


def blocks(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)


def block(page: str, word: str) -> str:
    [found] = [text for text in blocks(page) if word in text]
    return found


def run(code: str, **given: Any) -> dict[str, Any]:
    # a module, where FastAPI looks for the names in annotations
    module = types.ModuleType("page")
    sys.modules["page"] = module
    names: dict[str, Any] = module.__dict__
    names.update(given)
    exec(compile(code, "page", "exec"), names)
    return names


@pytest.mark.parametrize("page", PAGES)
def test_a_resource_server_of_the_page_refuses_and_says_how_to_come_back(page: str) -> None:
    app: FastAPI = run(block(page, "FastAPI()"), issuer=ISSUER)["app"]

    async def ask() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://x.example") as http:
            return [await http.get("/tickets/1"), await http.get("/.well-known/oauth-protected-resource")]

    refused, metadata = anyio.run(ask)
    assert refused.status_code == 401 and 'scope="tickets:read"' in refused.headers["www-authenticate"]
    assert metadata.json()["authorization_servers"] == [ISSUER]


def test_the_middleware_of_the_page_stands_before_an_application() -> None:
    page = "docs/python.md"
    names = run(block(page, "FastAPI()"), issuer=ISSUER)
    app = FastAPI()
    run(block(page, "add_middleware"), app=app, server=names["server"])

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="https://x.example") as http:
            return await http.get("/anything")

    assert anyio.run(ask).status_code == 401


class Given(Evidence):
    """In the place of STS."""

    def __init__(self, **settings: str) -> None:
        super().__init__()
        assert settings == {"region": "eu-west-1"}


@pytest.mark.parametrize("page", PAGES)
def test_an_agent_of_the_page_opens_calls_and_ends(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    issuer = Issuer()
    issuer.others["tickets.example"] = lambda request: httpx.Response(200, text=request.headers["authorization"][:4])
    through = httpx.MockTransport(issuer.handle)
    monkeypatch.setattr(lanyard.evidence, "StsWebIdentity", Given)

    class Httpx:
        @staticmethod
        def get(url: str, auth: httpx.Auth) -> httpx.Response:
            with httpx.Client(transport=through) as http:
                return http.get(url, auth=auth)

    agent_http: Mapping[str, Any] = {"http": httpx.Client(transport=through), "clock": issuer.clock}
    plain = lanyard.Agent
    monkeypatch.setattr(lanyard, "Agent", lambda **settings: plain(**settings, **agent_http))
    names = run(block(page, "with agent.open"), issuer=ISSUER, planner=PLANNER, id_token="idt", httpx=Httpx)
    assert names["answer"].text == "DPoP"
    assert issuer.asked("token")[0]["purpose"] == "ticket 42" and len(issuer.asked("revoke")) == 1


def test_an_agent_of_the_page_waits_for_people(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    issuer = Issuer()
    waits = {"error": "authorization_pending", "auth_req_id": "ap_1", "interval": 5, "expires_in": 900}
    issuer.instead["token"] = [httpx.Response(400, json=waits)]

    def asleep(seconds: float) -> None:
        issuer.clock.seconds += seconds

    monkeypatch.setattr(time, "sleep", asleep)
    names = run(block("docs/python.md", "ApprovalWait"), agent=issuer.agent(), Grant=lanyard.Grant, id_token="idt")
    assert names["session"].sid == "sid-1" and capsys.readouterr().out == "waiting for people: ap_1\n"


def test_credentials_of_the_page_sign_for_boto3() -> None:
    issuer = Issuer()
    issuer.life = 3_600
    grant = lanyard.Grant("https://files.example", ["files:read"])
    session = issuer.agent().open([grant], renewable=True)

    class Boto3(types.ModuleType):
        """boto3's session is a botocore session with names."""

        class Session:
            def __init__(self, botocore_session: botocore.session.Session) -> None:
                self.inner = botocore_session

            def client(self, name: str) -> Any:
                return self.inner.create_client(name)

    sys.modules["boto3"] = Boto3("boto3")
    try:
        names = run(block("docs/python.md", "SessionCredentials"), session=session)
    finally:
        del sys.modules["boto3"]
    assert isinstance(names["credentials"], SessionCredentials)
    assert names["s3"].meta.region_name == "eu-west-1"
    assert issuer.clock.seconds == NOW


def test_every_name_that_the_page_imports_is_there() -> None:
    text = (ROOT / "docs/python.md").read_text("utf-8")
    for name in (
        *("ResourceServer", "AsyncResourceServer", "Agent", "AsyncAgent", "ApprovalWait"),
        *("Nonces", "DetailsType", "Expected"),
    ):
        assert f"{name}" in text and hasattr(lanyard, name)
    for member in ("requires", "permits", "access", "presented_access_token"):
        assert member in Authenticated.__dict__ or member in Authenticated.__dataclass_fields__


def test_the_version_is_the_repositorys() -> None:
    root = (ROOT / "package.json").read_text("utf-8")
    own = (ROOT / "python/pyproject.toml").read_text("utf-8")
    [version] = re.findall(r'^version = "(.*)"', own, re.MULTILINE)
    assert f'"version": "{version}"' in root
