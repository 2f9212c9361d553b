import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Grant, Session } from "../model/session.ts";
import { type Authorized, authorizeBy } from "../token/authorize.ts";
import { resolveOwnSession } from "../token/resolve-subject-token.ts";
import type { CredentialsContext } from "./context.ts";

/** What a session may have at AWS, before any role is looked at. */
export interface OwnPart {
  readonly authorized: Authorized;
  readonly session: Session;
  readonly grant: Grant;
}

/**
 * Decides a request as one for an access token of the caller's own session: liveness, narrowing and policies are the same
 * steps. What they release is another thing, so the bucket is another, the life is the stage's, and a session whose uses
 * are counted gets nothing: at AWS nobody counts (threat 24).
 * @returns what is granted, or what `authorizeBy` refuses, `aws_uses_uncounted`, `session_ending`
 */
export async function authorizeOwn({
  request,
  caller,
  audit,
  ports,
}: CredentialsContext): Promise<Result<OwnPart, Denial>> {
  const context = { request: request.asked, caller, audit, ports };
  const authorized = await authorizeBy(
    {
      resolve: (asked, registry) => resolveOwnSession({ ...context, request: asked }, registry),
      bucket: "vend",
      perSecond: (registration) =>
        Math.min(registration?.issuancesPerSecond ?? limits.vendsPerSecond, limits.vendsPerSecond),
      lifeSeconds: ports.lifeSeconds,
    },
    context,
  );
  // the steps of an access token name themselves
  audit.add({ operation: "credentials.vend" });
  if (!authorized.ok) return authorized;
  const { plan } = authorized.value;
  const [grant] = plan.grants;
  const session = plan.existing;
  if (!grant || !session) throw new Error("an access token was planned without a session or a grant");
  if (plan.usesAbove || session.uses) return err({ code: "aws_uses_uncounted", resource: grant.resource });
  const leftSeconds = session.expiresAtSeconds - nowSeconds(ports.clock);
  if (leftSeconds < limits.vendRestSeconds) return err({ code: "session_ending", leftSeconds });
  return ok({ authorized: authorized.value, session, grant });
}
