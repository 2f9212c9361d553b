import { limits } from "../../core/model/limits.ts";
import { type Clock, leastMillisSince, momentOf, mostMillisSince } from "../../core/model/ports.ts";
import { awsTokenType, sessionTokenType } from "../../core/model/wire.ts";
import {
  type AwsCredentials,
  type AwsCredentialsProvider,
  type FetchedCredentials,
  holdCredentials,
} from "../aws/held-credentials.ts";
import { LanyardError } from "../error.ts";
import { type Answer, lifeIn, textIn } from "../http.ts";
import type { Calls } from "./calls.ts";
import { grantParameters, type WantedGrant } from "./grant.ts";
import type { Life } from "./life.ts";
import type { OwnTokenHolder } from "./own-token.ts";

/** What AWS credentials are asked for. */
export interface WantedAwsCredentials extends Omit<WantedGrant, "scopes"> {
  /** Fewer scopes than the session holds at the resource; all of them unless given. */
  readonly scopes?: readonly string[];
  /** Name of the registered role, where several stand for the resource. */
  readonly role?: string;
  /** How long they live, in seconds; no longer than the deployment's setting and the session. */
  readonly lifetimeSeconds?: number;
  /**
   * Takes a role that is the agent's own by itself: `ownRole` of `@lanyard-iam/client/own-role`. The credentials are the
   * whole role's, and may outlive the session by up to an hour.
   */
  readonly own?: TakeRole;
}

/** Takes a role of AWS by a token for it. */
export type TakeRole = (by: {
  readonly token: string;
  readonly roleArn: string;
  readonly roleSessionName: string;
}) => Promise<AwsCredentials>;

/** AWS credentials of a session, as every client of AWS's SDK for JavaScript takes them. */
export type AwsSessionCredentials = AwsCredentials;

/** How a session gets AWS credentials. */
interface AwsCredentialsOfSession {
  /** New ones, each time: nothing is kept. */
  fetch(wanted: WantedAwsCredentials): Promise<FetchedCredentials>;
  /** A provider that keeps and renews them; the same one for the same wish. */
  provider(wanted: WantedAwsCredentials): AwsCredentialsProvider;
}

const during = "credentials";
/** Most providers of one session that are remembered; the one that was made longest ago goes first. */
const providersHeld = 100;

/**
 * Gets AWS credentials for part of a session.
 * @throws LanyardError `session_lapsed` where the session has no session token: open it with `renewable`
 */
export function awsCredentialsBy(calls: Calls, own: OwnTokenHolder, clock: Clock): AwsCredentialsOfSession {
  const providers = new Map<string, AwsCredentialsProvider>();
  const fetch = async ({ role, lifetimeSeconds, scopes = [], own: take, ...wanted }: WantedAwsCredentials) => {
    const subject = own.subject();
    if (own.current().type !== sessionTokenType)
      throw new LanyardError("session_lapsed", during, {
        description: "only a session token is good for AWS credentials; this session has an access token alone",
      });
    const asked = momentOf(clock);
    if (take) {
      const parameters = [...grantParameters([{ ...wanted, scopes }]), ["role", role] as const];
      const token = await calls("token", [...subject, ["requested_token_type", awsTokenType], ...parameters]);
      const credentials = await take(tokenIn(token));
      const lifeSeconds = Math.max(0, Math.floor((credentials.expiration.getTime() - asked.wallMillis) / 1000) - 1);
      return { credentials, life: { asked, lifeSeconds } };
    }
    const answer = await calls(during, [
      ...subject.filter(([name]) => name !== "grant_type"),
      ...grantParameters([{ ...wanted, scopes }]),
      ["role", role],
      ["lifetime_seconds", lifetimeSeconds?.toString()],
    ]);
    return { credentials: credentialsIn(answer), life: { asked, lifeSeconds: lifeIn(answer, during) } };
  };
  return {
    fetch,
    provider(wanted) {
      const key = keyOf(wanted);
      const known = providers.get(key);
      if (known) return known;
      const made = holdCredentials({
        fetchCredentials: () => fetch(wanted),
        clock,
        mustLive: () => void own.subject(),
        worthRenewing: (held) => gainSeconds(own.current().life, held, clock) > limits.vendRestSeconds,
      });
      providers.set(key, made);
      const [eldest] = providers.keys();
      if (providers.size > providersHeld && eldest !== undefined) providers.delete(eldest);
      return made;
    },
  };
}

/** A token for STS, and the role that it is for. */
function tokenIn(answer: Answer): Parameters<TakeRole>[0] {
  const { role_arn: roleArn, role_session_name: roleSessionName } = (answer.json.aws ?? {}) as Record<string, unknown>;
  if (typeof roleArn !== "string" || typeof roleSessionName !== "string")
    throw new LanyardError("answer_malformed", "token", { description: "aws is missing" });
  return { token: textIn(answer, "access_token", "token"), roleArn, roleSessionName };
}

/** Two wishes that mean the same share what they are given. */
const keyOf = ({ resource, scopes, details, role, lifetimeSeconds, own }: WantedAwsCredentials): string =>
  JSON.stringify([
    resource,
    scopes ? [...scopes].sort() : null,
    details ?? null,
    role ?? null,
    lifetimeSeconds ?? null,
    own !== undefined,
  ]);

/**
 * How much longer new credentials could live than those in hand: what ends with the session cannot be given longer, and in
 * the session's last seconds nothing is given.
 */
const gainSeconds = (session: Life, held: Life, clock: Clock): number =>
  session.lifeSeconds -
  leastMillisSince(session.asked, clock) / 1000 -
  (held.lifeSeconds - mostMillisSince(held.asked, clock) / 1000);

function credentialsIn(answer: Answer): AwsCredentials {
  const expiration = new Date(textIn(answer, "Expiration", during));
  if (Number.isNaN(expiration.getTime()))
    throw new LanyardError("answer_malformed", during, { description: "Expiration is no time" });
  return {
    accessKeyId: textIn(answer, "AccessKeyId", during),
    secretAccessKey: textIn(answer, "SecretAccessKey", during),
    sessionToken: textIn(answer, "SessionToken", during),
    expiration,
  };
}
