/** The settings of one stage (one deployment), read once and refused as a whole when any of them is wrong. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { callable, noncingEndpoints } from "../../lambdas/manifest.ts";
import { reservableOf } from "./concurrency.ts";
import { operatorContradictions, operatorsSetting } from "./operators.ts";
import { refusedRegion } from "./regions.ts";

/** Days that CloudWatch Logs can keep a log group. */
const logDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const functionName = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "must be the name of a function, not its ARN");
const clusterName = z.string().regex(/^[A-Za-z0-9_-]{1,255}$/, "must be the name of a cluster, not its ARN");
const rolePath = z
  .string()
  .max(576)
  .regex(/^([\w+=,.@-]+\/)*[\w+=,.@-]{1,64}$/, "must be a role's path and name, such as agents/Planner");

const settings = z.strictObject({
  /** Region of every stack. */
  region: z.string().default("eu-west-1"),
  /** Twelve digits; left out, the account is the one that deploys. */
  account: z
    .string()
    .regex(/^\d{12}$/, "must be the account's twelve digits, as a string")
    .optional(),
  /** SPIFFE trust domain of every agent; it can never change once agents exist. */
  trustDomain: z
    .string()
    .max(255)
    .regex(/^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/, "must be a SPIFFE trust domain: lower-case letters, digits, . - _")
    .optional(),
  /**
   * Roles that may call the admin URLs, one list for all or `{ read, write, revoke, rotate }`: role ARNs, `role/<path and
   * name>` of this account, or `role/aws-reserved/sso.amazonaws.com/*AWSReservedSSO_<permission set>_*`.
   */
  operators: operatorsSetting,
  /**
   * The account's quota of concurrent executions in the Region (Service Quotas L-B99A9384). A new account has ten; by it
   * the streams are kept from starving the functions that answer.
   */
  lambdaConcurrency: z.int().min(10).max(1_000_000).default(10),
  /** Environments kept back for one function; off by default. AWS keeps 100 of `lambdaConcurrency` from being reserved. */
  reservedConcurrency: z.partialRecord(z.enum(callable), z.int().min(1).max(10_000)).default({}),
  /** How long audit objects live, in days. */
  auditRetentionDays: z.int().min(1).max(36_500).default(2_557),
  /**
   * Mode of Object Lock that every audit object is retained in for that long. `governance`: the bucket's policy lets nobody
   * end it early, and whoever changes that policy is told of. `compliance`: nobody ever can, the account's root included.
   */
  auditLock: z.enum(["governance", "compliance"]).default("governance"),
  /** How long functions' logs live, in days. */
  logRetentionDays: z
    .int()
    .refine((days) => logDays.includes(days), `must be one of ${logDays.join(", ")}`)
    .default(30),
  logLevel: z.enum(["DEBUG", "INFO", "WARN", "ERROR"]).default("INFO"),
  /** Buffer before S3: what is reached first closes an object. */
  delivery: z
    .strictObject({
      bufferSeconds: z.int().min(0).max(900).default(15),
      bufferMegabytes: z.int().min(1).max(128).default(5),
    })
    .prefault({}),
  alarms: z
    .strictObject({
      /** False leaves every alarm out; the watch on the keys stays. */
      enabled: z.boolean().default(true),
      /** Gets every alarm by e-mail, once it is confirmed. */
      email: z.email().optional(),
    })
    .prefault({}),
  /** Switches the account's outbound identity federation on; deleting the stack never switches it off. */
  outboundIdentityFederation: z.boolean().default(false),
  /**
   * What `attest` may look up in this account to bind agents to their code; nothing unless it stands here. `ecs` also
   * switches the attestor `ecs-task` on.
   */
  codeLookup: z
    .strictObject({
      lambda: z.strictObject({ functions: z.array(functionName).min(1).max(100) }).optional(),
      ecs: z
        .strictObject({
          clusters: z.array(clusterName).min(1).max(20),
          /** The tasks' roles, with their path and without a slash in front. */
          roles: z.array(rolePath).min(1).max(100),
        })
        .optional(),
    })
    .prefault({}),
  /**
   * Lets an EC2 instance identity document attest with nothing beside it. It has no nonce and names no role, so whoever
   * ever read it on the instance may be first to show it; assurance `document`.
   */
  instanceIdentityAlone: z.boolean().default(false),
  /**
   * Endpoints that demand a nonce in each DPoP proof (RFC 9449 8): a proof made beforehand is worth nothing there, and a
   * caller that was silent for two minutes needs one more round trip.
   */
  dpopNonces: z.array(z.enum(noncingEndpoints)).max(noncingEndpoints.length).default([]),
  /** Lets resources whose registration says `senderConstraint: none` have bearer access tokens; whoever copies one uses it. */
  bearerAccessTokens: z.boolean().default(false),
  /** Signing keys (docs/runbook.md, "Keys"). */
  keys: z
    .strictObject({
      /** How long a key signs, in days. */
      rotationDays: z.int().min(2).max(365).default(30),
      /**
       * How long a key is published before a rotation on schedule switches to it, in hours. Verifiers we know have it in
       * a quarter of an hour; this is for those we do not.
       */
      publishWaitHours: z.int().min(1).max(168).default(24),
    })
    .prefault({}),
  /** Days without a session after which an active agent is told of as dormant, unless its registration names its own. */
  dormantAfterDays: z.int().min(1).max(3_650).default(90),
  /**
   * The registry as a folder of YAML, applied by each deployment that changes it. Left out, the registry is changed by
   * `lanyard apply` and `admin-write` alone.
   */
  registry: z
    .strictObject({
      /** Below the project's folder, or absolute. */
      folder: z.string().min(1),
      /** Values of `${name}` in its files, beside `region`, `account` and `trustDomain`, which the stage knows. */
      variables: z
        .record(z.string().regex(/^[A-Za-z][A-Za-z0-9]*$/, "must be letters and digits"), z.string())
        .default({}),
      /** Overwrites what somebody changed by hand since the last deployment. */
      force: z.boolean().default(false),
    })
    .optional(),
  /**
   * ARN of a Lambda code signing configuration, for whoever ships signed objects: Lambda then refuses code that none of its
   * profiles signed. The assets must be signed before they are published; `cdk deploy` alone does not.
   */
  codeSigningConfig: z
    .string()
    .regex(
      /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:code-signing-config:csc-[a-z0-9]{17}$/,
      "must be the ARN of a Lambda code signing configuration",
    )
    .optional(),
  /** Keeps CloudFormation from deleting State and Issuer. */
  terminationProtection: z.boolean().default(true),
});

