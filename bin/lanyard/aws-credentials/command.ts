import { awsStsWebIdentity } from "../../../client/evidence/aws-sts-web-identity.ts";
import { type AwsSessionCredentials, createAgent, type KeyPair, type LanyardAgent } from "../../../client/index.ts";
import { keptKey } from "../../../client/kept-key.ts";
import { type OwnRoleInput, ownRole } from "../../../client/own-role.ts";
import { readIfThere } from "../deployment/files.ts";
import { localAgent } from "../deployment/local.ts";
import type { Env } from "../deployment/model.ts";
import { type Terminal, Usage } from "../terminal/outcome.ts";
import { evidenceFrom, regionOf } from "./evidence.ts";

/** Options of `aws-credentials`. */
export interface AwsCredentialsOptions {
  readonly agent?: string;
  readonly issuer?: string;
  readonly evidence: string;
  readonly region?: string;
  readonly tokenFile?: string;
  readonly key?: string;
  readonly idTokenFile?: string;
  readonly resource: string;
  readonly scope: readonly string[];
  readonly details?: string;
  readonly role?: string;
  readonly ownRole?: boolean;
  readonly lifetime?: string;
}

/** Where the command runs. */
interface Place {
  readonly env: Env;
  readonly folder: string;
}

/**
 * Attests, opens a session for the wanted part of a resource and prints AWS credentials of it, as the SDKs read them
 * from a `credential_process`. Nothing is kept but the key, where a file for it is named.
 * @throws Usage, LanyardError
 */
export async function runAwsCredentials(
  options: AwsCredentialsOptions,
  terminal: Pick<Terminal, "out">,
  place: Place,
): Promise<void> {
  const { resource, scope: scopes, role } = options;
  const lifetimeSeconds = lifetimeOf(options);
  const details = detailsOf(options);
  const { agent, sts } = await agentOf(options, place);
  const own = options.ownRole ? ownRoleOf(sts(), lifetimeSeconds) : undefined;
  const onBehalfOf = await personOf(options);
  const grants = [{ resource, scopes, ...(details ? { details } : {}) }];
  const session = await agent.open({ grants, renewable: true, ...(onBehalfOf ? { onBehalfOf } : {}) });
  const given = await session.awsCredentials({
    ...{ resource, scopes },
    ...(role === undefined ? {} : { role }),
    ...(own === undefined ? {} : { own }),
    ...(own !== undefined || lifetimeSeconds === undefined ? {} : { lifetimeSeconds }),
  });
  const { sid, root, principal } = session;
  terminal.out(JSON.stringify({ ...processOutput(given), session: { sid, root, agent: session.agent, principal } }));
}

/** The shape that the SDKs read; they ignore members that they do not know. */
const processOutput = ({ accessKeyId, secretAccessKey, sessionToken, expiration }: AwsSessionCredentials) => ({
  Version: 1,
  AccessKeyId: accessKeyId,
  SecretAccessKey: secretAccessKey,
  SessionToken: sessionToken,
  Expiration: expiration.toISOString(),
});

/** An agent, and the STS that it calls by itself; asked for only where it is needed, since not every agent has one. */
interface Placed {
  readonly agent: LanyardAgent;
  readonly sts: () => Pick<OwnRoleInput, "region" | "endpoint">;
}

async function agentOf(options: AwsCredentialsOptions, { env, folder }: Place): Promise<Placed> {
  const issuer = options.issuer ?? (env.LANYARD_ISSUER || undefined);
  const agent = options.agent ?? (env.LANYARD_AGENT || undefined);
  if (agent === undefined) throw new Usage("which agent? Say --agent, or set LANYARD_AGENT");
  const key: { readonly key?: KeyPair } = options.key === undefined ? {} : { key: await keptKey(options.key) };
  if (issuer !== undefined)
    return {
      agent: createAgent({ issuer, agent, evidence: evidenceFrom(options, env), ...key }),
      sts: () => ({ region: regionOf(options, env) }),
    };
  const local = await localAgent(folder, agent);
  if (!local) throw new Usage("which deployment? Say --issuer, or set LANYARD_ISSUER");
  const evidence = awsStsWebIdentity({ ...local.aws, credentials: local.credentials });
  return { agent: createAgent({ issuer: local.issuer, agent: local.id, evidence, ...key }), sts: () => local.aws };
}

/** Takes the role at STS, for as long as was said. */
function ownRoleOf(sts: Pick<OwnRoleInput, "region" | "endpoint">, lifetimeSeconds: number | undefined) {
  try {
    return ownRole({ ...sts, ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }) });
  } catch (error) {
    if (error instanceof RangeError) throw new Usage("--lifetime with --own-role is 900 to 3600, as STS gives");
    throw error;
  }
}

async function personOf({ idTokenFile }: AwsCredentialsOptions) {
  if (idTokenFile === undefined) return undefined;
  const text = await readIfThere(idTokenFile);
  if (text === undefined) throw new Usage(`${idTokenFile} cannot be read`);
  return { idToken: text.trim() };
}

function lifetimeOf({ lifetime }: AwsCredentialsOptions): number | undefined {
  if (lifetime === undefined) return undefined;
  if (!/^[1-9]\d{0,3}$/.test(lifetime)) throw new Usage("--lifetime is a number of seconds");
  return Number(lifetime);
}

function detailsOf({ details }: AwsCredentialsOptions) {
  if (details === undefined) return undefined;
  try {
    const read: unknown = JSON.parse(details);
    if (Array.isArray(read) && read.every((one) => typeof one?.type === "string")) return read;
  } catch {
    // told below, like any other text that is no list of details
  }
  throw new Usage('--details is a JSON array of objects with a "type"');
}
