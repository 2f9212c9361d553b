/**
 * The CDK app. `cdk synth` alone makes stage `dev`; `-c stage=prod` reads `stages/prod.json`; `-c dist=<folder>` takes
 * bundles from elsewhere.
 */
import { fileURLToPath } from "node:url";
import { App } from "aws-cdk-lib";
import { deployment } from "../lib/deployment.ts";
import { readStage } from "../lib/stage.ts";

const root = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const app = new App();
const context = (name: string, otherwise: string): string => {
  const given: unknown = app.node.tryGetContext(name) ?? otherwise;
  if (typeof given !== "string") throw new Error(`context ${name} must be a string`);
  return given;
};
try {
  const stage = readStage(root("stages"), context("stage", "dev"));
  deployment(app, stage, context("dist", root("dist")));
} catch (error) {
  // a wrong setting is the reader's business, a stack trace is not
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
