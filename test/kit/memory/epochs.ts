import type { AuditRecord } from "../../../core/audit/record.ts";
import { epochFrom } from "../../../core/model/epoch.ts";
import type { QuarantineWriter, RevocationEpoch, RevocationWrite } from "../../../core/session/store.ts";

const unwritten: RevocationEpoch = { epoch: 0, blocked: false };

/** How a subject stands, as an operator's order asks for it. */
export const standingOf = ({ blocked, quarantined, epoch }: RevocationEpoch = unwritten) => ({
  blocked,
  quarantined: quarantined === true,
  automatic: Math.floor(epoch / epochFrom(0, 1)),
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

/** An epoch after an operator let its subject out: a quarantine that came since is still in force. */
export function releasedFrom(before: RevocationEpoch, automatic: number): RevocationEpoch {
  const { quarantined: _, ...rest } = before;
  return automatic >= standingOf(before).automatic ? rest : before;
}
