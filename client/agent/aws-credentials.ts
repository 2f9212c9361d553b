import { sessionTokenType } from "../../core/model/wire.ts";
import { LanyardError } from "../error.ts";
import { type Answer, textIn } from "../http.ts";
import type { Calls } from "./calls.ts";
import { grantParameters, type WantedGrant } from "./grant.ts";
import type { OwnTokenHolder } from "./own-token.ts";

/** What AWS credentials are asked for. */
export interface WantedAwsCredentials extends WantedGrant {
  /** Name of the registered role, where several stand for the resource. */
  readonly role?: string;
  /** How long they live, in seconds; no longer than the deployment's setting and the session. */
  readonly lifetimeSeconds?: number;
}

/** AWS credentials of a session, as every client of AWS's SDK for JavaScript takes them. */
export interface AwsSessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

const during = "credentials";

/**
 * Gets AWS credentials for part of a session. Each call is a vend of its own: nothing is kept here.
 * @throws LanyardError `session_lapsed` where the session has no session token: open it with `renewable`
 */
export function awsCredentialsBy(calls: Calls, own: OwnTokenHolder) {
  return async ({ role, lifetimeSeconds, ...wanted }: WantedAwsCredentials): Promise<AwsSessionCredentials> => {
    const subject = own.subject();
    if (own.current().type !== sessionTokenType)
      throw new LanyardError("session_lapsed", during, {
        description: "only a session token is good for AWS credentials; this session has an access token alone",
      });
    const answer = await calls("credentials", [
      ...subject.filter(([name]) => name !== "grant_type"),
      ...grantParameters([wanted]),
      ["role", role],
      ["lifetime_seconds", lifetimeSeconds?.toString()],
    ]);
    return credentialsIn(answer);
  };
}

function credentialsIn(answer: Answer): AwsSessionCredentials {
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
