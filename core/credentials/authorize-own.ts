import { levelsOf } from "../budgets/levels.ts";
import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Grant, Session } from "../model/session.ts";
import { type Authorized, authorizeBy } from "../token/authorize.ts";
import type { TokenContext } from "../token/context.ts";
import { resolveOwnSession } from "../token/resolve-subject-token.ts";

/** What a session may have at AWS, before any role is looked at. */
export interface OwnPart {
  readonly authorized: Authorized;
  readonly session: Session;
  readonly grant: Grant;
}

/** What is released of a session. */
interface Released {
  readonly lifeSeconds: number;
  readonly operation: "credentials.vend" | "credentials.token";
}

type OwnContext = TokenContext<
  "clock" | "issuer" | "trustDomain" | "ownKeys" | "registries" | "store" | "policy" | "limiter"
>;

/**
 * Decides a request as one for an access token of the caller's own session: liveness, narrowing and policies are the
 * same steps. What they release is another thing, so the bucket is another, the life is not the resource's, and a
 * session whose uses are counted, or that a budget bounds here, gets nothing: at AWS nobody counts (threats 24 and 60).
 * @returns what is granted, or what `authorizeBy` refuses, `aws_uses_uncounted`, `budget_not_counted`, `session_ending`
 */
export async function authorizeOwn(
  context: OwnContext,
  { lifeSeconds, operation }: Released,
): Promise<Result<OwnPart, Denial>> {
  const { audit, ports } = context;
  const authorized = await authorizeBy(
    {
      resolve: (request, registry) => resolveOwnSession({ ...context, request }, registry),
      bucket: "vend",
      perSecond: (registration) =>
        Math.min(registration?.issuancesPerSecond ?? limits.vendsPerSecond, limits.vendsPerSecond),
      lifeSeconds,
      // STS is asked before anything is stored, so that a replay would cost two calls of a quota that all share
      ...(operation === "credentials.vend" ? { looksForReplay: true } : {}),
    },
    context,
  );
  // the steps of an access token name themselves
  audit.add({ operation });
  if (!authorized.ok) return authorized;
  const { plan } = authorized.value;
  const [grant] = plan.grants;
  const session = plan.existing;
  if (!grant || !session) throw new Error("an access token was planned without a session or a grant");
  if (plan.usesAbove || session.uses) return err({ code: "aws_uses_uncounted", resource: grant.resource });
  const [budget] = levelsOf(
    { session, resource: grant.resource, policies: authorized.value.policies },
    authorized.value.registry,
  );
  if (budget) return err({ code: "budget_not_counted", budget: budget.name, resource: grant.resource });
  const leftSeconds = session.expiresAtSeconds - nowSeconds(ports.clock);
  if (leftSeconds < limits.vendRestSeconds) return err({ code: "session_ending", leftSeconds });
  return ok({ authorized: authorized.value, session, grant });
}
