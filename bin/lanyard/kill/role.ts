import type { AwsCredentialIdentity } from "@smithy/types";
import type { Operator } from "../../../core/model/operator.ts";
import type { KillPlace, Profile } from "../deployment/model.ts";
import { Refused, type Terminal, Usage } from "../terminal/outcome.ts";

/** How the second factor is shown, and whose credentials are used. */
export interface FactorOptions {
  /** ARN or serial number of the user's device; asked for where it is left out and needed. */
  readonly mfaSerial?: string;
  readonly mfaCode?: string;
  /** Profile of the AWS configuration, in place of the deployment's own. */
  readonly awsProfile?: string;
}

/** The role, taken. */
export interface Taken {
  readonly credentials: AwsCredentialIdentity;
  /** Who took it: the session of the role, and the unique id of the user or permission set behind it. */
  readonly operator: Operator;
  /** STS's request by which CloudTrail has it. */
  readonly requestId: string;
  /** How far this machine's clock is behind AWS's, in milliseconds: a record must not carry the time of a laptop. */
  readonly behindMillis: number;
}

const timeoutMillis = 10_000;
/** The shortest that STS gives: one order is carried out by it. */
const lifeSeconds = 900;

/**
 * Takes the role that revokes without the functions, by a second factor, or uses it where these credentials are of it
 * already.
 * @throws Usage where the factor is missing and nobody can be asked, Refused by STS's own word
 */
export async function takeRole(
  profile: Profile,
  place: KillPlace,
  { options, terminal }: { readonly options: FactorOptions; readonly terminal: Terminal },
): Promise<Taken> {
  const { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } = await import("@aws-sdk/client-sts");
  const { region, credentials: own } = profile.dynamo.config;
  const named = options.awsProfile === undefined ? { credentials: own } : { profile: options.awsProfile };
  const sts = new STSClient({ region, maxAttempts: 3, ...named });
  try {
    const abortSignal = AbortSignal.timeout(timeoutMillis);
    const caller = await sts.send(new GetCallerIdentityCommand({}), { abortSignal });
    const { arn, uniqueId, name } = callerOf(caller);
    const held = await sts.config.credentials();
    if (isOf(arn, place.role))
      return {
        credentials: held,
        operator: { arn, uniqueId },
        requestId: caller.$metadata.requestId ?? "unknown",
        behindMillis: 0,
      };
    const factor = arn.includes(":user/") && held.sessionToken === undefined ? await factorOf(options, terminal) : {};
    const asked = new AssumeRoleCommand({
      RoleArn: place.role,
      RoleSessionName: name,
      DurationSeconds: lifeSeconds,
      ...factor,
    });
    const answer = await sts.send(asked, { abortSignal: AbortSignal.timeout(timeoutMillis) }).catch(explained);
    const {
      AccessKeyId: accessKeyId,
      SecretAccessKey: secretAccessKey,
      SessionToken: sessionToken,
    } = answer.Credentials ?? {};
    const session = answer.AssumedRoleUser?.Arn;
    if (!accessKeyId || !secretAccessKey || !sessionToken || !session)
      throw new Refused("STS gave the role's session without its credentials");
    const endsMillis = answer.Credentials?.Expiration?.getTime();
    return {
      credentials: { accessKeyId, secretAccessKey, sessionToken },
      operator: { arn: session, uniqueId },
      requestId: answer.$metadata.requestId ?? "unknown",
      behindMillis: endsMillis === undefined ? 0 : endsMillis - lifeSeconds * 1000 - Date.now(),
    };
  } finally {
    sts.destroy();
  }
}

/** Whose credentials these are. A session is called like the user, or like the session that it follows. */
function callerOf({
  Arn: arn,
  UserId: userId,
}: {
  readonly Arn?: string | undefined;
  readonly UserId?: string | undefined;
}) {
  const [uniqueId = ""] = userId?.split(":") ?? [];
  const name = arn?.slice(arn.lastIndexOf("/") + 1) ?? "";
  if (arn === undefined || uniqueId === "") throw new Refused("STS does not say whose credentials these are");
  if (!/:(user|assumed-role)\//.test(arn))
    throw new Refused(`${arn} cannot take a role: use a user or a permission set that the stage names for kill`);
  return { arn, uniqueId, name };
}

/** Whether a session is of the role. */
const isOf = (session: string, role: string): boolean => {
  const [, , , , account = "", ...path] = role.split(":");
  const name = path.join(":").split("/").at(-1);
  return session.split(":")[4] === account && session.split(":").at(-1)?.startsWith(`assumed-role/${name}/`) === true;
};

async function factorOf({ mfaSerial, mfaCode }: FactorOptions, { read }: Terminal) {
  if (!read && (mfaSerial === undefined || mfaCode === undefined))
    throw new Usage(
      "nothing was revoked: the role asks for a second factor, and nobody can be asked here. Say --mfa-serial and --mfa-code",
    );
  const SerialNumber = mfaSerial ?? (await read?.("your MFA device (its ARN, or serial number):")) ?? "";
  const TokenCode = mfaCode ?? (await read?.("its code now:")) ?? "";
  if (!/^[\w+=/:,.@-]{9,256}$/.test(SerialNumber)) throw new Usage("nothing was revoked: that is no MFA device");
  if (!/^\d{6}$/.test(TokenCode)) throw new Usage("nothing was revoked: a code has six digits");
  return { SerialNumber, TokenCode };
}

/** Of a refusal STS says no more than that: what is likely to be wrong. */
function explained(cause: unknown): never {
  if (!(cause instanceof Error) || cause.name !== "AccessDenied") throw cause;
  throw new Refused(
    `nothing was revoked: STS refused the role: ${cause.message}. Is the code still fresh, and the factor shown within ` +
      "the hour? Is the caller named in operators.kill of the stage (docs/operating.md)?",
  );
}
