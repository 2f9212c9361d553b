import type { Denial } from "../denial/denial.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { RegistrySnapshot, RegistrySource } from "../model/snapshot.ts";
import type { SessionStore } from "../session/store.ts";

/** What the present registry is read by. */
export interface RegisteredDeps {
  readonly registries: Pick<RegistrySource, "at">;
  readonly store: Pick<SessionStore, "readLiveness">;
}

/**
 * The registry of this moment: a provider that was taken out of it is heard no more (threat 22).
 * @returns the registry, or `registry_unavailable`, `liveness_unavailable`
 */
export async function registeredNow({ registries, store }: RegisteredDeps): Promise<Result<RegistrySnapshot, Denial>> {
  const rows = await store.readLiveness({ tombstones: [], subjects: [] });
  if (!rows.complete) return err({ code: "liveness_unavailable", why: "a key stayed unread" });
  if (!rows.deployment) return err({ code: "registry_unavailable", why: "no registry was applied yet" });
  return ok(await registries.at(rows.deployment.registryVersion));
}
