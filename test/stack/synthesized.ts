/** One synthesized deployment for the tests of this folder, with the context of `cdk.json` and bundles that do nothing. */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { type Deployment, deployment } from "../../lib/deployment.ts";
import type { DeployedRegistry } from "../../lib/service/registry/applier.ts";
import { stageOf } from "../../lib/settings/stage.ts";

export const account = "111122223333";
export const region = "eu-west-1";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Bundles that do nothing, one folder a function. */
export const bundles = join(root, "test/stack/fixtures/bundles");

/** The feature flags that the command line tool would hand over. */
export const context: Record<string, unknown> = JSON.parse(readFileSync(join(root, "cdk.json"), "utf8")).context;

interface Resource {
  readonly Type: string;
  readonly Properties: Record<string, unknown>;
  readonly DependsOn?: string | string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface Template {
  readonly Resources: Record<string, Resource>;
  readonly Outputs: Record<string, { Value: unknown; Export?: { Name: string } }>;
}

export type StackName = "State" | "Audit" | "Issuer" | "Service";

export interface Synthesized {
  readonly folder: string;
  readonly templates: Record<StackName, Template>;
}

/** What only some stages have, and the tests of this folder look at. */
const whole = {
  keys: { es256: true },
  securityEvents: true,
  decisions: true,
  approvals: true,
  approvalNotices: true,
  signals: true,
  awsCredentials: { accounts: [account, "444455556666"], lifeSeconds: 900 },
};
/** The settings of a stage that has none of it. */
export const bare = {
  keys: {},
  securityEvents: false,
  decisions: false,
  approvals: false,
  approvalNotices: false,
  signals: false,
  awsCredentials: undefined,
};

/**
 * Synthesizes a stage, `dev` unless another is named, with an ES256 session key, security events and AWS credentials
 * unless it says otherwise.
 * @param settings as in the stage's file
 * @param options `change` may spoil the deployment before it is synthesized; `registry` is the packed folder, which the
 * settings must name
 */
export function synthesized(
  settings: Record<string, unknown> = {},
  options: {
    stage?: string;
    validate?: boolean;
    change?: (made: Deployment) => void;
    registry?: DeployedRegistry;
  } = {},
): Synthesized {
  const folder = mkdtempSync(join(tmpdir(), "lanyard-stack-"));
  // the validator takes seconds: one file alone pays for it
  process.env.CDK_VALIDATION = options.validate ? "true" : "false";
  const app = new App({ context, outdir: folder });
  // only stage dev may leave its operators out
  const named = (options.stage ?? "dev") === "dev" ? {} : { operators: ["role/Operator"] };
  const stage = stageOf(options.stage ?? "dev", { ...named, ...whole, ...settings });
  const { registry } = options;
  const made = deployment(app, { stage, dist: bundles, ...(registry && { registry }) });
  if (options.validate) Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  options.change?.(made);
  app.synth();
  const read = (name: StackName): Template =>
    JSON.parse(readFileSync(join(folder, `${name}.template.json`), "utf8")) as Template;
  return {
    folder,
    templates: { State: read("State"), Audit: read("Audit"), Issuer: read("Issuer"), Service: read("Service") },
  };
}

/** An app of somebody who knows nothing of our feature flags; the bundles alone are named. */
export function team(context: Record<string, unknown> = {}): App {
  process.env.CDK_VALIDATION = "false";
  const outdir = mkdtempSync(join(tmpdir(), "lanyard-team-"));
  return new App({ outdir, context: { "lanyard:functions": bundles, ...context } });
}

/** Every resource of a type, with its stack and logical id. */
export function all(
  templates: Synthesized["templates"],
  type: string,
): { stack: StackName; id: string; it: Resource }[] {
  return Object.entries(templates).flatMap(([stack, { Resources }]) =>
    Object.entries(Resources)
      .filter(([, it]) => it.Type === type)
      .map(([id, it]) => ({ stack: stack as StackName, id, it })),
  );
}

/** The one resource of a type whose logical id starts so. */
export function one(template: Template, type: string, prefix = ""): Resource {
  const found = Object.entries(template.Resources).filter(([id, it]) => it.Type === type && id.startsWith(prefix));
  const [only] = found;
  if (!only || found.length > 1) throw new Error(`${found.length} resources of ${type} start with "${prefix}"`);
  return only[1];
}
