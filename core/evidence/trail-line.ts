import * as z from "zod";
import type { TrailLine } from "../lineage/lines.ts";
import { parseBoundedJson } from "../text/json.ts";

const text = z.string().max(2_048);
const maybe = text.optional();

const form = z.strictObject({
  eventId: text,
  timeMillis: z.number().int(),
  source: text,
  name: text,
  region: text,
  account: text,
  requestId: maybe,
  category: maybe,
  error: maybe,
  userAgent: maybe,
  accessKeyId: maybe,
  sourceIdentity: maybe,
  principalId: maybe,
  roleArn: maybe,
  invokedBy: maybe,
  issuedKeyId: maybe,
  assumedRoleArn: maybe,
  tokenId: maybe,
  resources: z.array(text).max(1_000),
  identityType: maybe,
  sessionSinceMillis: z.number().int().optional(),
  onBehalfOf: maybe,
  identityStore: maybe,
  delegate: maybe,
  assumedPrincipal: maybe,
  accessTags: z.record(text, text).optional(),
});

/** A line of CloudTrail from an archive; undefined for anything else. */
export function readLine(bytes: Buffer): TrailLine | undefined {
  const read = parseBoundedJson(bytes.toString("utf8"));
  const parsed = read.ok ? form.safeParse(read.value) : undefined;
  return parsed?.success ? (parsed.data as TrailLine) : undefined;
}
