import type { DecideConflict, Deciding, DecisionStore } from "../../../core/approvals/decisions.ts";
import type { ApprovalRequests, AskConflict, Asked, Asking } from "../../../core/approvals/store.ts";
import type { AuditRecord } from "../../../core/audit/record.ts";
import type { ApprovalDecision, ApprovalStanding, PendingApproval } from "../../../core/model/approval.ts";
import { limits } from "../../../core/model/limits.ts";
import type { PersonKey } from "../../../core/model/person-key.ts";
import type { ReplayEntry } from "../../../core/model/replay/entry.ts";
import { err, ok, type Result } from "../../../core/model/result.ts";
import type { ApprovalUse, CommitConflict } from "../../../core/session/store.ts";
import { consume, replayConflict } from "./replay.ts";

/** The store that an approval shares its transactions with. */
interface Shared {
  readonly replayEntries: Map<string, ReplayEntry>;
  readonly people: Map<string, PersonKey>;
  readonly records: AuditRecord[];
}

/** What waits for people, and what they said, in memory, as strict as the tables. */
export class MemoryApprovals implements ApprovalRequests, DecisionStore {
  readonly waits = new Map<string, PendingApproval>();
  readonly used = new Set<string>();
  readonly decisions: ApprovalDecision[] = [];
  /** By hash and key: the newest of a request. */
  readonly newest = new Map<string, string>();
  readonly polled = new Map<string, number>();
  /** Refusals in a row, by agent. */
  readonly refusals = new Map<string, number>();
  readonly #shared: Shared;
  readonly #now: () => number;

  constructor(shared: Shared, nowSeconds: () => number) {
    this.#shared = shared;
    this.#now = nowSeconds;
  }

  async pending(id: string): Promise<PendingApproval | undefined> {
    const pending = this.waits.get(id);
    return pending && structuredClone(pending);
  }

  async standing({ id }: Pick<PendingApproval, "id">): Promise<ApprovalStanding> {
    const decisions = this.decisions.filter(({ approval }) => approval === id);
    return {
      decisions: structuredClone(decisions),
      refused: decisions.some(({ verdict }) => verdict === "refused"),
      used: this.used.has(id),
    };
  }

  async waiting(group: string, nowSeconds: number, most: number): Promise<readonly PendingApproval[]> {
    return [...this.waits.values()]
      .filter((one) => one.group === group && one.expiresAtSeconds > nowSeconds)
      .slice(0, most);
  }

  async asked({ requestHash, jkt }: Pick<PendingApproval, "requestHash" | "jkt">): Promise<Asked> {
    const id = this.newest.get(`${requestHash} ${jkt}`);
    const refusedAtSeconds = this.#refusedAt(requestHash);
    return { ...(id === undefined ? {} : { id }), ...(refusedAtSeconds === undefined ? {} : { refusedAtSeconds }) };
  }

  async ask({ pending, replaces, replayEntries, personKey, record }: Asking): Promise<Result<void, AskConflict>> {
    const replay = replayConflict(this.#shared.replayEntries, replayEntries);
    if (replay?.kind === "replay") return err(replay);
    const key = `${pending.requestHash} ${pending.jkt}`;
    if (this.newest.get(key) !== replaces) return err({ kind: "asked_meanwhile" });
    const of = (fits: (one: PendingApproval) => boolean) => [...this.waits.values()].filter(fits).filter(this.#open);
    const { agent, principal } = pending;
    if (of((one) => one.agent === agent).length >= limits.approvalsPendingAgent)
      return err({ kind: "full", of: "agent", name: agent });
    if (of((one) => one.principal.id === principal.id).length >= limits.approvalsPendingPrincipal)
      return err({ kind: "full", of: "principal", name: principal.id });
    if (personKey && this.#shared.people.has(personKey.person)) return err({ kind: "person_key_exists" });
    if (personKey) this.#shared.people.set(personKey.person, personKey);
    this.waits.set(pending.id, structuredClone(pending));
    this.newest.set(key, pending.id);
    consume(this.#shared.replayEntries, replayEntries);
    this.#shared.records.push(record);
    return ok(undefined);
  }

  async poll(id: string, nowSeconds: number): Promise<boolean> {
    const last = this.polled.get(id);
    if (last !== undefined && last > nowSeconds - limits.approvalIntervalSeconds) return false;
    this.polled.set(id, nowSeconds);
    return true;
  }

  async decide({ decision, replayEntries, record }: Deciding): Promise<Result<void, DecideConflict>> {
    // between what was read and this write others may come
    await undefined;
    const replay = replayConflict(this.#shared.replayEntries, replayEntries);
    if (replay?.kind === "replay") return err(replay);
    const { approval, approver, verdict } = decision;
    const said = this.decisions.filter((one) => one.approval === approval && one.verdict === verdict);
    if (said.some((one) => verdict === "refused" || one.approver === approver)) return err({ kind: "decided" });
    this.decisions.push(structuredClone(decision));
    consume(this.#shared.replayEntries, replayEntries);
    this.#shared.records.push(record);
    return ok(undefined);
  }

  async inRow(agent: string, verdict: ApprovalDecision["verdict"]): Promise<number> {
    const count = verdict === "refused" ? (this.refusals.get(agent) ?? 0) + 1 : 0;
    this.refusals.set(agent, count);
    return count;
  }

  /** The condition of a use that fails, as the store is now; undefined where it was used by this call. */
  use({ id, requestHash, approvers }: ApprovalUse): CommitConflict | undefined {
    if (this.used.has(id)) return { kind: "approval_used", id };
    const said = this.decisions.filter(({ approval }) => approval === id);
    const approved = approvers.every((approver) =>
      said.some((one) => one.approver === approver && one.verdict === "approved" && one.requestHash === requestHash),
    );
    const refusedAt = this.#refusedAt(requestHash);
    const refused = refusedAt !== undefined && refusedAt > this.#now() - limits.approvalRefusedSeconds;
    if (!approved || refused || said.some(({ verdict }) => verdict === "refused"))
      return { kind: "approval_withdrawn", id };
    this.used.add(id);
    return undefined;
  }

  #refusedAt(hash: string): number | undefined {
    const refused = this.decisions.filter((one) => one.requestHash === hash && one.verdict === "refused");
    return refused.length === 0 ? undefined : Math.max(...refused.map(({ atSeconds }) => atSeconds));
  }

  readonly #open = ({ id, expiresAtSeconds }: PendingApproval): boolean =>
    expiresAtSeconds > this.#now() &&
    !this.used.has(id) &&
    !this.decisions.some(({ approval, verdict }) => approval === id && verdict === "refused");
}
