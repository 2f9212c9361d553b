import { admitRole } from "../authzen/asker.ts";
import { ok } from "../model/result.ts";
import type { Call, PlatformCaller, Reply } from "../model/wire.ts";
import { createDecisionPoint, type DecideCall, type DecideDeps } from "./decide.ts";

/**
 * The decision point behind a URL that IAM guards, for gateways that sign with their role and hold no key of ours. A
 * call is handled as in `decide.ts`, with one difference:
 *
 * 1. **admit** whoever asks as the one registered agent whose selectors the role satisfies that Lambda authenticated
 *
 * The function's resource policy denies every invocation except through its URL, so nobody can forge the event (threat
 * 18). A signature of AWS is good for some minutes and can be sent again: a copy of a whole call gets what the call
 * got.
 */
export function createDecideIamEndpoint(
  deps: DecideDeps,
  partition: string,
): (call: Call, more: DecideCall, platformCaller: PlatformCaller | undefined) => Promise<Reply> {
  return (call, more, platformCaller) => {
    // 1. admit
    const admission = admitRole(platformCaller, partition);
    return createDecisionPoint(deps, async () => ok(admission))(call, more);
  };
}
