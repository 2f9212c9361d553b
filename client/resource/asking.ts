import { err, ok } from "../../core/model/result.ts";
import type { Introspector } from "../../core/verify/introspection.ts";
import type { LanyardAgent } from "../agent/agent.ts";
import { LanyardError } from "../error.ts";
import { type Cost, costText } from "./cost.ts";
import { type Reservation, reservationOf } from "./reservation.ts";

/** Asks the issuer about the token of a request, and keeps what was reserved for it. */
export interface Asking extends Introspector {
  /** What was reserved, once it was asked; undefined where no budget bounds money. */
  reserved(): Reservation | undefined;
}

/**
 * Asks as the server's own agent.
 * @param atMost the most that the one request can cost, for which this is then made anew
 * @throws TypeError for a cost that is none
 */
export function askingBy(
  agent: Pick<LanyardAgent, "introspect"> & Partial<Pick<LanyardAgent, "settle">>,
  atMost?: Cost,
): Asking {
  // said at once, and not as an issuer that does not answer
  if (atMost) costText(atMost);
  let reserved: Reservation | undefined;
  return {
    reserved: () => reserved,
    async introspect(token, jkt) {
      try {
        const provedBy = jkt === undefined ? {} : { provedBy: jkt };
        const answer = await agent.introspect(token, { ...provedBy, ...(atMost ? { costAtMost: atMost } : {}) });
        const { report } = answer;
        if (atMost && typeof report === "string") reserved = reservationOf({ report, atMost }, agent);
        return ok(answer);
      } catch (cause) {
        return err(cause instanceof LanyardError ? cause.code : "the introspection failed");
      }
    },
  };
}
