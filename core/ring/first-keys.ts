import { type KeyPurpose, nowSeconds } from "../model/ports.ts";
import type { Ring, RingKey } from "./model.ts";
import type { RotatorDeps } from "./ports.ts";

/**
 * The stack's first keys sign from the beginning. A key that a later version of the stack adds must wait like any
 * other.
 */
export async function withFirstKeys(ring: Ring | undefined, purpose: KeyPurpose, deps: RotatorDeps): Promise<Ring> {
  const missing = (deps.first[purpose] ?? []).filter(
    ({ alg }) => !ring?.keys.some((key) => key.alg === alg) && !ring?.intents.some((intent) => intent.alg === alg),
  );
  if (ring && missing.length === 0) return ring;
  const now = nowSeconds(deps.clock);
  const added = await Promise.all(
    missing.map(async ({ keyArn, alg }): Promise<RingKey> => {
      const held = await deps.holder.hold(keyArn, purpose, alg);
      if (!held.ok) throw new Error(`the stack's own key ${keyArn} is not fit: ${held.error}`);
      const key = { kid: held.value.kid, keyArn, alg, createdAtSeconds: now };
      return ring
        ? { ...key, state: "created" }
        : { ...key, state: "active", publishedAtSeconds: 0, activatedAtSeconds: now };
    }),
  );
  const empty: Ring = { purpose, version: 0, keys: [], intents: [], switching: [] };
  const from = ring ?? empty;
  return { ...from, version: from.version + 1, keys: [...from.keys, ...added] };
}
