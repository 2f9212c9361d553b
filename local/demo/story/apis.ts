import type { LanyardAgent } from "../../../client/index.ts";
import { type Authenticated, createResourceServer, type DetailsTypeDeclaration } from "../../../client/verify.ts";
import { customerRows, customers, production, ticketRows, tickets } from "./desk.ts";
import { customerRecord, deploying, deployment, reading, ticketCustomers } from "./details.ts";
import { type Api, needs, notFound, ok, type Reply, serve } from "./serving.ts";

/**
 * The ticket API. It introspects every token, so that a revocation counts at the very next call, and goes one hop on
 * to the customer API with what the registry says its token entails.
 * @param agent the ticket API's own identity
 */
export function startTicketApi(issuer: string, agent: LanyardAgent, customerApi: string): Promise<Api> {
  return serve(
    (requestUrl) => {
      const details = [ticketCustomers];
      return createResourceServer({ issuer, resource: tickets, mode: "introspect", agent, requestUrl, details });
    },
    {
      "GET /tickets": needs("tickets:read", async (caller) =>
        list(caller, ticketRows, { type: ticketCustomers, customerOf: (ticket) => ticket.customer }),
      ),
      "POST /tickets": needs("tickets:write", async (caller) => {
        // a new ticket names no customer: whoever may touch some customers' tickets only may not write it
        caller.permits({});
        return { status: 201, body: { id: "T-3" } };
      }),
      "GET /tickets/:id/customer": needs("tickets:read", async (caller, path) => {
        const ticket = ticketRows.find(({ id }) => id === path.split("/")[2]);
        if (!ticket) return notFound;
        caller.permits(reading(ticketCustomers, [ticket.customer]));
        const grants = [{ resource: customers, scopes: ["customers:read"] }];
        // not the caller's token goes on, but a child session of this API's own, bound to its own key
        const hop = await agent.hop(caller.presentedAccessToken, {
          grants,
          purpose: `customer of ticket ${ticket.id}`,
        });
        const answer = await hop.fetch(`${customerApi}/customers/${ticket.customer}`, { resource: customers });
        return answer.status === 200 ? ok(await answer.json()) : passedOn(answer);
      }),
    },
  );
}

/**
 * How old what the customer API knows of revocations may be: customers' data is worth a question to the issuer every half
 * second, and whoever watches the story sees the end sooner.
 */
export const customerFreshSeconds = 1;

/** The customer API. It verifies offline: key set and status list, no call per request, a second behind a revocation. */
export function startCustomerApi(issuer: string): Promise<Api> {
  const details = [customerRecord];
  const guardAt = (requestUrl: string) =>
    createResourceServer({
      ...{ issuer, resource: customers, mode: "offline", requestUrl, details },
      freshSeconds: customerFreshSeconds,
    });
  return serve(guardAt, {
    "GET /customers": needs("customers:read", async (caller) =>
      list(caller, customerRows, { type: customerRecord, customerOf: (customer) => customer.id }),
    ),
    "GET /customers/:id": needs("customers:read", async (caller, path) => {
      const id = path.split("/")[2] ?? "";
      caller.permits(reading(customerRecord, [id]));
      const row = customerRows.find((customer) => customer.id === id);
      return row ? ok({ ...row, seenBy: caller.access.agent, history: caller.access.history }) : notFound;
    }),
    "POST /customers/:id/notes": needs("customers:notes", async (caller, path) => {
      caller.permits(reading(customerRecord, [path.split("/")[2] ?? ""]));
      return { status: 201, body: {} };
    }),
  });
}

/** The rows of the customers the token names; together they must be no more than it admits at once. */
function list<Row>(
  caller: Authenticated,
  rows: readonly Row[],
  { type, customerOf }: { readonly type: DetailsTypeDeclaration; readonly customerOf: (row: Row) => string },
): Reply {
  const seen = rows.filter((row) => caller.admits(reading(type, [customerOf(row)])));
  if (seen.length > 0) caller.permits(reading(type, seen.map(customerOf)));
  return ok(seen);
}

/** What the API behind answered: what may pass there may pass here. */
const passedOn = (answer: Response): Reply => {
  const retryAfter = answer.headers.get("retry-after");
  const body = { error: "customer_api_refused", status: answer.status };
  if (answer.status !== 503 || retryAfter === null) return { status: 502, body };
  return { status: 503, headers: { "Retry-After": retryAfter }, body };
};

/**
 * Where the ticket API is put onto another commit. It asks about every token: an active answer takes the one use that a
 * person approved.
 * @param agent the ticket API's own identity
 */
export function startReleaseApi(issuer: string, agent: LanyardAgent): Promise<Api> {
  const guardAt = (requestUrl: string) =>
    createResourceServer({
      ...{ issuer, resource: production, mode: "introspect", agent, requestUrl, details: [deployment] },
    });
  return serve(guardAt, {
    "POST /deployments/:id": needs("production:deploy", async (caller, path) => {
      const commit = path.split("/")[2] ?? "";
      caller.permits(deploying(commit));
      return { status: 201, body: { deployed: commit } };
    }),
  });
}
