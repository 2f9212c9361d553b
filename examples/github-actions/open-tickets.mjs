import { parseArgs } from "node:util";
import { Agent } from "@lanyard-iam/client/start";

const text = { type: "string" };
// on the command line, which the workflow's file writes: an earlier step could change a variable of the environment
const { values } = parseArgs({ options: { issuer: text, agent: text, tickets: text, "github-host": text } });
const { issuer, agent: id, tickets: resource, "github-host": host } = values;

// document: what GitHub signs carries no challenge of ours, so it is no stronger
await using agent = await Agent.start({ issuer, agent: id, ...(host ? { github: { hosts: [host] } } : {}) });
const purpose = `run ${process.env.GITHUB_RUN_ID}`;
await using session = await agent.open({ grants: [{ resource, scopes: ["tickets:read"] }], purpose });
const answer = await session.fetch(`${resource}/open`, { resource });
console.log(JSON.stringify({ evidence: agent.evidence, status: answer.status, ...(await answer.json()) }));
