import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll } from "vitest";
import type { TrailRecord } from "../../../local/emulator/cloudtrail/record.ts";
import type { Credentials } from "../../../local/emulator/iam/caller.ts";
import type { RunningCloud } from "../../../local/emulator/running.ts";
import { fixture } from "../cloud/ground.ts";
import { boot } from "../fixture/boot.ts";

/** A record as a reader finds it. */
export type Found = TrailRecord & {
  readonly requestParameters: Record<string, unknown> | null;
  readonly responseElements: Record<string, Record<string, unknown>> | null;
};

export let cloud: RunningCloud;

/** Boots one cloud with a trail for the tests of the calling file; it delivers when it is told to. */
export function setUp(): void {
  beforeAll(async () => {
    cloud = await boot({ assembly: fixture(), trail: { bucket: "trail-of-all", everySeconds: 3600 } });
  });
  afterAll(() => cloud?.close());
  afterEach(() => cloud.trail?.unkind({}));
}

export const settings = (credentials: Credentials = cloud.operator) => ({
  endpoint: cloud.aws.endpoint,
  region: cloud.aws.region,
  credentials,
  maxAttempts: 1,
});

/** Keys of the trail's files. */
export const files = (): string[] => {
  const folder = cloud.bucketFolder("trail-of-all");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return names.filter((name) => statSync(join(folder, name)).isFile());
};

export const readFile = (key: string): Found[] =>
  JSON.parse(gunzipSync(readFileSync(join(cloud.bucketFolder("trail-of-all"), key))).toString()).Records;

/** Everything that was delivered so far. */
export const delivered = (): Found[] => files().flatMap(readFile);

/** Everything, once all of it is delivered. */
export const trail = (): Found[] => {
  cloud.trail?.flush();
  return delivered();
};

/** The records of one request. */
export const of = (requestId: string | undefined): Found[] =>
  trail().filter(({ requestID }) => requestID === requestId);

/** The record of what a client was answered, or refused with. */
export async function recordOf(work: Promise<{ $metadata: { requestId?: string } }>): Promise<Found> {
  const { $metadata } = await work.catch((thrown: { $metadata: { requestId?: string } }) => thrown);
  const [found, ...more] = of($metadata.requestId);
  if (found === undefined || more.length > 0) throw new Error(`${more.length} records more than one, or none`);
  return found;
}
