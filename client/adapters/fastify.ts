import type { DetailsUse } from "../../core/verify/permits.ts";
import { AccessError } from "../resource/access-error.ts";
import type { RawRequest } from "../resource/request.ts";
import { admitted, callerOf, createAdmission, type GuardInput, scopesCheck, useCheck } from "./admission.ts";

/** What is read of Fastify's request. */
export interface FastifyRequest {
  /** The path as it came, before a `rewriteUrl` and whatever prefix a plugin has. */
  readonly originalUrl: string;
  readonly raw: RawRequest;
}

/** What is used of Fastify's reply. */
export interface FastifyReply {
  code(status: number): unknown;
  headers(values: Record<string, string>): unknown;
  send(body: string): unknown;
}

/** An asynchronous hook of Fastify. */
export type FastifyHook = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/** A guard, to be added as a hook. */
export interface FastifyGuard extends FastifyHook {
  /** For one route, as its `preHandler`: the scopes it needs. */
  requires(...scopes: readonly string[]): FastifyHook;
  /** For one route, as its `preHandler`: what the request is about to do, which the token's details must admit. */
  permits<R extends FastifyRequest>(
    use: (request: R) => DetailsUse,
  ): (request: R, reply: FastifyReply) => Promise<unknown>;
}

/**
 * Guards the routes of a Fastify instance or plugin. The URL that a proof must be for is the resource's own origin and
 * `originalUrl`: neither a prefix nor `trustProxy`, `Host` or a forwarded header moves it (threat 9).
 * @param input the resource, or a guard
 * @returns a hook for `onRequest`; who calls is told by `callerOf(request)`
 */
export function createFastifyGuard(input: GuardInput): FastifyGuard {
  const admit = createAdmission(input);
  const guard: FastifyHook = (request, reply) =>
    answering(reply, async () => {
      const { method, headers, rawHeaders, headersDistinct } = request.raw;
      const raw = { ...(rawHeaders && { rawHeaders }), ...(headersDistinct && { headersDistinct }) };
      const caller = await admit({ method, url: request.originalUrl, headers, ...raw });
      reply.headers({ ...caller.answerHeaders });
      admitted(request, caller);
    });
  return Object.assign(guard, {
    requires:
      (...scopes: readonly string[]): FastifyHook =>
      (request, reply) =>
        answering(reply, async () => scopesCheck(scopes)(callerOf(request))),
    permits:
      <R extends FastifyRequest>(use: (request: R) => DetailsUse) =>
      (request: R, reply: FastifyReply) =>
        answering(reply, async () => useCheck(use(request))(callerOf(request))),
  });
}

/**
 * Answers what a handler's own `requires` and `permits` throw, with its challenge:
 * `app.setErrorHandler(answerRefusals)`. Other errors are thrown on, to the handler of the instance around.
 */
export function answerRefusals(error: unknown, _request: unknown, reply: FastifyReply): unknown {
  if (!(error instanceof AccessError)) throw error;
  const { status, headers, body } = error.reply;
  reply.code(status);
  reply.headers({ ...headers });
  return reply.send(body);
}

/** A hook that returns the reply has answered; what it does not answer goes on. */
async function answering(reply: FastifyReply, work: () => Promise<void>): Promise<unknown> {
  try {
    return await work();
  } catch (error) {
    return answerRefusals(error, undefined, reply);
  }
}

export { callerOf } from "./admission.ts";
