import type { IncomingMessage, ServerResponse } from "node:http";
import { LanyardError } from "../../../client/index.ts";
import { AccessError, type Authenticated, type ResourceServer } from "../../../client/verify.ts";
import { listen } from "../../emulator/loopback.ts";

/** One small API of the story. */
export interface Api {
  /** Where it listens, without trailing slash. */
  readonly url: string;
  close(): Promise<void>;
}

/** An answer of an API. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
}

type Route = (caller: Authenticated, path: string) => Promise<Reply>;

export const ok = (body: unknown): Reply => ({ status: 200, body });
export const notFound: Reply = { status: 404, body: { error: "not_found" } };

/** A route that runs only when the caller's token carries `scope`. */
export const needs =
  (scope: string, route: Route): Route =>
  async (caller, path) => {
    caller.requires(scope);
    return route(caller, path);
  };

/** Serves routes behind a guard; nothing is looked at before the caller has proved itself. */
export async function serve(
  guardAt: (url: string) => ResourceServer,
  routes: Readonly<Record<string, Route>>,
): Promise<Api> {
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
