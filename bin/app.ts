/**
 * The CDK app of this repository, as any team would write it. `cdk synth` alone makes stage `dev`; `-c stage=prod` reads
 * `stages/prod.json`; `-c stages=<folder>` takes the stages' files from elsewhere, `-c lanyard:functions=<folder>` the
 * bundles.
 */
import { fileURLToPath } from "node:url";
import { App, Validations } from "aws-cdk-lib";
import { AwsSolutionsChecks } from "cdk-nag";
import { Lanyard } from "../lib/index.ts";
import { readSettings } from "../lib/settings/stage-file.ts";

const root = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const app = new App();
const context = (name: string, otherwise: string): string => {
  const given: unknown = app.node.tryGetContext(name) ?? otherwise;
  if (typeof given !== "string") throw new Error(`context ${name} must be a string`);
  return given;
};

try {
  if (app.node.tryGetContext("lanyard:functions") === undefined) app.node.setContext("lanyard:functions", root("dist"));
  // folders that a stage names are below the project's
  process.chdir(root(""));
  new Lanyard(app, "Lanyard", readSettings(context("stages", root("stages")), context("stage", "dev")));
  // the embedded cloud leaves the checks out of every boot, by this context; the tests and `cdk synth` keep them
  if (app.node.tryGetContext("checks") !== "off") Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
} catch (error) {
  // a wrong setting is the reader's business, a stack trace is not
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
