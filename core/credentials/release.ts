import type { Denial } from "../denial/denial.ts";
import type { AwsRoleRegistration } from "../model/aws-role.ts";
import { err, ok, type Result } from "../model/result.ts";
import { currentAgent, type Session } from "../model/session.ts";
import type { AwsCredentialsReply } from "../model/wire.ts";
import { causeOf, deathSince, lateDenial } from "../token/alive.ts";
import { conflictDenial, noteGrant } from "../token/issue.ts";
import type { OwnPart } from "./authorize-own.ts";
import type { ChosenRole } from "./choose-role.ts";
import type { CredentialsContext } from "./context.ts";
import type { AwsCredentials } from "./sts.ts";

/** What is about to be released, and of which session and role. */
interface Release {
  readonly part: OwnPart;
  readonly chosen: ChosenRole;
  readonly credentials: AwsCredentials;
}

/**
 * Stores what the session was given, replay entry and record in one transaction. No secret is in any of them.
 * @returns nothing, or `dpop_replayed`
 */
export async function storeVend(
  { part, chosen, credentials }: Release,
  context: CredentialsContext,
): Promise<Result<void, Denial>> {
  const { audit, caller, ports } = context;
  const { session } = part;
  const { accessKeyId, expiresAtSeconds: endsAtSeconds } = credentials;
  noteGrant(audit, part.authorized, { session });
  audit.add({ operation: "credentials.vend", expiresAtSeconds: endsAtSeconds });
  // a refusal after this must not name a key as if it had been released
  const aws = { ...awsFactsOf(chosen.role), ...audit.facts.aws, accessKeyId };
  const { name: role, arn } = chosen.role;
  const { root, sid } = session;
  const stored = await ports.store.commit({
    vend: { root, sid, agent: currentAgent(session), role, arn, account: chosen.account, accessKeyId, endsAtSeconds },
    replayEntries: caller.entries,
    record: ports.toRecord({ ...audit.facts, aws, outcome: "allowed" }, ports.ids.id()),
  });
  return stored.ok ? ok(undefined) : err(conflictDenial(stored.error));
}

/**
 * Reads liveness once more, after what was stored can be found: a revocation that fell between finds the row, or is
 * found here (threat 6).
 * @returns nothing, or `died_in_flight`, `liveness_unavailable`
 */
export async function stillAlive(
  { authorized, session }: OwnPart,
  { ports }: CredentialsContext,
): Promise<Result<void, Denial>> {
  const [read] = await Promise.allSettled([deathSince(session, authorized, ports)]);
  const dead = causeOf(read);
  return dead ? err(lateDenial(dead)) : ok(undefined);
}

/** How the record names a role. */
export const awsFactsOf = ({ name, arn }: Pick<AwsRoleRegistration, "name" | "arn">) => ({ role: name, roleArn: arn });

/** What the caller gets: the shape of `credential_process`, so that every SDK takes it, and whose credentials they are. */
export function credentialsReply(
  credentials: AwsCredentials,
  session: Session,
  nowSeconds: number,
): AwsCredentialsReply {
  const { root, sid, principal, expiresAtSeconds } = session;
  const ends = Math.min(credentials.expiresAtSeconds, expiresAtSeconds);
  return {
    Version: 1,
    AccessKeyId: credentials.accessKeyId,
    SecretAccessKey: credentials.secretAccessKey,
    SessionToken: credentials.sessionToken,
    Expiration: new Date(ends * 1000).toISOString().replace(".000Z", "Z"),
    expires_in: Math.max(0, ends - nowSeconds),
    session: { sid, root, agent: currentAgent(session), principal: principal.id },
  };
}