/** One stage's settings, complete and checked. */
export type Stage = Omit<z.infer<typeof settings>, "trustDomain"> & {
  /** Name of the deployment; an account holds a name once a Region. */
  readonly name: string;
  readonly trustDomain: string;
};

/**
 * Checks a stage's settings.
 * @param name the stage's name: a lower-case letter, then letters, digits or dashes, 20 at most (it stands in role names)
 * @param given what the stage's file says; an empty object gives the defaults, which only stage `dev` can live by
 * @returns the complete settings
 * @throws with a message that names every wrong setting
 */
export function stageOf(name: string, given: unknown): Stage {
  checkName(name);
  const read = settings.safeParse(given);
  if (!read.success) throw new Error(wrong(name, read.error.issues.map(explain)));
  const stage = { ...read.data, name, trustDomain: read.data.trustDomain ?? `${name}.lanyard.internal` };
  const contradictions = contradictionsOf(stage);
  if (contradictions.length > 0) throw new Error(wrong(name, contradictions));
  return stage;
}

function checkName(name: string): void {
  if (!/^[a-z][a-z0-9-]{0,18}[a-z0-9]$/.test(name))
    throw new Error(`stage "${name}": the name must be 2 to 20 lower-case letters, digits or dashes`);
}

/**
 * Reads `stages/<name>.json`. Stage `dev` needs no file.
 * @param folder the folder of the stages' files
 * @throws when the file is missing, is no JSON or holds a wrong setting
 */
export function readStage(folder: string, name: string): Stage {
  // the name becomes part of a path: it is checked before anything is opened
  checkName(name);
  const file = join(folder, `${name}.json`);
  if (!existsSync(file)) {
    if (name === "dev") return stageOf(name, {});
    throw new Error(`stage "${name}" has no settings: npm run stage -- ${name} makes stages/${name}.json`);
  }
  try {
    return stageOf(name, JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Error(`stage "${name}": stages/${name}.json is no JSON: ${error.message}`);
  }
}

function contradictionsOf(stage: Stage): string[] {
  const found = operatorContradictions(stage.name, stage.account, stage.operators);
  const region = refusedRegion(stage.region);
  if (region) found.push(`region: ${region}`);
  const reserved = Object.values(stage.reservedConcurrency).reduce((sum, amount) => sum + amount, 0);
  const most = reservableOf(stage.lambdaConcurrency);
  if (reserved > most) {
    const quota = `of a quota of ${stage.lambdaConcurrency} (lambdaConcurrency) AWS lets ${most} be reserved`;
    found.push(`reservedConcurrency: ${reserved} in all; ${quota}: the deployment would fail`);
  }
  if (!stage.alarms.enabled && stage.alarms.email) {
    found.push("alarms.email: there are no alarms to send; leave it out or set alarms.enabled to true");
  }
  if (stage.keys.publishWaitHours * 2 > stage.keys.rotationDays * 24)
    found.push("keys.publishWaitHours: must be at most half of keys.rotationDays");
  if (stage.delivery.bufferSeconds > 300 && stage.alarms.enabled) {
    found.push("delivery.bufferSeconds: over 300 s the freshness alarm would never be quiet; set 300 at most");
  }
  return found;
}

function explain(issue: z.core.$ZodIssue): string {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => `${[...issue.path, key].join(".")}: there is no such setting`).join("; ");
  }
  return `${issue.path.join(".") || "the settings"}: ${issue.message}`;
}

function wrong(name: string, reasons: readonly string[]): string {
  return `stage "${name}" cannot be used:\n${reasons.map((reason) => `  ${reason}`).join("\n")}`;
}
