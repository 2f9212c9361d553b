import { Agent } from "@lanyard-iam/client/start";
import { generateText, stepCountIs } from "ai";
import { model } from "./scripted.mjs";
import { ticketTools } from "./tools.mjs";

const { ISSUER: issuer, AGENT: id, TICKETS: resource } = process.env;
const [ticket] = process.argv.slice(2);

await using agent = await Agent.start({ issuer, agent: id });
await using session = await agent.open({
  grants: [{ resource, scopes: ["tickets:read"] }],
  purpose: `ticket ${ticket}`,
});
const { text } = await generateText({
  model: model(ticket),
  tools: ticketTools(session, resource),
  stopWhen: stepCountIs(3),
  prompt: `What is ticket ${ticket} about?`,
});
console.log(text);
