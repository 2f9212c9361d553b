"""A ticket API in FastAPI, guarded by its own dependency; run by uvicorn with the deployment's facts in DESK."""

import json
import os
from typing import Annotated, Any

from botocore.session import Session
from fastapi import Depends, FastAPI

from lanyard import AsyncAgent, AsyncResourceServer, Authenticated, Description, DetailsType, Grant
from lanyard.evidence import StsWebIdentity
from lanyard.fastapi import Guard

desk = json.loads(os.environ["DESK"])
role = Session()
role.set_credentials(*desk["roles"]["ticket-api"])
evidence = StsWebIdentity(region=desk["region"], endpoint=desk["aws"], session=role)
agent = AsyncAgent(issuer=desk["issuer"], agent=desk["agents"]["ticket-api"], evidence=evidence)
server = AsyncResourceServer(
    issuer=desk["issuer"],
    resource=desk["tickets"],
    mode=desk["mode"],
    agent=agent if desk["mode"] == "introspect" else None,
    request_url=desk["served"],
    details=[DetailsType(**declared) for declared in desk["details"]],
    description=Description(name="Tickets", scopes=["tickets:read", "tickets:write"]),
    nonces=True,
)
guard = Guard(server)
app = FastAPI()
guard.install(app)
Reader = Annotated[Authenticated, Depends(guard.requires("tickets:read"))]


@app.get("/tickets/{ticket}")
async def read(ticket: str, caller: Reader) -> dict[str, Any]:
    caller.permits({"ticket-customers": {"customers": ticket, "maxRecords": 1}})
    return {"ticket": ticket, "for": caller.access.principal.id, "by": caller.access.agent}


@app.get("/customers/{ticket}")
async def onward(ticket: str, caller: Reader) -> dict[str, Any]:
    grants = [Grant(desk["customers"], ["customers:read"])]
    session = await agent.hop(caller.presented_access_token, grants)
    token = await session.access_token(desk["customers"])
    return {"principal": session.principal, "root": session.root, "scopes": token.scopes, "by": session.agent}
