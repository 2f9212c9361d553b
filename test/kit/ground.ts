import type { AuditFacts } from "../../core/audit/record.ts";
import type { RegistrySnapshot } from "../../core/model/snapshot.ts";
import { aggregateInto } from "./memory/aggregate.ts";
import { MemoryStore } from "./memory/store.ts";

export const issuer = "https://abc123.lambda-url.eu-west-1.on.aws";
/** 2026-08-01T00:00:00Z: when every world begins. */
export const startSeconds = 1_785_542_400;

/** What every service in memory stands on: a clock only tests move, the store, and the registry in its versions. */
export function createGround(first: RegistrySnapshot) {
  const time = { seconds: startSeconds };
  const clock = { nowMillis: () => time.seconds * 1000 };
  const store = new MemoryStore({ registryVersion: 1, nowSeconds: () => time.seconds });
  const versions = new Map<number, RegistrySnapshot>([[1, first]]);
  /** The version that this instance has loaded; it learns of another by the deployment's row alone. */
  const held = { version: 1 };
  const at = async (version: number): Promise<RegistrySnapshot> => {
    const snapshot = versions.get(version);
    if (!snapshot) throw new Error(`no registry version ${version}`);
    held.version = version;
    return snapshot;
  };
  const registries = { current: async () => versions.get(held.version), at };
  const aggregated: AuditFacts[] = [];
  return { time, clock, store, versions, held, registries, aggregated, aggregate: aggregateInto(aggregated) };
}
