"""Reads one ticket on its own account, in a session that ends with the program."""

import json
import os
import sys

import httpx
from lanyard import Agent, Grant
from lanyard.evidence import StsCallerIdentity

resource = os.environ["RESOURCE"]
address = os.environ.get("SERVED_AT", resource)
agent = Agent(
    issuer=os.environ["ISSUER"],
    agent=os.environ["AGENT"],
    evidence=StsCallerIdentity(region=os.environ["AWS_REGION"]),
    served_at={resource: address},
)
with agent.open([Grant(resource, ["tickets:read"])], purpose="digest") as session:
    answer = httpx.get(f"{address}/tickets/{sys.argv[1]}", auth=session.auth(resource))
print(json.dumps({"status": answer.status_code, **answer.json()}))
