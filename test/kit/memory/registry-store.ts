import type { AuditRecord } from "../../../core/audit/record.ts";
import type { Registration } from "../../../core/model/registry.ts";
import { err, ok } from "../../../core/model/result.ts";
import type { AppliedVersion, RegistryChange, RegistryStore } from "../../../core/registry/store.ts";

/** Versions in memory, as strict as the real ones: a change of a stale base writes nothing. */
export class MemoryRegistry implements RegistryStore {
  readonly versions = new Map<number, readonly Registration[]>();
  readonly entries: AppliedVersion[] = [];
  readonly records: AuditRecord[] = [];
  /** Runs before each apply: the place for races. */
  beforeApply: (() => Promise<void>) | undefined;
  private current = 0;

  async applied(): Promise<number> {
    return this.current;
  }

  async rows(version: number): Promise<readonly Registration[]> {
    return structuredClone(this.versions.get(version) ?? []);
  }

  async apply(change: RegistryChange) {
    const before = this.beforeApply;
    this.beforeApply = undefined;
    await before?.();
    if (change.base !== this.current) return err("stale" as const);
    const version = Math.max(0, ...this.versions.keys()) + 1;
    this.versions.set(version, structuredClone(change.rows));
    this.entries.push({ ...change.entry, version });
    this.records.push(change.record(version));
    this.current = version;
    return ok(version);
  }

  async history(limit: number, before = Number.POSITIVE_INFINITY): Promise<readonly AppliedVersion[]> {
    return this.entries
      .filter(({ version }) => version < before)
      .reverse()
      .slice(0, limit);
  }
}
