import { z } from "zod";
import { urlOutput } from "../../../lambdas/manifest.ts";
import { Usage } from "../terminal/outcome.ts";
import { profileOf } from "./client.ts";
import { parseJson, readIfThere } from "./files.ts";
import { isCallable } from "./function-url.ts";
import { localFile } from "./local.ts";
import type { Env, KillPlace, Profile } from "./model.ts";

/** Environment variable and stack output of each value that identifies a deployment on AWS. */
const names = {
  issuer: ["LANYARD_ISSUER", "IssuerUrl"],
  trustDomain: ["LANYARD_TRUST_DOMAIN", "TrustDomain"],
  admin: ["LANYARD_ADMIN_URL", urlOutput("admin-revoke")],
  adminWrite: ["LANYARD_ADMIN_WRITE_URL", urlOutput("admin-write")],
  adminRead: ["LANYARD_ADMIN_READ_URL", urlOutput("admin-read")],
} as const;
const optional = {
  adminRotate: ["LANYARD_ADMIN_ROTATE_URL", urlOutput("admin-rotate")],
  approve: ["LANYARD_APPROVE_URL", urlOutput("approve")],
  bucket: ["LANYARD_AUDIT_BUCKET", "AuditBucketName"],
  logKey: ["LANYARD_LOG_KEY", "LogKeyId"],
  relay: ["LANYARD_RELAY", "RelayName"],
  refusedQueue: ["LANYARD_REFUSED_QUEUE", "RefusedRecordsUrl"],
} as const;

/** All of them or none: half of a way past the functions is none. */
const kill = {
  role: ["LANYARD_KILL_ROLE", "OperatorKillRole"],
  ocsf: ["LANYARD_OCSF", "OcsfVersion"],
  revocations: ["LANYARD_REVOCATIONS_TABLE", "RevocationsTable"],
  outbox: ["LANYARD_OUTBOX_TABLE", "OutboxTable"],
  registry: ["LANYARD_REGISTRY_TABLE", "RegistryTable"],
  subjects: ["LANYARD_SUBJECTS_TABLE", "SubjectsTable"],
} as const satisfies Record<keyof KillPlace, readonly [string, string]>;

type Place = { readonly from: string; readonly stage?: string; readonly account?: string; readonly region?: string };
type Texts = Readonly<Record<string, string | undefined>>;

/** Whether the environment names a deployment, at least in part. */
export const environmentNames = (env: Env): boolean => Object.values(names).some(([variable]) => env[variable]);

/** The deployment that the environment names. @throws Usage that lists what is missing */
export function environmentProfile(env: Env): Profile {
  const missing = missingOf(0, env);
  if (missing.length > 0)
    throw new Usage(
      `which deployment? These are not set: ${missing.join(", ")}, and there is no ${localFile} that would do. ` +
        "Use lanyard login --stage <stage> once and then --profile <stage>, or --outputs <file> as written by " +
        "cdk deploy --outputs-file, or the local run (npm start) with --profile local",
    );
  const { LANYARD_STAGE: stage } = env;
  return profileFrom(0, env, { from: "the environment, LANYARD_…", ...(stage ? { stage } : {}) });
}

/** The deployment whose outputs a file holds. @throws Usage for a file of another kind, or of two deployments */
export async function outputsProfile(file: string): Promise<Profile> {
  const stacks = await readOutputs(file);
  const stages = new Set(
    Object.keys(stacks).flatMap((name) => /^lanyard-(.+)-(?:state|audit|issuer|service)$/i.exec(name)?.[1] ?? []),
  );
  if (stages.size > 1)
    throw new Usage(`${file} holds the outputs of ${[...stages].join(" and ")}: one deployment a file`);
  const outputs: Texts = Object.assign({}, ...Object.values(stacks));
  const missing = missingOf(1, outputs);
  if (missing.length > 0) throw new Usage(`${file} lacks ${missing.join(", ")}: is it of all four stacks?`);
  const [stage] = stages;
  const account = Object.values(outputs)
    .map((value) => /^arn:[a-z-]+:[a-z0-9-]+:[a-z0-9-]*:(\d{12}):/.exec(value ?? "")?.[1])
    .find((each) => each !== undefined);
  return profileFrom(1, outputs, {
    from: file,
    ...(stage === undefined ? {} : { stage }),
    ...(account === undefined ? {} : { account }),
    // State says it, also where the issuer's address is a domain of one's own
    ...(outputs.Region === undefined ? {} : { region: outputs.Region }),
  });
}

const missingOf = (column: 0 | 1, texts: Texts): readonly string[] =>
  Object.values(names).flatMap((pair) => (texts[pair[column]] ? [] : [pair[column]]));

function profileFrom(column: 0 | 1, texts: Texts, place: Place): Profile {
  const of = (pair: readonly [string, string]) => texts[pair[column]] ?? "";
  const known = {
    // a function's URL ends in a slash, an issuer does not
    issuer: of(names.issuer).replace(/\/$/, ""),
    trustDomain: of(names.trustDomain),
    admin: of(names.admin),
    adminWrite: of(names.adminWrite),
    adminRead: of(names.adminRead),
  };
  const [adminRotate, approve] = [of(optional.adminRotate), of(optional.approve)];
  const further = { ...(adminRotate ? { adminRotate } : {}), ...(approve ? { approve } : {}) };
  const bucket = of(optional.bucket);
  const { trustDomain: _, ...addresses } = known;
  for (const [name, address] of Object.entries({ ...addresses, ...further }))
    if (!isCallable(address)) throw new Usage(`${name} is no URL with https: ${JSON.stringify(address)}`);
  const [logKey, relay, refusedQueue] = [of(optional.logKey), of(optional.relay), of(optional.refusedQueue)];
  const more = {
    ...further,
    ...(bucket ? { audit: { bucket } } : {}),
    ...(logKey ? { logKey } : {}),
    ...(relay ? { relay } : {}),
    ...(refusedQueue ? { refusedQueue } : {}),
    ...(Object.values(kill).every((pair) => of(pair)) ? { kill: killPlace(of) } : {}),
  };
  return profileOf({ name: "aws", kind: "aws", ...place, ...known, ...more, variables: {} }, {});
}

const killPlace = (of: (pair: readonly [string, string]) => string): KillPlace => ({
  role: of(kill.role),
  ocsf: of(kill.ocsf),
  revocations: of(kill.revocations),
  outbox: of(kill.outbox),
  registry: of(kill.registry),
  subjects: of(kill.subjects),
});

async function readOutputs(file: string): Promise<Readonly<Record<string, Readonly<Record<string, string>>>>> {
  const text = await readIfThere(file);
  if (text === undefined) throw new Usage(`there is no file ${file}`);
  const parsed = z.record(z.string(), z.record(z.string(), z.string())).safeParse(parseJson(text, file));
  if (!parsed.success) throw new Usage(`${file} is not what cdk deploy --outputs-file writes`);
  return parsed.data;
}
