import type { DetailsUse } from "../../core/verify/permits.ts";
import { AccessError } from "../resource/access-error.ts";
import { admitted, callerOf, createAdmission, type GuardInput, scopesCheck, useCheck } from "./admission.ts";
import { responseOf } from "./response.ts";

/** What is used of Hono's context. */
export interface HonoContext {
  readonly req: { readonly raw: Request };
  readonly error: Error | undefined;
  get res(): Response;
  set res(response: Response | undefined);
}

/** A middleware of Hono. */
export type HonoMiddleware = (context: HonoContext, next: () => Promise<void>) => Promise<Response | undefined>;

/** A guard, to be placed before what it guards. */
export interface HonoGuard extends HonoMiddleware {
  /** For one route: the scopes it needs. */
  requires(...scopes: readonly string[]): HonoMiddleware;
  /** For one route: what the request is about to do, which the token's details must admit. */
  permits<C extends HonoContext>(
    use: (context: C) => DetailsUse,
  ): (context: C, next: () => Promise<void>) => Promise<Response | undefined>;
}

/**
 * Guards the routes of a Hono application, on any runtime. The URL that a proof must be for is the resource's own
 * origin and the request's path, with `basePath` and the prefix of `route`: runtimes make the origin of `request.url`
 * of `Host`, which is not read (threat 9). Behind `mount`, which takes its prefix away, `requestUrl` has to name it.
 * @param input the resource, or a guard
 * @returns a middleware; who calls is told by `callerOf(context)`
 */
export function createHonoGuard(input: GuardInput): HonoGuard {
  const admit = createAdmission(input);
  const guard: HonoMiddleware = (context, next) =>
    answering(context, async () => {
      const caller = await admit(context.req.raw);
      admitted(context, caller);
      await next();
      if (context.error instanceof AccessError) return;
      // an answer that came from elsewhere has headers that cannot be set
      context.res = new Response(context.res.body, context.res);
      for (const [name, value] of Object.entries(caller.answerHeaders)) context.res.headers.set(name, value);
    });
  return Object.assign(guard, {
    requires:
      (...scopes: readonly string[]): HonoMiddleware =>
      (context, next) =>
        answering(context, async () => {
          scopesCheck(scopes)(callerOf(context));
          await next();
        }),
    permits:
      <C extends HonoContext>(use: (context: C) => DetailsUse) =>
      (context: C, next: () => Promise<void>) =>
        answering(context, async () => {
          useCheck(use(context))(callerOf(context));
          await next();
        }),
  });
}

/**
 * Answers what is refused here and what a handler's own `requires` and `permits` threw: Hono gives that to its handler
 * of errors, whose answer has no challenge, and tells it to whoever stands before.
 */
async function answering(context: HonoContext, work: () => Promise<void>): Promise<Response | undefined> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof AccessError)) throw error;
    return responseOf(error.reply);
  }
  const { error } = context;
  if (error instanceof AccessError) {
    // without this Hono carries the headers of the former answer over
    context.res = undefined;
    context.res = responseOf(error.reply);
  }
  return undefined;
}

export { callerOf } from "./admission.ts";
