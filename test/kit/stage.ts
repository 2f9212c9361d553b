import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { putFunctions } from "../../scripts/kept/functions.ts";

const root = join(import.meta.dirname, "../..");

/** Settings of stage `local`. */
export const localStage = (): { readonly account: string; readonly region: string; readonly trustDomain: string } =>
  JSON.parse(readFileSync(join(root, "stages/local.json"), "utf8"));

/**
 * Synthesizes stage `local` with other settings, on the bundles that deploy.
 * @param folder where the settings, the bundles and the assembly are put
 * @param settings in place of those of `stages/local.json`
 * @returns the assembly's folder
 */
export async function synthesizeLocal(folder: string, settings: object): Promise<string> {
  const stages = join(folder, "stages");
  mkdirSync(stages, { recursive: true });
  writeFileSync(join(stages, "local.json"), JSON.stringify({ ...localStage(), ...settings }));
  await putFunctions(join(folder, "dist"));
  const out = join(folder, "cdk.out");
  const context = { stage: "local", stages, "lanyard:functions": join(folder, "dist"), checks: "off" };
  const env = { ...process.env, CDK_OUTDIR: out, CDK_VALIDATION: "false", CDK_CONTEXT_JSON: JSON.stringify(context) };
  const { status, stderr } = spawnSync(process.execPath, ["bin/app.ts"], { cwd: root, env, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return out;
}
