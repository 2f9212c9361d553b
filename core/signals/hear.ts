import type { AuditContext } from "../audit/context.ts";
import type { Recorder } from "../audit/record.ts";
import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import { type Clock, type Ids, nowSeconds, type RateLimiter } from "../model/ports.ts";
import type { ReplayEntry } from "../model/replay/entry.ts";
import { err, ok, type Result } from "../model/result.ts";
import { subjects } from "../model/subjects.ts";
import type { Report, ReportWriter } from "../session/store.ts";

/** What hearing needs. */
export interface HearDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly toRecord: Recorder;
  readonly limiter: RateLimiter;
  readonly reports: ReportWriter;
}

/** What a provider said that was proved to say it. */
interface Heard {
  /** Whose people it speaks of. */
  readonly issuer: string;
  readonly report?: Omit<Report, "atSeconds">;
  readonly replayEntries: readonly ReplayEntry[];
}

/**
 * Carries out what a provider said, in one transaction with its record and the entry by which it counts once: whoever is
 * told that it was taken can rely on it. It blocks or cuts and never lifts: who is let in again is an operator's word
 * (docs/decisions/0069).
 * @param audit with the signal's facts; the record is of an end, or of what was noted
 * @returns "repeated" for what was carried out before; `rate_exceeded`
 */
export async function hear(
  { issuer, report, replayEntries }: Heard,
  audit: AuditContext,
  { clock, ids, toRecord, limiter, reports }: HearDeps,
): Promise<Result<"written" | "repeated", Denial>> {
  const perSecond = limits.signalsPerSecond;
  // by the issuer, so that one provider in a loop neither fills the trail nor keeps another one from being heard
  if (!(await limiter.take(issuer, perSecond, "signal")))
    return err({ code: "rate_exceeded", agent: issuer, perSecond, of: "signal" });
  if (report) audit.add({ operation: "revoke", target: subjects.principal(report.principal) });
  const record = toRecord({ ...audit.facts, outcome: "allowed" }, ids.id());
  const atSeconds = nowSeconds(clock);
  return ok(await reports.write({ ...(report ? { report: { ...report, atSeconds } } : {}), replayEntries, record }));
}
