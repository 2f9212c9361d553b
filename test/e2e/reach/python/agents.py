"""The story of two agents in Python, one line of JSON a step; the deployment's facts come in DESK."""

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import anyio
import httpx
from botocore.session import Session as Role

from lanyard import Agent, AsyncAgent, Expected, Grant, LanyardError, Session
from lanyard.aws import SessionCredentials, botocore_session
from lanyard.evidence import StsCallerIdentity, StsWebIdentity

desk = json.loads(os.environ["DESK"])
tickets, served = desk["tickets"], desk["served"]
READ = Grant(tickets, ["tickets:read"])


def role_of(name: str) -> Role:
    role = Role()
    role.set_credentials(*desk["roles"][name])
    return role


def web_identity(name: str) -> StsWebIdentity:
    return StsWebIdentity(region=desk["region"], endpoint=desk["aws"], session=role_of(name))


def settings(name: str) -> dict[str, Any]:
    return {"issuer": desk["issuer"], "agent": desk["agents"][name], "served_at": {tickets: served}}


def tell(step: str, **facts: Any) -> None:
    print(json.dumps({"step": step, **facts}), flush=True)


def outcome(work: Callable[[], Any]) -> str:
    try:
        work()
    except LanyardError as error:
        return error.code
    return "ok"


def answer(response: httpx.Response) -> dict[str, Any]:
    challenge = response.headers.get("www-authenticate", "")
    return {"status": response.status_code, "challenge": challenge, "body": response.json() if response.content else None}


def until_refused(session: Session) -> dict[str, Any]:
    """The deployment tells of a cut within the ttl of its documents; a minute is the bound of this wait."""
    end = time.monotonic() + 60
    with httpx.Client(auth=session.auth(tickets)) as http:
        while True:
            response = http.get(f"{served}/tickets/T-1")
            if response.status_code != 200 or time.monotonic() > end:
                return answer(response)
            time.sleep(0.25)


async def awaited() -> None:
    agent = AsyncAgent(**settings("planner"), evidence=web_identity("planner"))
    async with await agent.open([READ], id_token=desk["id_token"]) as session, httpx.AsyncClient() as http:
        response = await http.get(f"{served}/tickets/T-2", auth=session.auth(tickets))
        tell("async", **answer(response))


def main() -> None:
    planner = Agent(**settings("planner"), evidence=web_identity("planner"))
    researcher = Agent(**settings("researcher"), evidence=desk_evidence())
    tell("attest", planner=planner.identity().assurance, researcher=researcher.identity().assurance)

    session = planner.open([READ], id_token=desk["id_token"], purpose="tickets in Python", lifetime_seconds=300, renewable=True)
    http = httpx.Client(auth=session.auth(tickets))
    tell("open", principal=session.principal, agent=session.agent, offered_by=session.offered_by)
    tell("call", **answer(http.get(f"{served}/tickets/T-1?full=1")))
    tell("bare", **answer(httpx.get(f"{served}/tickets/T-1")))
    tell("outside", code=outcome(lambda: http.get(f"{desk['issuer']}/tickets/T-1")))
    tell("hop", **answer(http.get(f"{served}/customers/T-1")))

    detail = {"type": "ticket-customers", "customers": ["T-1"], "maxRecords": 1}
    offer = session.offer(desk["agents"]["researcher"], [Grant(tickets, ["tickets:read"], [detail])])
    wrong = session.offer(desk["agents"]["researcher"], [READ])
    expect = Expected(desk["agents"]["planner"], session.principal)
    child = researcher.redeem(offer.handle, expect=expect)
    tell("redeem", sid=child.sid != session.sid, root=child.root == session.root, offered_by=child.offered_by)
    unexpected = Expected(desk["agents"]["planner"], "p_nobody")
    tell("unexpected", code=outcome(lambda: researcher.redeem(wrong.handle, expect=unexpected)))
    with httpx.Client(auth=child.auth(tickets)) as of_child:
        tell("restricted", **answer(of_child.get(f"{served}/tickets/T-1")))
        tell("beyond", **answer(of_child.get(f"{served}/tickets/T-2")))
    tell("scope", code=outcome(lambda: child.access_token(tickets, scopes=["tickets:write"])))
    tell("renew", later=session.renew(lifetime_seconds=800) > time.time() + 700)
    anyio.run(awaited)

    credentials = SessionCredentials(session, tickets, scopes=["tickets:read"])
    where = {"endpoint_url": desk["aws"], "region_name": desk["region"]}
    identity = botocore_session(credentials).create_client("sts", **where).get_caller_identity()
    tell("aws", arn=identity["Arn"])

    session.end()
    tell("over", code=outcome(lambda: session.access_token(tickets)))
    tell("vended", code=outcome(credentials.get_frozen_credentials))
    tell("revoked", **until_refused(child))
    tell("ended", code=outcome(lambda: child.renew(lifetime_seconds=60)))


def desk_evidence() -> StsCallerIdentity | StsWebIdentity:
    if desk["researcher"] == "caller-identity":
        return StsCallerIdentity(region=desk["region"], session=role_of("researcher"))
    return web_identity("researcher")


if __name__ == "__main__":
    main()
    sys.exit(0)
