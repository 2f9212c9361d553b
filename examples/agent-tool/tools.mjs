import { jsonSchema, tool } from "ai";

const ticket = { type: "string", pattern: "^[0-9]{1,9}$" };
const inputSchema = jsonSchema({
  type: "object",
  properties: { ticket },
  required: ["ticket"],
  additionalProperties: false,
});

/** What the model may do, with the rights of this session and no others. The model sees no token, and names no address. */
export const ticketTools = (session, resource) => ({
  readTicket: tool({
    description: "Reads one ticket",
    inputSchema,
    execute: async ({ ticket }) => {
      const answer = await session.fetch(`${resource}/${encodeURIComponent(ticket)}`, { resource });
      // a model works on with a refusal that it is told of
      return answer.ok ? answer.json() : { refused: answer.status };
    },
  }),
});
