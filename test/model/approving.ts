import { createApproveEndpoint } from "../../core/endpoints/approve.ts";
import { createApproveTokenEndpoint } from "../../core/endpoints/approve-token.ts";
import type { Call, Reply } from "../../core/model/wire.ts";
import { randomIds } from "../kit/keys.ts";
import { memoryQuarantines } from "../kit/memory/epochs.ts";
import type { Tokens } from "../kit/world/tokens.ts";
import type { World } from "../kit/world/world.ts";
import type { Vote } from "./command.ts";
import { approvalsClient, approverRole } from "./rows.ts";

const address = "https://apr123.lambda-url.eu-west-1.on.aws";

/** The two addresses by which people decide, on the same store as the token endpoint. */
export function openApproving(world: World<Tokens>) {
  const { approvals, changes } = world.store;
  const failed = (failure: unknown): never => {
    throw failure;
  };
  const deps = {
    ...{ ...world.ports, approvals, changes, decisions: approvals },
    ...{ quarantines: memoryQuarantines(world.store), failed },
  };
  const byIam = createApproveEndpoint(deps);
  const byToken = createApproveTokenEndpoint(deps);

  /** One person decides an approval by its id; `true` where it was written. */
  return async (id: string, { person, way, verdict, shown }: Vote): Promise<boolean> => {
    const waiting = approvals.waits.get(id)?.requestHash ?? "";
    const other = waiting.replace(/^./, (first) => (first === "A" ? "B" : "A"));
    const path = `/approvals/${id}`;
    const call: Call = {
      ...{ method: "POST", url: `${address}${path}`, path, contentType: "application/json", dpop: [] },
      body: JSON.stringify({ verdict, shown: shown ? waiting : other }),
      requestId: randomIds.id(),
    };
    const answer = way === "iam" ? byIam(call, callerOf(person)) : byToken(call, tokenOf(person, way));
    return ((await answer) satisfies Reply).status === 200;
  };

  function tokenOf(sub: string, way: "token" | "old"): string {
    const signedIn = way === "old" ? { auth_time: world.time.seconds - 400 } : {};
    return `Bearer ${world.idToken(approvalsClient, { sub, groups: ["release"], ...signedIn })}`;
  }
}

const callerOf = (session: string) => ({
  arn: `arn:aws:sts::111122223333:assumed-role/Approvers/${session}`,
  userId: `${approverRole}:${session}`,
  account: "111122223333",
});
