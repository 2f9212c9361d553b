import { expect, test } from "vitest";
import type { AuditEvent } from "../../../bin/lanyard/audit/events.ts";
import { eventLine } from "../../../bin/lanyard/audit/line.ts";
import { undeliveredRecord } from "../../../core/events/undelivered.ts";
import { now, revoked, uid } from "../../events/samples.ts";
import { toRecord } from "../../kit/records.ts";

const lineOf = ({ body }: { readonly body: string }) => eventLine(JSON.parse(body) as AuditEvent);
const clock = { nowMillis: () => now * 1000 };
const sid = "s".repeat(22);
const untold = (why: string, receiver = "crm") =>
  lineOf(
    undeliveredRecord(
      { body: "{}", receiver, revoked: revoked("session", sid), why },
      { clock, requestId: "r", toRecord },
    ),
  );

test("a receiver that was given up on reads as a failure of Lanyard's own, with whom it did not reach and why", () => {
  const at = new Date(now * 1000).toISOString();
  expect(untold("status 401")).toBe(
    `${at}  FAILED   event.undelivered  lanyard itself  session:${sid} to crm  "status 401"`,
  );
});

test("a stranger's refusal still reads as denied, of somebody unproven", () => {
  const facts = { operation: "request", outcome: "denied", timeMillis: now * 1000, requestId: "r" } as const;
  const line = lineOf(toRecord({ ...facts, denial: { code: "dpop_missing" } }, uid));
  expect(line).toContain("DENIED   request          unproven  because dpop_missing");
});

test("control characters of a failure's text never reach the terminal", () => {
  const line = untold("\u001b[2Jgone\nDENIED");
  expect([...line].filter((sign) => sign < " ")).toEqual([]);
});
