/** The settings of one stage (one deployment), read once and refused as a whole when any of them is wrong. */
import { callable, noncingEndpoints } from "../../lambdas/manifest.ts";
import { integer, list, named, oneOf, optional, otherwise, settings, text, truth } from "./check.ts";
import type { Stage } from "./complete.ts";
import { reservableOf } from "./concurrency.ts";
import { operatorContradictions, operatorsSetting } from "./operators.ts";
import { refusedRegion } from "./regions.ts";

export type { Stage } from "./complete.ts";

/** Days that CloudWatch Logs can keep a log group. */
const logDays = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

const account = text(/^\d{12}$/, "must be the account's twelve digits, as a string");
const functionName = text(/^[A-Za-z0-9_-]{1,64}$/, "must be the name of a function, not its ARN");
const clusterName = text(/^[A-Za-z0-9_-]{1,255}$/, "must be the name of a cluster, not its ARN");
const rolePath = text(
  /^(?=.{1,576}$)([\w+=,.@-]+\/)*[\w+=,.@-]{1,64}$/,
  "must be a role's path and name, such as agents/Planner",
);
const reservation = named(
  new RegExp(`^(${callable.join("|")})$`),
  `must be one of ${callable.join(", ")}`,
  integer(1, 10_000),
);

/** The known settings, with their form and default; `props.ts` explains each. */
const known = settings({
  region: otherwise(text(/^/), "eu-west-1"),
  account: optional(account),
  trustDomain: optional(
    text(
      /^(?=.{1,255}$)[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/,
      "must be a SPIFFE trust domain: lower-case letters, digits, . - _",
    ),
  ),
  operators: operatorsSetting,
  lambdaConcurrency: otherwise(integer(10, 1_000_000), 10),
  reservedConcurrency: otherwise(reservation, {}),
  auditRetentionDays: otherwise(integer(1, 36_500), 2_557),
  auditLock: otherwise(oneOf(["governance", "compliance"]), "governance"),
  ocsf: otherwise(oneOf(["1.9.0", "1.8.0"]), "1.9.0"),
  logRetentionDays: otherwise(oneOf(logDays), 30),
  logLevel: otherwise(oneOf(["DEBUG", "INFO", "WARN", "ERROR"]), "INFO"),
  delivery: otherwise(
    settings({
      bufferSeconds: otherwise(integer(0, 900), 15),
      bufferMegabytes: otherwise(integer(1, 128), 5),
    }),
    {},
  ),
  alarms: otherwise(
    settings({
      enabled: otherwise(truth, true),
      eachFunction: otherwise(truth, false),
      email: optional(text(/^[^\s@]{1,64}@[^\s@]+\.[^\s@.]+$/, "must be an e-mail address")),
    }),
    {},
  ),
  canary: optional(settings({ stopWriter: otherwise(truth, false) })),
  dashboard: otherwise(truth, false),
  outboundIdentityFederation: otherwise(truth, false),
  codeLookup: otherwise(
    settings({
      lambda: optional(settings({ functions: list(functionName, 1, 100) })),
      ecs: optional(settings({ clusters: list(clusterName, 1, 20), roles: list(rolePath, 1, 100) })),
    }),
    {},
  ),
  instanceIdentityAlone: otherwise(truth, false),
  dpopNonces: otherwise(list(oneOf(noncingEndpoints), 0, noncingEndpoints.length), []),
  bearerAccessTokens: otherwise(truth, false),
  keys: otherwise(
    settings({
      rotationDays: otherwise(integer(2, 365), 30),
      publishWaitHours: otherwise(integer(1, 168), 24),
      es256: otherwise(truth, false),
    }),
    {},
  ),
  securityEvents: otherwise(truth, false),
  decisions: otherwise(truth, false),
  approvals: otherwise(truth, false),
  approvalNotices: otherwise(truth, false),
  signals: otherwise(truth, false),
  awsCredentials: optional(
    settings({
      accounts: list(account, 1, 50),
      lifeSeconds: otherwise(integer(1, 900), 60),
      webIdentity: otherwise(truth, false),
    }),
  ),
  lake: otherwise(
    settings({ enabled: otherwise(truth, true), scanGigabytes: otherwise(integer(1, 100_000), 100) }),
    {},
  ),
  parquet: optional(
    settings({
      days: otherwise(integer(1, 36_500), 365),
      bufferSeconds: otherwise(integer(60, 900), 300),
      bucket: optional(text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "must be the name of a bucket")),
      key: optional(
        text(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[a-zA-Z0-9-]{1,64}$/, "must be the ARN of a KMS key"),
      ),
    }),
  ),
  log: otherwise(
    settings({
      witnesses: otherwise(
        list(
          settings({
            // 33 bytes that begin with 0x04, the type of a witness's key
            key: text(
              /^[^\s+]{1,200}\+[0-9a-f]{8}\+B[A-P][A-Za-z0-9+/]{42}$/,
              "must be a witness's verifier key, <name>+<key id>+<base64>",
            ),
            url: text(
              /^https:\/\/([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}(:\d{1,5})?(\/[\w.~-]+)*\/?$/,
              "must be an https URL with a host's name",
            ),
          }),
          0,
          8,
        ),
        [],
      ),
      nextKey: optional(
        text(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[a-zA-Z0-9-]{1,64}$/, "must be the ARN of a KMS key"),
      ),
    }),
    {},
  ),
  cloudTrail: optional(
    settings({
      bucket: text(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "must be the name of a bucket"),
      prefix: optional(
        text(/^(?=.{1,200}$)[\w.@=-]+(\/[\w.@=-]+)*$/, "must be the trail's prefix, without a slash at either end"),
      ),
      organization: optional(text(/^o-[a-z0-9]{10,32}$/, "must be an organization's id, such as o-abcdefghij")),
      accounts: list(account, 1, 200),
      regions: list(text(/^[a-z]{2,4}(-[a-z]+)+-\d$/, 'must be a Region, such as "eu-west-1"'), 1, 40),
      key: optional(
        text(/^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[a-zA-Z0-9-]{1,64}$/, "must be the ARN of a KMS key"),
      ),
    }),
  ),
  dormantAfterDays: otherwise(integer(1, 3_650), 90),
  domain: optional(
    settings({
      name: text(
        /^(?=.{4,253}$)(([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}|127\.0\.0\.1:[1-9][0-9]{0,4})$/,
        "must be a name such as id.example.com, in lower case",
      ),
      certificate: text(
        /^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[a-zA-Z0-9-]{1,64}$/,
        "must be the ARN of a certificate of ACM",
      ),
    }),
  ),
  registry: optional(
    settings({
      folder: text(/./, "must name a folder"),
      variables: otherwise(named(/^[A-Za-z][A-Za-z0-9]*$/, "must be letters and digits", text(/^/)), {}),
      force: otherwise(truth, false),
    }),
  ),
  codeSigningConfig: optional(
    text(
      /^arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:code-signing-config:csc-[a-z0-9]{17}$/,
      "must be the ARN of a Lambda code signing configuration",
    ),
  ),
  terminationProtection: otherwise(truth, true),
});

/**
 * Checks a stage's settings.
 * @param name the stage's name: a lower-case letter, then letters, digits or dashes, 20 at most (it is part of role
 * names)
 * @param given contents of the stage's file; an empty object gives the defaults, which are enough only for stage `dev`
 * @returns the complete settings
 * @throws with a message that names every wrong setting
 */
export function stageOf(name: string, given: unknown): Stage {
  checkName(name);
  const problems: string[] = [];
  const read = known(given, "", problems);
  if (problems.length > 0) throw new Error(wrong(name, problems));
  const stage: Stage = { ...read, name, trustDomain: read.trustDomain ?? `${name}.lanyard.internal` };
  const contradictions = contradictionsOf(stage);
  if (contradictions.length > 0) throw new Error(wrong(name, contradictions));
  return stage;
}

/** @throws when the name is not valid, since it becomes part of paths and of names of stacks and roles */
export function checkName(name: string): void {
  if (!/^[a-z][a-z0-9-]{0,18}[a-z0-9]$/.test(name))
    throw new Error(`stage "${name}": the name must be 2 to 20 lower-case letters, digits or dashes`);
}

function contradictionsOf(stage: Stage): string[] {
  const found = operatorContradictions(stage);
  const { domain } = stage;
  if (domain && domain.certificate.split(":")[3] !== stage.region)
    found.push(`domain.certificate: must be of ${stage.region}, where the functions are`);
  // only the embedded cloud may use an address of this machine
  if (domain?.name.startsWith("127.") && stage.name !== "local")
    found.push("domain.name: must be a name such as id.example.com");
  const region = refusedRegion(stage.region);
  if (region) found.push(`region: ${region}`);
  const reserved = Object.values(stage.reservedConcurrency).reduce((sum, amount) => sum + amount, 0);
  const most = reservableOf(stage.lambdaConcurrency);
  if (reserved > most) {
    const quota = `of a quota of ${stage.lambdaConcurrency} (lambdaConcurrency) AWS lets ${most} be reserved`;
    found.push(`reservedConcurrency: ${reserved} in all; ${quota}: the deployment would fail`);
  }
  found.push(...repeated("awsCredentials.accounts", stage.awsCredentials?.accounts));
  found.push(...repeated("cloudTrail.accounts", stage.cloudTrail?.accounts));
  found.push(...repeated("cloudTrail.regions", stage.cloudTrail?.regions));
  if (stage.cloudTrail && !stage.lake.enabled)
    found.push("cloudTrail: its table is of the lake, which lake.enabled leaves out");
  if (stage.canary?.stopWriter && !deniable(stage)) found.push(`canary.stopWriter: ${undeniable}`);
  if (stage.parquet && !stage.lake.enabled)
    found.push("parquet: its tables are of the lake, which lake.enabled leaves out");
  if (stage.parquet?.key !== undefined && stage.parquet.bucket === undefined)
    found.push("parquet.key: belongs to a bucket that is named; the deployment's own is under its own key");
  if (!stage.awsCredentials && stage.dpopNonces.includes("credentials"))
    found.push("dpopNonces: there is no endpoint credentials without awsCredentials");
  if (stage.approvalNotices && !stage.approvals)
    found.push("approvalNotices: nothing waits for people without approvals");
  if (!stage.decisions && stage.dpopNonces.includes("decide"))
    found.push("dpopNonces: there is no endpoint decide without decisions");
  if (!stage.approvals && stage.dpopNonces.includes("approve-token"))
    found.push("dpopNonces: there is no endpoint approve-token without approvals");
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

/** Whether the canary gets credentials that live long enough to be stopped. */
const deniable = ({ account, awsCredentials }: Stage): boolean =>
  account !== undefined && awsCredentials?.accounts.includes(account) === true && awsCredentials.lifeSeconds > 120;
const undeniable =
  "nothing would be stopped; it needs `account` among awsCredentials.accounts, and awsCredentials.lifeSeconds above 120";

function repeated(at: string, values: readonly string[] = []): readonly string[] {
  const twice = values.find((one, index) => values.indexOf(one) < index);
  return twice === undefined ? [] : [`${at}: ${twice} is named twice`];
}

function wrong(name: string, reasons: readonly string[]): string {
  return `stage "${name}" cannot be used:\n${reasons.map((reason) => `  ${reason}`).join("\n")}`;
}
