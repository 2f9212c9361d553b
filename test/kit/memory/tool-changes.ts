import type {
  AskChangeConflict,
  AskingOfChange,
  ShownToolChanges,
  ToolChangeRequests,
} from "../../../core/approvals/tool-changes/store.ts";
import type { AuditRecord } from "../../../core/audit/record.ts";
import type { ApprovalDecision } from "../../../core/model/approval.ts";
import type { ReplayEntry } from "../../../core/model/replay/entry.ts";
import { err, ok, type Result } from "../../../core/model/result.ts";
import type { ToolChange } from "../../../core/model/tool-change.ts";
import { consume, replayConflict } from "./replay.ts";

/** The store that a served tool shares its transactions with, and where stands what people say. */
interface Shared {
  readonly replayEntries: Map<string, ReplayEntry>;
  readonly records: AuditRecord[];
  readonly approvals: { readonly decisions: readonly ApprovalDecision[] };
}

/** Served tools in memory, as strict as table Changes; every call yields once, so that races can happen. */
export class MemoryToolChanges implements ToolChangeRequests, ShownToolChanges {
  readonly rows = new Map<string, ToolChange>();
  /** Ids in the places of each resource. */
  readonly taken = new Map<string, Map<number, string>>();
  /** Names of the calls that came, in order. */
  readonly calls: string[] = [];
  readonly #shared: Shared;
  readonly #now: () => number;

  constructor(shared: Shared, nowSeconds: () => number) {
    this.#shared = shared;
    this.#now = nowSeconds;
  }

  async change(id: string) {
    this.calls.push("change");
    return structuredClone(this.rows.get(id));
  }

  async places(server: string) {
    this.calls.push("places");
    await undefined;
    const here = [...(this.taken.get(server) ?? [])];
    return new Map(
      here.flatMap(([n, id]) => {
        const row = this.rows.get(id);
        return row ? [[n, structuredClone(row)] as const] : [];
      }),
    );
  }

  async decisions(id: string) {
    this.calls.push("decisions");
    return structuredClone(this.#shared.approvals.decisions.filter(({ approval }) => approval === id));
  }

  async waiting(group: string, nowSeconds: number, most: number) {
    return [...this.rows.values()]
      .filter((one) => one.group === group && one.expiresAtSeconds > nowSeconds)
      .slice(0, most);
  }

  async ask({ change, place, replayEntries, record }: AskingOfChange): Promise<Result<void, AskChangeConflict>> {
    await undefined;
    const replay = replayConflict(this.#shared.replayEntries, replayEntries);
    if (replay?.kind === "replay") return err(replay);
    const lives = [...this.rows.values()].some(
      (one) => one.requestHash === change.requestHash && one.expiresAtSeconds > this.#now(),
    );
    const places = this.taken.get(change.server) ?? new Map<number, string>();
    if (lives || places.get(place.number) !== place.was) return err({ kind: "meanwhile" });
    this.rows.set(change.id, structuredClone(change));
    this.taken.set(change.server, places.set(place.number, change.id));
    consume(this.#shared.replayEntries, replayEntries);
    this.#shared.records.push(record);
    return ok(undefined);
  }
}
