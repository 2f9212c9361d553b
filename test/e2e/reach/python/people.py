"""A deployer in Python asks people, one line of JSON a step; who decided says so in a line on standard input."""

import json
import os
import sys
from typing import Any

import anyio
import anyio.to_thread
from botocore.session import Session as Role

from lanyard import Agent, ApprovalWait, AsyncAgent, Grant, LanyardError, PendingApproval
from lanyard.evidence import StsWebIdentity

desk = json.loads(os.environ["DESK"])
production = desk["production"]


def role_of(name: str) -> Role:
    role = Role()
    role.set_credentials(*desk["roles"][name])
    return role


def settings() -> dict[str, Any]:
    evidence = StsWebIdentity(region=desk["region"], endpoint=desk["aws"], session=role_of("deployer"))
    return {"issuer": desk["issuer"], "agent": desk["agents"]["deployer"], "evidence": evidence}


def wanted(commit: str) -> list[Grant]:
    return [Grant(production, ["production:deploy"], [{"type": "deployment", "commit": commit}])]


def tell(step: str, **facts: Any) -> None:
    print(json.dumps({"step": step, **facts}), flush=True)


def decided(waiting: PendingApproval) -> bool:
    tell("waiting", id=waiting.id, expires=waiting.expires_in_seconds)
    return sys.stdin.readline() == "decided\n"


async def decided_async(waiting: PendingApproval) -> bool:
    return await anyio.to_thread.run_sync(decided, waiting)


def failed(error: LanyardError) -> dict[str, Any]:
    return {"code": error.code, "error": error.error, "id": error.approval.id if error.approval else None}


async def awaited() -> None:
    try:
        await AsyncAgent(**settings()).open(wanted("2222222"), approval=ApprovalWait(on_pending=decided_async))
        tell("refused", code="ok")
    except LanyardError as error:
        tell("refused", **failed(error))


def main() -> None:
    agent = Agent(**settings())
    try:
        agent.open(wanted("1111111"))
    except LanyardError as error:
        tell("unasked", **failed(error))
    session = agent.open(wanted("1111111"), approval=ApprovalWait(on_pending=decided))
    tell("opened", scopes=list(session.access_token(production).scopes), agent=session.agent)
    anyio.run(awaited)


if __name__ == "__main__":
    main()
