"""A ticket API: who calls is what the token and its proof say."""

import os
from typing import Annotated

from fastapi import Depends, FastAPI
from lanyard import AsyncResourceServer, Authenticated
from lanyard.fastapi import Guard

resource = os.environ["RESOURCE"]
server = AsyncResourceServer(
    issuer=os.environ["ISSUER"], resource=resource, mode="offline", request_url=os.environ.get("SERVED_AT", resource)
)
guard = Guard(server)
app = FastAPI()
guard.install(app)


@app.get("/tickets/{ticket}")
async def read(ticket: str, caller: Annotated[Authenticated, Depends(guard.requires("tickets:read"))]) -> dict[str, str]:
    return {"ticket": ticket, "by": caller.access.agent}
