import type { DecideConflict, Deciding, DecisionStore } from "../../../core/approvals/decisions.ts";
import type { ApprovalReads } from "../../../core/approvals/store.ts";
import type { ApprovalDecision, PendingApproval } from "../../../core/model/approval.ts";
import { err, ok, type Result } from "../../../core/model/result.ts";
import type { MemoryStore } from "./store.ts";

/** What waits for people, and what they said, in memory; every write yields once, so that races can happen. */
export class MemoryDecisions implements ApprovalReads, DecisionStore {
  readonly waits = new Map<string, PendingApproval>();
  readonly used = new Set<string>();
  /** By approval and person, or `refused`. */
  readonly said = new Map<string, ApprovalDecision>();
  readonly refusals = new Map<string, number>();
  readonly #store: MemoryStore;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  async pending(id: string) {
    return structuredClone(this.waits.get(id));
  }

  async standing({ id }: Pick<PendingApproval, "id">) {
    const decisions = [...this.said.values()].filter((one) => one.approval === id);
    return { decisions, refused: this.said.has(`${id} refused`), used: this.used.has(id) };
  }

  async waiting(group: string, nowSeconds: number, most: number) {
    return [...this.waits.values()]
      .filter((one) => one.group === group && one.expiresAtSeconds > nowSeconds)
      .slice(0, most);
  }

  async decide({ decision, replayEntries, record }: Deciding): Promise<Result<void, DecideConflict>> {
    await undefined;
    const replayed = replayEntries.find(({ key }) => this.#store.replayEntries.has(key));
    if (replayed) return err({ kind: "replay", entry: replayed.kind });
    const key = `${decision.approval} ${decision.verdict === "refused" ? "refused" : decision.approver}`;
    if (this.said.has(key)) return err({ kind: "decided" });
    this.said.set(key, decision);
    for (const entry of replayEntries) this.#store.replayEntries.set(entry.key, entry);
    this.#store.records.push(record);
    return ok(undefined);
  }

  async inRow(agent: string, verdict: ApprovalDecision["verdict"]) {
    const count = verdict === "refused" ? (this.refusals.get(agent) ?? 0) + 1 : 0;
    this.refusals.set(agent, count);
    return count;
  }
}
