import type { LanyardAgent } from "../../client/index.ts";
import { AccessError } from "../../client/resource/access-error.ts";
import { createResourceServer, type ResourceServer } from "../../client/verify.ts";
import { canary } from "../../core/model/canary.ts";

type Fetch = typeof globalThis.fetch;

/** How the canary's resource is guarded; each is a path of it. */
export const guardModes = ["offline", "introspect"] as const;
type Mode = (typeof guardModes)[number];

/** Address of the canary's resource under one guard. */
export const guardedBy = (mode: Mode): string => `${canary.resource}/${mode}`;

/**
 * Serves the canary's resource inside this process, once by each guard that resource servers use. All other requests go
 * out.
 * @param agent the canary, which asks about tokens that are shown to it
 */
export function serveResource(issuer: string, agent: () => Pick<LanyardAgent, "introspect">): Fetch {
  const own = { issuer, resource: canary.resource };
  const asking = { introspect: (...asked: Parameters<LanyardAgent["introspect"]>) => agent().introspect(...asked) };
  const guards: Readonly<Record<Mode, ResourceServer>> = {
    offline: createResourceServer({ ...own, mode: "offline" }),
    introspect: createResourceServer({ ...own, mode: "introspect", agent: asking }),
  };
  return async (input, init) => {
    const request = input instanceof Request ? input.url : input;
    const mode = guardModes.find((one) => guardedBy(one) === request.toString());
    return mode === undefined ? globalThis.fetch(input, init) : answer(guards[mode], new Request(input, init));
  };
}

async function answer(guard: ResourceServer, request: Request): Promise<Response> {
  try {
    await guard.authenticate({ method: request.method, url: request.url, headers: request.headers });
    return new Response(null, { status: 204 });
  } catch (cause) {
    if (!(cause instanceof AccessError)) throw cause;
    const { status, headers, body } = cause.reply;
    return new Response(body, { status, headers });
  }
}
