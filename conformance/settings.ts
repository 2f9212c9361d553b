import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { z } from "zod";
import { callSigned } from "../bin/lanyard/deployment/call.ts";
import { awsStsCallerIdentity } from "../client/evidence/aws-sts-caller-identity.ts";
import { awsStsWebIdentity } from "../client/evidence/aws-sts-web-identity.ts";
import type { EvidenceSource } from "../client/index.ts";
import type { Ground, Operator, Workload } from "./ground.ts";

const credentials = {
  region: z.string().min(1),
  /** A profile of the shared AWS files; the usual chain unless given. */
  profile: z.string().min(1).exactOptional(),
  /** A role to assume by those credentials. */
  assumeRole: z.string().startsWith("arn:").exactOptional(),
};
const workload = z.strictObject({
  agent: z.string().startsWith("spiffe://"),
  evidence: z.enum(["aws-sts-web-identity", "aws-sts-caller-identity"]),
  /** Another STS than AWS's, for `aws-sts-web-identity`: the embedded cloud's. */
  endpoint: z.url().exactOptional(),
  ...credentials,
});
const reach = z.strictObject({ uri: z.string().min(1), scopes: z.array(z.string().min(1)).min(1) });
const detail = z.record(z.string(), z.unknown());
/** A program that prints a fresh token, or JSON with `id_token` (an assertion: `access_token`); run without a shell. */
const command = z.array(z.string()).min(1);

/** What a settings file holds; docs/conformance.md says what each is for. */
const schema = z.strictObject({
  agents: z.strictObject({
    worker: workload,
    server: workload.exactOptional(),
    opener: workload.exactOptional(),
    helper: workload.exactOptional(),
    stranger: workload.exactOptional(),
  }),
  own: reach,
  other: reach.exactOptional(),
  rsa: reach.exactOptional(),
  bearer: reach.exactOptional(),
  counted: reach.exactOptional(),
  lent: reach.exactOptional(),
  named: reach.exactOptional(),
  signedIn: reach.exactOptional(),
  onward: reach.exactOptional(),
  details: z.strictObject({ granted: detail, narrower: detail, beyond: detail, malformed: detail }).exactOptional(),
  person: command.exactOptional(),
  foreignPerson: command.exactOptional(),
  asserted: command.exactOptional(),
  foreignAsserted: command.exactOptional(),
  operator: z.strictObject({ adminUrl: z.url(), ...credentials }).exactOptional(),
});
type Settings = z.infer<typeof schema>;
type Place = Pick<z.infer<typeof workload>, "region" | "profile" | "assumeRole"> & { readonly endpoint?: string };

/**
 * Reads a settings file for a deployment.
 * @throws Error that says where the file is wrong
 */
export function readSettings(file: string, issuer: string): Ground {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new Error(`${file} cannot be read as JSON: ${cause instanceof Error ? cause.message : cause}`);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new Error(`${file}: ${z.prettifyError(parsed.error)}`);
  return groundOf(parsed.data, issuer);
}

function groundOf({ agents, operator, ...rest }: Settings, issuer: string): Ground {
  const { person, foreignPerson, asserted, foreignAsserted, ...reaches } = rest;
  const { worker, ...others } = agents;
  const played = Object.entries(others).map(([part, each]) => [part, workloadOf(each)]);
  return {
    issuer,
    worker: workloadOf(worker),
    ...(Object.fromEntries(played) as Partial<Record<"server" | "opener" | "helper" | "stranger", Workload>>),
    ...(reaches as object as Pick<Ground, "own">),
    ...(person ? { person: () => printed(person) } : {}),
    ...(foreignPerson ? { foreignPerson: () => printed(foreignPerson) } : {}),
    ...(asserted ? { asserted: () => printed(asserted) } : {}),
    ...(foreignAsserted ? { foreignAsserted: () => printed(foreignAsserted) } : {}),
    ...(operator ? { operator: operatorOf(operator) } : {}),
  };
}

function workloadOf({ agent, evidence, ...place }: z.infer<typeof workload>): Workload {
  const lazily: EvidenceSource = {
    type: evidence,
    async collect(request) {
      const given = { region: place.region, credentials: await credentialsAt(place) };
      const source =
        evidence === "aws-sts-caller-identity"
          ? awsStsCallerIdentity(given)
          : awsStsWebIdentity({ ...given, ...(place.endpoint ? { endpoint: place.endpoint } : {}) });
      return source.collect(request);
    },
  };
  return { id: agent, evidence: lazily };
}

/** The usual chain, or that of a profile; as the role they assume, where one is named. */
async function credentialsAt({ region, profile, assumeRole, endpoint }: Place) {
  const sts = new STSClient({ region, ...(profile ? { profile } : {}), ...(endpoint ? { endpoint } : {}) });
  if (!assumeRole) return sts.config.credentials;
  const asked = new AssumeRoleCommand({ RoleArn: assumeRole, RoleSessionName: "lanyard-conformance" });
  const { Credentials: made } = await sts.send(asked);
  const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = made ?? {};
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
}

/** Orders to admin-revoke, signed as its URL demands. */
export const operatorAt = (adminUrl: string, dynamo: DynamoDBClient): Operator => ({
  order: async (body) => void (await callSigned({ dynamo }, adminUrl, { method: "POST", body: JSON.stringify(body) })),
});

const operatorOf = ({ adminUrl, ...place }: NonNullable<Settings["operator"]>): Operator => ({
  async order(body) {
    const dynamo = new DynamoDBClient({ region: place.region, credentials: await credentialsAt(place) });
    await operatorAt(adminUrl, dynamo).order(body);
    dynamo.destroy();
  },
});

const run = promisify(execFile);
const commandTimeoutMillis = 60_000;

async function printed([file = "", ...args]: readonly string[]): Promise<string> {
  const { stdout } = await run(file, args, { timeout: commandTimeoutMillis, maxBuffer: 65_536 });
  const said = stdout.trim();
  if (!said.startsWith("{")) return said;
  const { id_token, access_token } = JSON.parse(said) as { id_token?: unknown; access_token?: unknown };
  return String(id_token ?? access_token);
}
