import type { AuditRecord } from "../../../core/audit/record.ts";
import { epochFrom } from "../../../core/model/epoch.ts";
import type { ReplayEntry } from "../../../core/model/replay/entry.ts";
import type { QuarantineWriter, ReportWriter, RevocationEpoch, RevocationWrite } from "../../../core/session/store.ts";
import { consume, replayConflict } from "./replay.ts";

const unwritten: RevocationEpoch = { epoch: 0, blocked: false };

/** How a subject stands, as an operator's order asks for it. */
export const standingOf = ({ blocked, quarantined, epoch }: RevocationEpoch = unwritten) => ({
  blocked,
  quarantined: quarantined === true,
  ...{ automatic: Math.floor(epoch / epochFrom(0, 1)), reported: Math.floor(epoch / epochFrom(0, 1)) },
});

/** An epoch after a raise, as the table's update leaves it. */
export const raisedBy = (
  { epoch, blocked, quarantined }: RevocationEpoch,
  raise: Omit<NonNullable<RevocationWrite["raise"]>, "subject">,
): RevocationEpoch => ({
  epoch: epoch + 1,
  blocked: blocked || raise.block,
  ...(quarantined || raise.quarantine ? { quarantined: true } : {}),
  cutAtSeconds: raise.atSeconds,
});

/** What a quarantine writes to. */
interface Rows {
  readonly epochs: Map<string, RevocationEpoch>;
  readonly records: AuditRecord[];
}

/** Quarantines that no operator orders, in a store in memory. */
export const memoryQuarantines = (store: Rows): QuarantineWriter => ({
  async quarantine({ agent, atSeconds, record }) {
    const before = store.epochs.get(`agent:${agent}`) ?? unwritten;
    if (before.quarantined) return "already";
    const epoch = before.epoch + epochFrom(0, 1);
    store.epochs.set(`agent:${agent}`, { ...before, epoch, quarantined: true, cutAtSeconds: atSeconds });
    store.records.push(record);
    return "quarantined";
  },
});

/** What identity providers say, in a store in memory. */
export const memoryReports = (store: Rows & { readonly replayEntries: Map<string, ReplayEntry> }): ReportWriter => ({
  async write({ report, replayEntries, record }) {
    if (replayConflict(store.replayEntries, replayEntries)) return "repeated";
    consume(store.replayEntries, replayEntries);
    store.records.push(record);
    if (!report) return "written";
    const subject = `principal:${report.principal}`;
    const { lifted: _, ...before } = store.epochs.get(subject) ?? unwritten;
    store.epochs.set(subject, {
      ...before,
      epoch: before.epoch + epochFrom(0, 1),
      blocked: before.blocked || report.gone,
      cutAtSeconds: report.atSeconds,
    });
    return "written";
  },
});

/** An epoch after an operator let its subject out: a quarantine that came since is still in force. */
export function releasedFrom(before: RevocationEpoch, automatic: number): RevocationEpoch {
  const { quarantined: _, ...rest } = before;
  return automatic >= standingOf(before).automatic ? rest : before;
}
