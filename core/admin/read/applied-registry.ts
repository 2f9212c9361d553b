import { createSnapshot, type RegistrySnapshot } from "../../model/snapshot.ts";
import type { AdminReadDeps } from "./route.ts";

const held = new WeakMap<AdminReadDeps["registry"], RegistrySnapshot>();

/**
 * The current registry, indexed. A version never changes, so the newest one that was read is kept, and the policy
 * engine parses it once.
 */
export async function appliedRegistry({ registry, trustDomain }: AdminReadDeps): Promise<RegistrySnapshot> {
  const version = await registry.applied();
  const known = held.get(registry);
  if (known?.version === version) return known;
  const snapshot = createSnapshot(version, trustDomain, version === 0 ? [] : await registry.rows(version));
  held.set(registry, snapshot);
  return snapshot;
}
