import type { AuditRecord, Recorder } from "../audit/record.ts";
import { type Clock, nowSeconds } from "../model/ports.ts";
import { coarseRecord } from "../stop/coarse-record.ts";
import { type DenyPolicies, type Restored, restore } from "../stop/restore.ts";
import type { StopLedger } from "../stop/stops.ts";

/** What the stop needs. */
interface AwsStopDeps {
  readonly clock: Clock;
  /** Accounts whose roles are lent. */
  readonly accounts: readonly string[];
  /** Number of deny policies of each account. */
  readonly shards: number;
  /** The publisher's ledger of stops, strongly consistent. */
  readonly stops: () => Promise<StopLedger>;
  /** An account's policies, through its writer role. */
  readonly policiesOf: (account: string) => DenyPolicies;
  /** Writes a record that was not written before. */
  readonly toRecord: Recorder;
  readonly record: (record: AuditRecord) => Promise<void>;
  readonly requestId: string;
}

/** What a run found and did. */
interface Stopped {
  /** Accounts in which living sessions are stopped too, since not all dead ones fit into the policies. */
  readonly coarse: number;
  /** Policies that had to be written. */
  readonly written: number;
}

/** Accounts that are restored at the same time. */
const atOnce = 8;

/**
 * Stops at AWS what is dead here and nobody else (threat 20). It runs after every walk that found credentials that live,
 * and every minute, so that what somebody else wrote into the policies is undone:
 *
 * 1. **restore** each account's policies: what the publisher's walks noted (`stop/stops.ts`: whose credentials live although
 *    the session is dead, and until when) is fitted into them (`stop/fit.ts`), and those that say something else are
 *    written (`stop/restore.ts`). Several accounts at the same time, since one that fails must not hold up the others
 * 2. **tell** of accounts where more is stopped than is dead: in the audit, and by the count, which rings
 *
 * @returns what was done
 * @throws after all accounts were tried, when one could not be restored: a failed run rings
 */
export async function stopInAws(deps: AwsStopDeps): Promise<Stopped> {
  const waiting = deps.accounts.values();
  const failures: unknown[] = [];
  const done: (Restored & { readonly account: string })[] = [];
  const worker = async () => {
    for (const account of waiting)
      try {
        // 1. restore
        done.push({ account, ...(await restore({ ...deps, account, policies: deps.policiesOf(account) })) });
      } catch (failure) {
        failures.push(new Error(`account ${account}: the stop could not be written`, { cause: failure }));
      }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  // 2. tell
  const { overflowUntilSeconds = 0 } = await deps.stops();
  const isLedgerFull = overflowUntilSeconds > nowSeconds(deps.clock);
  const wide = done.filter(({ coarse }) => coarse !== "exact" || isLedgerFull);
  for (const { account, coarse } of wide)
    await deps.record(coarseRecord({ account, coarse: coarse === "exact" ? "ledger" : coarse }, deps));
  if (failures.length > 0) throw new AggregateError(failures, `${failures.length} accounts have no up-to-date stop`);
  return { coarse: wide.length, written: done.reduce((sum, one) => sum + one.written, 0) };
}
