import { LanyardError } from "../error.ts";
import { type Cost, costIn, costText } from "../resource/cost.ts";
import type { Calls } from "./calls.ts";

/** A settled cost. */
export interface Settled {
  readonly cost: Cost;
  /** What of it went beyond what was reserved: the budgets are empty until they renew, and the operators hear of it. */
  readonly exceeds?: Cost;
}

/** What to know when a settlement fails, beside why it did. */
const stays = "what was reserved stays spent until the same is settled again";

/**
 * Settles what was reserved for a call. The issuer answers the same sum again as the first time, so that a lost answer
 * can be asked for again; here it is asked for once more.
 * @throws TypeError for what is no sum
 * @throws LanyardError
 */
export async function settleBy(calls: Calls, { report, cost }: { report: string; cost: Cost }): Promise<Settled> {
  const form = [
    ["report", report],
    ["cost", costText(cost)],
  ] as const;
  const { json } = await calls("introspect", form)
    .catch((failure: unknown) => (isLost(failure) ? calls("introspect", form) : Promise.reject(failure)))
    .catch((failure: unknown) => Promise.reject(told(failure)));
  const [settled, exceeds] = [costIn(json.cost), costIn(json.exceeds)];
  if (json.report !== report || !settled)
    throw new LanyardError("answer_malformed", "settle", { description: `no such settlement; ${stays}` });
  return { cost: settled, ...(exceeds ? { exceeds } : {}) };
}

const isLost = (failure: unknown): boolean =>
  failure instanceof LanyardError && (failure.code === "unreachable" || failure.code === "timeout");

/** The same failure, which says what it means for the budget. */
function told(failure: unknown): unknown {
  if (!(failure instanceof LanyardError)) return failure;
  const { code, status, error, requestId, retryAfterSeconds, description } = failure;
  return new LanyardError(code, "settle", {
    description: description === undefined ? stays : `${description}; ${stays}`,
    ...(status === undefined ? {} : { status }),
    ...(error === undefined ? {} : { error }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  });
}
