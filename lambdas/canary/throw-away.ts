import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { awsStsCallerIdentity } from "../../client/evidence/aws-sts-caller-identity.ts";
import { type AgentSession, type AwsSessionCredentials, createAgent, LanyardError } from "../../client/index.ts";
import type { Place, ThrowAway } from "../../core/endpoints/canary.ts";
import { canary } from "../../core/model/canary.ts";
import { runKeys } from "../aws/dynamodb/canary-runs.ts";
import { guardedBy, guardModes, serveResource } from "./guards.ts";

/** Where the canary is, and what it may use. */
interface CanarySettings {
  readonly issuer: string;
  readonly trustDomain: string;
  readonly region: string;
  /** Its own table. */
  readonly table: string;
  /** How long credentials of AWS live; absent where the stage lends the canary none. */
  readonly awsLifeSeconds?: number | undefined;
}

/** What one run looks at. */
interface Wanted {
  /** Waits until AWS itself refuses what was lent before, which takes as long as credentials live. */
  readonly aws: boolean;
}

/** Longest time in which one request is answered: what is accepted again after it was not refused by the next request. */
const requestMillis = 10_000;
const offlinePatienceMillis = 60_000;
/** Beyond the life of the credentials. */
const awsPatienceMillis = 30_000;

const grant = { resource: canary.resource, scopes: [canary.scope] } as const;

/** Makes the canary's agent, which lives as long as its sandbox. @returns what opens a session to be revoked */
export function createCanary(settings: CanarySettings): (wanted: Wanted) => Promise<ThrowAway | undefined> {
  const { issuer, trustDomain, region } = settings;
  const agent = createAgent({
    issuer,
    agent: `spiffe://${trustDomain}/agent/${canary.agent}`,
    // the one kind of evidence that needs no right at all
    evidence: awsStsCallerIdentity({ region }),
    fetch: serveResource(issuer, () => agent),
  });
  return async (wanted) => {
    if (!(await isRegistered(() => agent.identity()))) return undefined;
    const { lifetimeSeconds } = canary;
    const session = await agent.open({
      grants: [grant],
      renewable: true,
      lifetimeSeconds,
      purpose: "revocation canary",
    });
    const { token } = await session.accessToken(canary.resource);
    return {
      sid: session.sid,
      places: await placesOf(session, settings, wanted),
      // what the token belongs to: a session that its own client has ended would not be tried any more
      revoke: () => session.revoke({ token }),
    };
  };
}

/** An agent that nobody registered is refused as one that proves too little is: both are told by the missing metric. */
async function isRegistered(identity: () => Promise<unknown>): Promise<boolean> {
  try {
    await identity();
    return true;
  } catch (cause) {
    if (cause instanceof LanyardError && cause.status === 401) return false;
    throw cause;
  }
}

async function placesOf(session: AgentSession, settings: CanarySettings, { aws }: Wanted): Promise<readonly Place[]> {
  const guarded = guardModes.map(
    (mode): Place => ({
      ...(mode === "offline"
        ? { name: mode, pauseMillis: 250, patienceMillis: offlinePatienceMillis }
        : { name: "introspection", pauseMillis: requestMillis, patienceMillis: 3 * requestMillis }),
      accepts: async () => {
        const { status } = await session.fetch(guardedBy(mode), { resource: canary.resource });
        if (status !== 204 && status !== 401) throw new Error(`the guard answered ${status}`);
        return status === 204;
      },
    }),
  );
  const { awsLifeSeconds } = settings;
  if (awsLifeSeconds === undefined) return guarded;
  const asking: Place = {
    ...{ name: "credentials", pauseMillis: requestMillis, patienceMillis: 3 * requestMillis },
    accepts: () => unlessRefused(() => session.awsCredentials(grant)),
  };
  if (!aws) return [...guarded, asking];
  const read = reader(await session.awsCredentials(grant), settings);
  const patienceMillis = Math.min(awsLifeSeconds, canary.lifetimeSeconds) * 1_000 + awsPatienceMillis;
  return [...guarded, asking, { name: "aws", pauseMillis: 1_000, patienceMillis, accepts: read }];
}

async function unlessRefused(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (cause) {
    if (cause instanceof LanyardError && cause.status === 400) return false;
    throw cause;
  }
}

/** Every way in which AWS says that credentials are good for nothing (any more). */
const refusals = new Set(["AccessDeniedException", "ExpiredTokenException", "UnrecognizedClientException"]);

/** Reads the canary's own row by lent credentials. There is none: whether it may be read is all that is asked. */
function reader(given: AwsSessionCredentials, { region, table }: CanarySettings): () => Promise<boolean> {
  const { accessKeyId, secretAccessKey, sessionToken } = given;
  const dynamo = new DynamoDBClient({ region, credentials: { accessKeyId, secretAccessKey, sessionToken } });
  return async () => {
    try {
      await dynamo.send(new GetItemCommand({ TableName: table, Key: runKeys.own }));
      return true;
    } catch (cause) {
      if (cause instanceof Error && refusals.has(cause.name)) return false;
      throw cause;
    }
  };
}
