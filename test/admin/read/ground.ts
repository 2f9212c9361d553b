import { beforeEach } from "vitest";
import { decodeUnverified } from "../../../core/jose/jwt.ts";
import { agentId, baseRows } from "../../kit/registry.ts";
import { openReading, type Reading } from "../reading.ts";

/** A triage that may stand as deep as any: the base registration lets it stand one hop from the root. */
const deepTriage = baseRows.flatMap((row) => {
  if (row.kind !== "agent" || row.name !== "triage") return [];
  const { maxDepth: _, ...rest } = row;
  return [rest];
});

export let reading: Reading;

export const sidOf = (token: string) => String(decodeUnverified(token)?.payload.sid);
export const planner = agentId("planner");
export const researcher = agentId("researcher");
export const sid = "A".repeat(22);

/** Has each test of the calling file begin on this ground. */
export function setUp(): void {
  beforeEach(async () => {
    reading = await openReading(...deepTriage);
  });
}
