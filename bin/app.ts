/**
 * The CDK app. `cdk synth` alone makes stage `dev`; `-c stage=prod` reads `stages/prod.json`; `-c dist=<folder>` takes
 * bundles from elsewhere, `-c stages=<folder>` the stages' files.
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { App } from "aws-cdk-lib";
import { deployment } from "../lib/deployment.ts";
import type { DeployedRegistry } from "../lib/service/registry-applier.ts";
import { readStage, type Stage } from "../lib/settings/stage.ts";
import { packRegistry } from "./lanyard/registry/packed.ts";

const root = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const app = new App();
const context = (name: string, otherwise: string): string => {
  const given: unknown = app.node.tryGetContext(name) ?? otherwise;
  if (typeof given !== "string") throw new Error(`context ${name} must be a string`);
  return given;
};

/** Validates the folder that the stage names: a registry that does not hold up is no template. */
async function registryOf({ registry, region, account, trustDomain }: Stage): Promise<DeployedRegistry | undefined> {
  if (registry === undefined) return undefined;
  const variables = { region, trustDomain, ...(account && { account }), ...registry.variables };
  const packed = await packRegistry(resolve(root(""), registry.folder), variables, trustDomain);
  return { ...packed, force: registry.force };
}

try {
  const stage = readStage(context("stages", root("stages")), context("stage", "dev"));
  deployment(app, stage, context("dist", root("dist")), await registryOf(stage));
} catch (error) {
  // a wrong setting is the reader's business, a stack trace is not
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
