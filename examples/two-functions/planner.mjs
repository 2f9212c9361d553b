import { Agent } from "@lanyard-iam/client/start";

const { ISSUER: issuer, AGENT: id, RESEARCH: resource, SERVED_AT: address = resource } = process.env;
let agent;

/** Asks the researcher about a ticket, in a session that ends with the event. */
export const handler = async ({ ticket }) => {
  agent ??= await Agent.start({ issuer, agent: id, servedAt: { [resource]: address } });
  await using session = await agent.open({
    grants: [{ resource, scopes: ["research:ask"] }],
    purpose: `ticket ${ticket}`,
  });
  const answer = await session.fetch(`${address}/research?ticket=${encodeURIComponent(ticket)}`, { resource });
  return { status: answer.status, session: session.sid, found: await answer.json() };
};
