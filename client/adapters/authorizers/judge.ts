import type { DetailsUse } from "../../../core/verify/permits.ts";
import { AccessError } from "../../resource/access-error.ts";
import type { Authenticated } from "../../resource/authenticated.ts";
import { release } from "../../resource/reservation.ts";
import type { ResourceServerInput } from "../../resource/resource-server.ts";
import type { AdmissionInput } from "../admission.ts";

/** What an authorizer needs beyond the guard. */
export interface AuthorizerInput<Event> {
  /** The scopes a request needs: always these, or by the event. Whoever is let in is asked for nothing afterwards. */
  readonly requires: readonly string[] | ((event: Event) => readonly string[]);
  /**
   * What a request is about to do, by its method, path, query and headers: an authorizer is given no body. Needed with
   * `details`; without both every restricted token is refused (threat 40).
   */
  readonly permits?: (event: Event) => DetailsUse;
}

/** Left out of an authorizer's input: it can answer neither a nonce nor a page. */
export type Unanswerable = "nonces" | "crossOrigin" | "requires" | "behind";

/** Who calls, or how the refusal reads. */
export type Judged = Authenticated | "unknown" | "forbidden";

/** @throws TypeError for what an authorizer could not answer or judge */
export function assertAnswerable(
  input: AuthorizerInput<never> & Pick<ResourceServerInput, "details" | "nonces">,
): void {
  if (input.details && input.details.length > 0 && !input.permits)
    throw new TypeError("an authorizer sees no body: pass permits, which says what a request does by the rest of it");
  if (input.nonces) throw new TypeError("an authorizer cannot answer a nonce: guard the function itself by middy");
}

/** Judges by guard, scopes and details. A failure that is nobody's refusal is thrown: it must not read as one. */
export const judging =
  <Event>(
    { requires, permits, refused }: AuthorizerInput<Event> & Pick<AdmissionInput, "refused">,
    admit: (event: Event) => Promise<Authenticated>,
  ) =>
  async (event: Event): Promise<Judged> => {
    let caller: Authenticated | undefined;
    try {
      caller = await admit(event);
      caller.requires(...(typeof requires === "function" ? requires(event) : requires));
      if (permits) caller.permits(permits(event));
      return caller;
    } catch (error) {
      if (!(error instanceof AccessError)) throw error;
      await release(caller?.reserved);
      if (caller) refused?.(error);
      const { status } = error.reply;
      if (status === 503) throw error;
      return status === 403 ? "forbidden" : "unknown";
    }
  };
