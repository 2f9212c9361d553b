import { Agent } from "@lanyard-iam/client/start";

const { ISSUER: issuer, AGENT: id, TICKETS: resource } = process.env;

// the task itself, with its cluster, family and image, is stronger than its role alone: nothing else will do
await using agent = await Agent.start({ issuer, agent: id, evidence: ["ecs-task"] });
await using session = await agent.open({ grants: [{ resource, scopes: ["tickets:read"] }], purpose: "nightly digest" });
const answer = await session.fetch(`${resource}/open`, { resource });
console.log(JSON.stringify({ evidence: agent.evidence, status: answer.status, ...(await answer.json()) }));
