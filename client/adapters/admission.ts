import type { DetailsUse } from "../../core/verify/permits.ts";
import { AccessError } from "../resource/access-error.ts";
import type { Authenticated } from "../resource/authenticated.ts";
import type { PlainRequest, RawRequest } from "../resource/request.ts";
import { release } from "../resource/reservation.ts";
import { createResourceServer, type ResourceServer, type ResourceServerInput } from "../resource/resource-server.ts";

/** What every adapter takes besides its guard. */
export interface AdmissionInput {
  /** Scopes without which no request is let in. Others are for the handler to ask for, by `requires`. */
  readonly requires?: readonly string[];
  /** Told of every request that is not let in, for the log; `code` says why. It must not throw. */
  readonly refused?: (error: AccessError) => void;
}

/** A resource to guard, or a guard that there is already. */
export type GuardInput = AdmissionInput &
  (ResourceServerInput | { readonly server: Pick<ResourceServer, "authenticate"> });

/** Lets a request in, or throws the AccessError whose `reply` is to be answered. */
type Admit = (request: RawRequest | PlainRequest) => Promise<Authenticated>;

/**
 * What all adapters do: the guard judges the request, then the scopes that every request needs. An adapter itself only
 * reads its framework's request and writes its answer.
 */
export function createAdmission(input: GuardInput): Admit {
  const server = "server" in input ? input.server : createResourceServer(input);
  const { requires, refused } = input;
  return async (request) => {
    let caller: Authenticated | undefined;
    try {
      caller = await server.authenticate(request);
      if (requires) caller.requires(...requires);
      return caller;
    } catch (error) {
      await release(caller?.reserved);
      if (error instanceof AccessError) refused?.(error);
      throw error;
    }
  };
}

/** A check of a request that was let in: its scopes, or what it is about to do. */
export type Check = (caller: Authenticated) => void;

export const scopesCheck =
  (scopes: readonly string[]): Check =>
  (caller) =>
    void caller.requires(...scopes);

export const useCheck =
  (use: DetailsUse): Check =>
  (caller) =>
    void caller.permits(use);

const callers = new WeakMap<object, Authenticated>();

/** Remembers who sends a request, by the framework's own object for it: a caller cannot write there. */
export const admitted = (request: object, caller: Authenticated): void => void callers.set(request, caller);

/**
 * Who sends a request that a guard of this package let in.
 * @param request the framework's own object: Express' and Fastify's request, Hono's context, the event of middy
 * @throws TypeError for a request that no guard has seen: it must not be answered as if one had
 */
export function callerOf(request: object): Authenticated {
  const caller = callers.get(request);
  if (!caller) throw new TypeError("no guard has let this request in; place the guard before this handler");
  return caller;
}
