import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { raiseWorld, type World } from "../../local/demo/story/world.ts";
import { clientsOf } from "../../scripts/prove/ground.ts";
import type { Proved } from "../../scripts/prove/run.ts";
import { runProve } from "../../scripts/prove.ts";
import { passTime } from "./passing-time.ts";

const stages = fileURLToPath(new URL("../../stages", import.meta.url));
let world: World;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lanyard-prove-"));
  world = await raiseWorld({ memory: true, onProgress: () => undefined });
  writeFileSync(join(folder, "outputs.json"), JSON.stringify({ "lanyard-local-all": world.cloud.outputs }));
});
afterAll(async () => {
  await world?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function prove(...args: readonly string[]): Promise<{ code: number; all: Record<string, string> }> {
  const lines: string[] = [];
  const { endpoint } = world.endpoints.aws;
  const credentials = { ...world.cloud.operator };
  const code = await runProve(["--stage", "local", "--outputs", join(folder, "outputs.json"), "--json", ...args], {
    stages,
    out: (line) => void lines.push(line),
    err: (line) => void lines.push(line),
    clients: (region) => clientsOf(region, { endpoint, credentials, useQueueUrlAsEndpoint: false }),
  });
  const all = (JSON.parse(lines.join("")) as Proved[]).map(({ probe, is, says }) => [
    probe,
    is === "ok" ? is : `${is}: ${says}`,
  ]);
  return { code, all: Object.fromEntries(all) as Record<string, string> };
}

test("the embedded cloud is as we believe AWS to be, once the rotator has made its standbys", async () => {
  await world.cloud.invoke("rotator", {});
  expect((await prove("--only", "standby-keys")).all["standby-keys"]).toContain("could not be tried");
  for (const seconds of [120, 900]) await passTime(world, seconds, ["identity", "session", "status", "events"]);
  expect(await prove()).toEqual({
    code: 0,
    all: {
      "public-urls": "ok",
      "admin-urls": "ok",
      "keys-refuse": "ok",
      "standby-keys": "ok",
      "tables-refuse": "ok",
      "bus-refuses": "ok",
      "queue-refuses": "ok",
      "web-identity-rate": "ok",
    },
  });
});
