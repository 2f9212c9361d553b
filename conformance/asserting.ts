import { refused } from "./expect.ts";
import { ownWork } from "./flows.ts";
import type { Target } from "./target.ts";

/** Asks for a token with this assertion in place of the worker's. */
export async function asserting(target: Target, identity: string) {
  return target.ask("token", { ...(await target.actor("worker")), identity }, ownWork(target.need("own")));
}

/** Every one of these assertions is refused. */
export const refusedAll = async (target: Target, ...assertions: readonly string[]) => {
  for (const assertion of assertions) refused(await asserting(target, assertion), 401, "invalid_client");
};
