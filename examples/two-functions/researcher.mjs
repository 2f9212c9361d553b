import { createLambdaHandler } from "@lanyard-iam/client/handler";
import { Agent } from "@lanyard-iam/client/start";
import { createResourceServer } from "@lanyard-iam/client/verify";

const {
  ISSUER: issuer,
  AGENT: id,
  RESEARCH: resource,
  SERVED_AT: requestUrl = resource,
  TICKETS: tickets,
} = process.env;
const server = createResourceServer({ issuer, resource, requestUrl, mode: "offline" });
const grants = [{ resource: tickets, scopes: ["tickets:read"] }];
let handle;

/** Reads the ticket as itself and for its caller: the hop's session stands below the planner's and ends with it. */
export const handler = async (event, context) => {
  handle ??= createLambdaHandler(
    { server, agent: await Agent.start({ issuer, agent: id }), grants, requires: ["research:ask"] },
    async ({ queryStringParameters: { ticket = "" } = {} }, { session, caller }) => {
      const answer = await session.fetch(`${tickets}/${encodeURIComponent(ticket)}`, { resource: tickets });
      const body = { by: session.agent, askedBy: caller.access.agent, ticket: await answer.json() };
      return { statusCode: answer.status, headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    },
  );
  return handle(event, context);
};
