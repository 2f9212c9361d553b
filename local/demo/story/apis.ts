import type { IncomingMessage, ServerResponse } from "node:http";
import { type LanyardAgent, LanyardError } from "../../../client/index.ts";
import {
  AccessError,
  type Authenticated,
  createResourceServer,
  type DetailsTypeDeclaration,
  type ResourceServer,
} from "../../../client/verify.ts";
import { listen } from "../../emulator/loopback.ts";
import { customerRows, customers, ticketRows, tickets } from "./desk.ts";
import { customerRecord, reading, ticketCustomers } from "./details.ts";

/** One small API of the story. */
export interface Api {
  /** Where it listens, without trailing slash. */
  readonly url: string;
  close(): Promise<void>;
}

/** An answer of an API. */
interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

type Route = (caller: Authenticated, path: string) => Promise<Reply>;

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

const ok = (body: unknown): Reply => ({ status: 200, body });
const notFound: Reply = { status: 404, body: { error: "not_found" } };

/** A route that runs only when the caller's token carries `scope`. */
const needs =
  (scope: string, route: Route): Route =>
  async (caller, path) => {
    caller.requires(scope);
    return route(caller, path);
  };

/** Serves routes behind a guard; nothing is looked at before the caller has proved itself. */
async function serve(guardAt: (url: string) => ResourceServer, routes: Readonly<Record<string, Route>>): Promise<Api> {
  let guard: ResourceServer | undefined;
  const server = await listen(async (request, response) => {
    try {
      const caller = await guard?.authenticate(request);
      send(response, caller ? await answerTo(caller, request, routes) : { status: 503, body: { error: "starting" } });
    } catch (error) {
      if (error instanceof AccessError) return send(response, error.reply);
      // the issuer's refusals are the caller's business only in so far as nothing comes of the request
      if (error instanceof LanyardError && !error.retryable)
        return send(response, { status: 403, body: { error: error.code } });
      // the reason belongs into the message: without it, nobody knows which function to look at
      const why = error instanceof Error ? error.message : String(error);
      const headers = { "Retry-After": "1" };
      send(response, { status: 503, headers, body: { error: "unavailable", error_description: why } });
    }
  });
  const url = `http://${server.host}`;
  guard = guardAt(url);
  return { url, close: server.close };
}

async function answerTo(
  caller: Authenticated,
  request: IncomingMessage,
  routes: Readonly<Record<string, Route>>,
): Promise<Reply> {
  const path = URL.parse(request.url ?? "/", "http://api")?.pathname ?? "/";
  const pattern = path.split("/").map((part, index) => (index === 2 ? ":id" : part));
  const route = routes[`${request.method} ${path}`] ?? routes[`${request.method} ${pattern.join("/")}`];
  return route ? route(caller, path) : notFound;
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  response.writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers });
  response.end(text);
}
