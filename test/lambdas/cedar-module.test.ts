import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { CedarModule } from "../../core/policy/ask.ts";
import { buildOptions, cedarWasm } from "../../scripts/build.ts";

const folder = mkdtempSync(join(tmpdir(), "lanyard-cedar-"));
const entryPoints = [fileURLToPath(new URL("../../lambdas/cedar-module.ts", import.meta.url))];
const load = async (name: string): Promise<CedarModule> =>
  ((await import(pathToFileURL(join(folder, name, "cedar-module.mjs")).href)) as { cedar: CedarModule }).cedar;

beforeAll(async () => {
  for (const name of ["at-once", "later", "bare"])
    await build({ ...buildOptions, entryPoints, outdir: join(folder, name), write: true });
  for (const name of ["at-once", "later"]) copyFileSync(cedarWasm(), join(folder, name, "cedar_wasm_bg.wasm"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it.each([
  ["at-once", 0],
  ["later", 300],
])("Cedar answers, whether it was compiled meanwhile or not: asked %s", async (name, waitMillis) => {
  const cedar = await load(name);
  await wait(waitMillis);
  const staticPolicies = { one: "permit(principal, action, resource);" };
  expect(cedar.preparsePolicySet("set", { staticPolicies })).toEqual({ type: "success" });
  const entity = { type: "A", id: "a" };
  const question = { principal: entity, action: { type: "Action", id: "do" }, resource: entity, context: {} };
  const answer = cedar.statefulIsAuthorized({ ...question, entities: [], preparsedPolicySetId: "set" });
  expect(answer).toMatchObject({ type: "success", response: { decision: "allow" } });
});

it("a function whose Cedar was not deployed with it does not start", async () => {
  await expect(load("bare")).rejects.toThrow("ENOENT");
});
