/** From a decision to a record that is found, at the buffer that a stage has unless it names another. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { run } from "../../bin/lanyard/program.ts";
import { stageOf } from "../../lib/settings/stage.ts";
import { readRecords, type StoredRecord } from "../../local/demo/story/records.ts";
import { raiseWorld, type World } from "../../local/demo/story/world.ts";
import { synthesize } from "../../local/demo/synthesize.ts";
import { patience } from "../kit/patience.ts";
import { byDefault } from "./audit-delay/template.ts";

const promisedMillis = 60_000;
const { delivery } = stageOf("dev", { operators: ["role/Operator"] });

let world: World;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lanyard-delay-"));
  const { assembly } = await synthesize({ onProgress: () => undefined });
  const own = join(folder, "assembly");
  cpSync(assembly, own, { recursive: true });
  for (const name of readdirSync(own).filter((file) => file.endsWith(".template.json")))
    writeFileSync(join(own, name), byDefault(readFileSync(join(own, name), "utf8"), delivery));
  const directory = join(folder, ".lanyard");
  world = await raiseWorld({ assembly: own, memory: true, directory, onProgress: () => undefined });
});
afterAll(async () => {
  await world?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function lanyard(...args: readonly string[]): Promise<string> {
  const said: string[] = [];
  const terminal = { out: (text: string) => void said.push(text), err: () => undefined };
  expect(await run([...args], { terminal: terminal as never, env: {}, folder })).toBe(0);
  return said.join("\n");
}

it("a decision is a record in the bucket within 60 s, which the tail and a question then show", async ({
  annotate,
}) => {
  const reason = "how long until this is found";
  await lanyard("revoke", "--agent", "triage", "--reason", reason, "--yes");
  const mine = ({ facts }: StoredRecord): boolean => facts.reason === reason;
  const found = await vi.waitFor(() => {
    const record = readRecords(world.endpoints.auditFolder).find(mine);
    if (record === undefined) throw new Error("not there yet");
    return { record, atMillis: Date.now() };
  }, patience);
  const tookMillis = found.atMillis - found.record.timeMillis;
  await annotate(
    `found after ${(tookMillis / 1000).toFixed(1)} s, at a buffer of ${delivery.bufferSeconds} s; promised are ${promisedMillis / 1000} s`,
  );
  // the buffer was waited for: the bucket does not owe its speed to the local run's own
  expect(tookMillis).toBeGreaterThan((delivery.bufferSeconds * 1000) / 2);
  expect(tookMillis / promisedMillis).toBeLessThan(1);
  const tail = await lanyard("audit", "tail", "--since", "1h", "--json");
  expect(tail.split("\n").map((line) => JSON.parse(line).metadata.uid)).toContain(found.record.uid);
  const { operators } = JSON.parse(await lanyard("audit", "query", "operators", "--since", "1h", "--json"));
  expect(operators.filter((row: { uid: string }) => row.uid === found.record.uid)).toMatchObject([
    { operation: "revoke", outcome: "allowed", reason },
  ]);
});
