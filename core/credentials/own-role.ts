import { lineageOf } from "../aws/lineage.ts";
import { placesOf } from "../aws/places.ts";
import type { Denial } from "../denial/denial.ts";
import { signJwt } from "../jose/sign.ts";
import type { AwsRoleRegistration } from "../model/aws-role.ts";
import { limits } from "../model/limits.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import { currentAgent, type Session, type Vend } from "../model/session.ts";
import { awsTokenType, type TokenReply, tokenTyp } from "../model/wire.ts";
import { causeOf, deathSince, lateDenial } from "../token/alive.ts";
import type { TokenContext } from "../token/context.ts";
import { conflictDenial, noteGrant, recordOf } from "../token/issue.ts";
import { tokenReply } from "../token/mint.ts";
import { authorizeOwn, type OwnPart } from "./authorize-own.ts";
import { awsTokenClaims, awsTokenName } from "./aws-token.ts";
import { type ChosenRole, chooseRole } from "./choose-role.ts";
import { awsFactsOf } from "./release.ts";

/**
 * Gives an agent a token by which it takes, at AWS STS, a role that is registered as its own. STS asks nobody for a
 * policy, so the agent gets the whole role, for as long as the role allows (threat 10): only a session that holds all
 * that the role is registered for gets one. It is decided as credentials of the session are, and stored, recorded and
 * looked at again as an access token is; how long its credentials may live, and what ends them, `core/stop/` is told by
 * the row.
 * @returns the token, or what `authorizeOwn` and `chooseRole` refuse, `aws_token_off`, `aws_role_shared`,
 * `aws_role_wider`
 */
export async function giveAwsToken(context: TokenContext): Promise<Result<TokenReply, Denial>> {
  const { request, caller, audit, ports } = context;
  if (!ports.awsAccounts) return err({ code: "aws_token_off" });
  const bounds = { lifeSeconds: limits.awsTokenLifeSeconds, operation: "credentials.token" } as const;
  const part = await authorizeOwn(context, bounds);
  if (!part.ok) return part;
  const { authorized, session, grant } = part.value;
  const named = request.role === undefined ? {} : { role: request.role };
  const chosen = chooseRole({ agent: caller.agent, grant, ...named }, authorized.registry, ports.awsAccounts);
  if (!chosen.ok) return chosen;
  const { role } = chosen.value;
  audit.add({ aws: awsFactsOf(role) });
  const whole = checkWhole(part.value, role);
  if (!whole.ok) return whole;
  const { jti, iat, exp } = timesOf(part.value, context);
  noteGrant(audit, authorized, { session, jti });
  const vend = vendOf(session, chosen.value, exp);
  audit.add({
    operation: "credentials.token",
    // whoever copies it can use it
    tokenType: "Bearer",
    aws: {
      ...awsFactsOf(role),
      places: placesOf(role, grant.scopes),
      token: awsTokenName(jti, ports.issuer, role.arn),
    },
    // of the credentials, not of the token
    expiresAtSeconds: vend.endsAtSeconds,
  });
  const stored = await ports.store.commit({ vend, replayEntries: caller.entries, ...recordOf(authorized, context) });
  if (!stored.ok) return err(conflictDenial(stored.error));
  const claims = awsTokenClaims({ session, roleArn: role.arn, times: { jti, iat, exp } }, ports.issuer);
  const [signed, death] = await Promise.allSettled([
    signJwt(ports.signer, { typ: tokenTyp.aws, joinId: session.sid }, claims),
    deathSince(session, authorized, ports),
  ]);
  const dead = causeOf(death);
  if (dead) return err(lateDenial(dead));
  if (signed.status === "rejected") throw signed.reason;
  const { roleSessionName } = lineageOf(session);
  const aws = { role_arn: role.arn, role_session_name: roleSessionName };
  const issued = { token: signed.value.token, type: awsTokenType, expiresIn: exp - iat, grants: [grant] };
  return ok(tokenReply(issued, { aws }));
}

/** Nobody narrows the role's credentials, so the session must hold all that the role gives for, without any detail. */
function checkWhole({ grant }: OwnPart, role: AwsRoleRegistration): Result<void, Denial> {
  if (!role.exclusive) return err({ code: "aws_role_shared", role: role.name });
  const scopes = [...new Set(role.grants.map(({ scope }) => scope))];
  const lacking = scopes.filter((scope) => !grant.scopes.includes(scope));
  const detailTypes = [...new Set(grant.details.map(({ type }) => type))];
  return lacking.length === 0 && detailTypes.length === 0
    ? ok(undefined)
    : err({ code: "aws_role_wider", role: role.name, scopes: lacking, detailTypes });
}

/** The token never outlives the session, so that no credentials are begun after its end. */
function timesOf({ authorized, session }: OwnPart, { ports }: TokenContext<"clock" | "ids">) {
  const iat = nowSeconds(ports.clock);
  const exp = Math.min(iat + authorized.plan.lifeSeconds, session.expiresAtSeconds);
  return { jti: ports.ids.id(), iat, exp };
}

/** What may live at AWS because of the token, until when: credentials that are begun with its last second. */
function vendOf(session: Session, { role, account }: ChosenRole, exp: number): Vend {
  const { root, sid, expiresAtSeconds: sessionEndsAtSeconds } = session;
  const endsAtSeconds = exp + limits.awsRoleLifeSeconds;
  const { name, arn } = role;
  return { root, sid, agent: currentAgent(session), role: name, arn, account, endsAtSeconds, sessionEndsAtSeconds };
}
