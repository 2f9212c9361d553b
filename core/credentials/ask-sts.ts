import type { CompiledPolicy } from "../aws/compile.ts";
import type { Lineage } from "../aws/lineage.ts";
import type { Denial } from "../denial/denial.ts";
import type { AwsRoleRegistration } from "../model/aws-role.ts";
import { limits } from "../model/limits.ts";
import { type Clock, nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { AwsCredentials, ScopeOrder, Sts, StsFailure, StsGiven } from "./sts.ts";

/** What is asked for at AWS. */
interface AwsOrder {
  readonly role: AwsRoleRegistration;
  readonly lineage: Lineage;
  readonly externalId: string;
  /** The policy of the role's session, and those it is narrowed by after that. */
  readonly documents: CompiledPolicy;
  /** How long the credentials may live, and when the session ends. */
  readonly lifeSeconds: number;
  readonly sessionEndsAtSeconds: number;
  readonly description: string;
}

/** What asking uses. */
interface AskPorts {
  readonly sts: Sts;
  readonly clock: Clock;
}

/**
 * Gets credentials of AWS for a session: AssumeRole for the least time that STS allows, then GetScopedCredentials
 * once for each further policy, the last of which makes them as short as they shall be. What the first call gives is never
 * released.
 * @param heard told of the request id of every call that STS answered, in their order
 * @returns the credentials, or `aws_role_refused`, `aws_role_stopped`, `aws_policy_packed_too_large`, `session_ending`,
 *   `sts_unavailable`
 */
export async function askSts(
  order: AwsOrder,
  { sts, clock }: AskPorts,
  heard: (requestId: string) => void,
): Promise<Result<AwsCredentials, Denial>> {
  const { role, documents, description } = order;
  if (documents.scoped.length === 0)
    throw new Error("without a further policy nothing would make the credentials short");
  const untilMillis = clock.nowMillis() + limits.vendTimeoutMillis;
  const hear = (answer: Result<StsGiven, StsFailure>) => {
    const { requestId } = answer.ok ? answer.value : answer.error;
    if (requestId !== undefined) heard(requestId);
    return answer;
  };
  const assumed = hear(
    await sts.assumeRole(
      {
        ...order.lineage,
        roleArn: role.arn,
        externalId: order.externalId,
        policy: documents.first,
        durationSeconds: Math.max(limits.assumedRoleSeconds, order.lifeSeconds + limits.assumedRoleSpareSeconds),
      },
      untilMillis,
    ),
  );
  if (!assumed.ok) return err(denialOf(assumed.error, "AssumeRole", role));
  let held = assumed.value.credentials;
  for (const [at, policy] of documents.scoped.entries()) {
    const life = at === documents.scoped.length - 1 ? lifeOf(order, clock) : undefined;
    // the session came to its end meanwhile
    if (life !== undefined && life < 1) return err({ code: "session_ending", leftSeconds: Math.max(0, life) });
    const scope: ScopeOrder = {
      policy,
      ...(life === undefined ? {} : { durationSeconds: life }),
      description,
    };
    const scoped = hear(await sts.getScopedCredentials(held, scope, untilMillis));
    if (!scoped.ok) return err(denialOf(scoped.error, "GetScopedCredentials", role));
    held = scoped.value.credentials;
  }
  return ok(held);
}

/** Never beyond the session; the policies end it there too, to the second. */
const lifeOf = (order: AwsOrder, clock: Clock): number =>
  Math.min(order.lifeSeconds, order.sessionEndsAtSeconds - nowSeconds(clock));

/**
 * How AWS says that a policy attached to the role denies (IAM, "Troubleshoot access denied error messages"). A living
 * session that a stop spares is denied so in the seconds after a cut of the deployment; in other words it is a refusal for good.
 */
const deniedByRole = /\bexplicit deny in an identity-based policy\b/;

function denialOf(
  { why, error }: StsFailure,
  call: "AssumeRole" | "GetScopedCredentials",
  { name, arn }: AwsRoleRegistration,
): Denial {
  switch (why) {
    case "refused":
      if (call === "GetScopedCredentials" && deniedByRole.test(error)) return { code: "aws_role_stopped", arn, error };
      return { code: "aws_role_refused", arn, call, error };
    case "too_large":
      return { code: "aws_policy_packed_too_large", role: name, error };
    case "unavailable":
      return { code: "sts_unavailable", error: `${call}: ${error}` };
  }
}
