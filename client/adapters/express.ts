import type { DetailsUse } from "../../core/verify/permits.ts";
import { AccessError } from "../resource/access-error.ts";
import type { RawRequest } from "../resource/request.ts";
import {
  admitted,
  type Check,
  callerOf,
  createAdmission,
  type GuardInput,
  scopesCheck,
  useCheck,
} from "./admission.ts";

/** What is read of Express' request. */
export interface ExpressRequest extends RawRequest {
  /** The path as it came, whatever router is mounted where. */
  readonly originalUrl: string;
}

/** What is used of Express' response. */
export interface ExpressResponse {
  status(code: number): unknown;
  set(headers: Record<string, string>): unknown;
  send(body: string): unknown;
}

/** A handler of Express. */
export type ExpressHandler = (
  request: ExpressRequest,
  response: ExpressResponse,
  next: (error?: unknown) => void,
) => Promise<void>;

/** A guard, to be placed before what it guards. */
export interface ExpressGuard extends ExpressHandler {
  /** For one route: the scopes it needs. */
  requires(...scopes: readonly string[]): ExpressHandler;
  /** For one route: what the request is about to do, which the token's details must admit. */
  permits<R extends ExpressRequest>(
    use: (request: R) => DetailsUse,
  ): (request: R, response: ExpressResponse, next: (error?: unknown) => void) => Promise<void>;
}

/**
 * Guards an Express application or router (4 and 5). The URL that a proof must be for is the resource's own origin and
 * `originalUrl`: neither where the guard is mounted nor `trust proxy`, `Host` or a forwarded header moves it (threat
 * 9).
 * @param input the resource, or a guard
 * @returns a handler for `app.use`; who calls is told by `callerOf(request)`
 */
export function createExpressGuard(input: GuardInput): ExpressGuard {
  const admit = createAdmission(input);
  const guard: ExpressHandler = (request, response, next) =>
    answering(response, next, async () => {
      const { method, originalUrl: url, headers, rawHeaders, headersDistinct } = request;
      const caller = await admit({
        method,
        url,
        headers,
        ...(rawHeaders && { rawHeaders }),
        ...(headersDistinct && { headersDistinct }),
      });
      response.set({ ...caller.answerHeaders });
      admitted(request, caller);
    });
  const checking =
    <R extends ExpressRequest>(check: (request: R) => Check) =>
    (request: R, response: ExpressResponse, next: (error?: unknown) => void) =>
      answering(response, next, async () => check(request)(callerOf(request)));
  return Object.assign(guard, {
    requires: (...scopes: readonly string[]) => checking(() => scopesCheck(scopes)),
    permits: <R extends ExpressRequest>(use: (request: R) => DetailsUse) =>
      checking<R>((request) => useCheck(use(request))),
  });
}

/**
 * Answers what a handler's own `requires` and `permits` throw: Express' own handler of errors would answer without the
 * challenge. To be placed behind the routes, `app.use(answerRefusals)`.
 */
export function answerRefusals(
  error: unknown,
  _request: unknown,
  response: ExpressResponse,
  next: (error?: unknown) => void,
): void {
  if (!(error instanceof AccessError)) {
    next(error);
    return;
  }
  const { status, headers, body } = error.reply;
  response.status(status);
  response.set({ ...headers });
  response.send(body);
}

async function answering(
  response: ExpressResponse,
  next: (error?: unknown) => void,
  work: () => Promise<void>,
): Promise<void> {
  try {
    await work();
  } catch (error) {
    answerRefusals(error, undefined, response, next);
    return;
  }
  next();
}

export { callerOf } from "./admission.ts";
