import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll } from "vitest";
import type { Credentials } from "../../../local/emulator/iam/caller.ts";
import type { RunningCloud } from "../../../local/emulator/running.ts";
import { writeAssembly } from "../fixture/assembly.ts";
import { boot } from "../fixture/boot.ts";

const folders: string[] = [];

/** A fresh folder, removed behind all tests. */
export const temporary = (name: string) => {
  const folder = mkdtempSync(join(tmpdir(), name));
  folders.push(folder);
  return folder;
};

export const fixture = (changed = {}) => {
  const folder = writeAssembly(changed);
  folders.push(folder);
  return folder;
};

export const settings = (cloud: RunningCloud, credentials: Credentials = cloud.operator) => ({
  endpoint: cloud.aws.endpoint,
  region: cloud.aws.region,
  credentials,
  maxAttempts: 1,
});

export const nameOf = (work: Promise<unknown>) =>
  work.then(
    () => "ok",
    (thrown: Error) => thrown.name,
  );

const bucket = ({ bucketFolder, outputs }: RunningCloud): string => bucketFolder(outputs.BucketName ?? "");

export const auditRecords = (cloud: RunningCloud): unknown[] =>
  readdirSync(bucket(cloud), { recursive: true, encoding: "utf8" })
    .map((name) => join(bucket(cloud), name))
    .filter((file) => statSync(file).isFile())
    .flatMap((file) => gunzipSync(readFileSync(file)).toString().trim().split("\n"))
    .map((line) => JSON.parse(line));

export let cloud: RunningCloud;

export const worker = (command: object) => cloud.invoke("worker", command) as Promise<Record<string, unknown>>;

/** Boots one cloud for the tests of the calling file. */
export function setUp(): void {
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
  beforeAll(async () => {
    cloud = await boot({ assembly: fixture() });
  });
  afterAll(() => cloud?.close());
  afterEach(() => cloud.faults.clear());
}
