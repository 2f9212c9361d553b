import { keyTimes, longestCacheSeconds } from "../model/key-times.ts";
import {
  type Clock,
  type KeyPurpose,
  type Moment,
  momentOf,
  mostMillisSince,
  nowSeconds,
  type PublicKey,
  type PublishedOwnKeys,
  type Signer,
  type SigningAlgorithm,
  type SigningKey,
  usualAlgorithm,
} from "../model/ports.ts";
import type { Ring, RingKey } from "./model.ts";
import type { FirstKeys, HeldKey, KeyHolder, RingReader } from "./ports.ts";

/** Keys whose signatures count, so that they are published. */
const publishedKeys = (ring: Ring): readonly RingKey[] =>
  ring.keys.filter(({ state }) => state === "published" || state === "active" || state === "retired");

/** Whether every verifier must know the key by now. A clock behind the rotator's only makes this true later. */
export const isKnown = (key: RingKey, nowSeconds: number, waitSeconds: number): boolean =>
  key.publishedAtSeconds !== undefined && nowSeconds - key.publishedAtSeconds >= waitSeconds;

/**
 * The key that signs. The signer checks once more by its own clock: if the rotator's clock is ahead, or its row is
 * wrong, a key that verifiers do not know yet still signs nothing.
 * @returns undefined when no key may sign
 */
const signingKey = (
  ring: Ring,
  alg: SigningAlgorithm,
  { nowSeconds, waitSeconds }: { readonly nowSeconds: number; readonly waitSeconds: number },
): RingKey | undefined =>
  ring.keys.find((key) => key.state === "active" && key.alg === alg && isKnown(key, nowSeconds, waitSeconds));

/** What a keyring needs. */
interface KeyringDeps {
  readonly clock: Clock;
  readonly rings: RingReader;
  readonly holder: KeyHolder;
  readonly first: FirstKeys;
  /** Called for a key that the ring names and that must not be trusted. */
  readonly onRefused: (key: Pick<RingKey, "keyArn" | "alg">, why: string) => void;
  /**
   * Shortest time a key was published before it signs; {@link longestCacheSeconds} unless a test has faster clients.
   */
  readonly waitSeconds?: number;
}

/** The deployment's keys by its rings. */
export interface Keyring extends PublishedOwnKeys {
  signer(purpose: KeyPurpose): Signer;
}

interface Cached {
  readonly readAt: Moment;
  readonly ring: Promise<Ring>;
}

/**
 * Creates the keyring of a function. A ring is read again every few seconds and never used longer: a sandbox that was
 * frozen reads the present ring first, and while the row cannot be read nothing is signed and no token is accepted.
 */
export function createKeyring(deps: KeyringDeps): Keyring {
  const rings = new Map<KeyPurpose, Cached>();
  const ringOf = (purpose: KeyPurpose, atOnce = false): Promise<Ring> => {
    const held = rings.get(purpose);
    const fresh = held && mostMillisSince(held.readAt, deps.clock) < keyTimes.ringCacheSeconds * 1000;
    if (fresh && !atOnce) return held.ring;
    const ring = deps.rings.read(purpose).then((read) => read ?? firstRing(purpose, deps.first));
    const cached = { readAt: momentOf(deps.clock), ring };
    rings.set(purpose, cached);
    ring.catch(() => rings.get(purpose) === cached && rings.delete(purpose));
    return ring;
  };
  const held = async (key: RingKey, purpose: KeyPurpose): Promise<HeldKey | undefined> => {
    const found = await deps.holder.hold(key.keyArn, purpose, key.alg);
    const fault = found.ok ? faultOf(found.value, key) : found.error;
    if (found.ok && fault === undefined) return found.value;
    deps.onRefused(key, fault ?? "");
    return undefined;
  };
  return {
    async keys(purpose): Promise<readonly PublicKey[]> {
      const known = publishedKeys(await ringOf(purpose));
      const all = await Promise.all(known.map((key) => held(key, purpose)));
      return all.filter((key) => key !== undefined);
    },
    sequence: async (purpose) => (await ringOf(purpose)).version,
    signer: (purpose) => ({
      purpose,
      current: async (alg, goneKid): Promise<SigningKey> => {
        const ring = await ringOf(purpose, goneKid !== undefined);
        const wanted = alg ?? usualAlgorithm[purpose];
        const chosen = signingKey(ring, wanted, {
          nowSeconds: nowSeconds(deps.clock),
          waitSeconds: deps.waitSeconds ?? longestCacheSeconds,
        });
        const key = chosen && (await held(chosen, purpose));
        if (!key || key.kid === goneKid) throw new Error(noKey(purpose, wanted));
        return key;
      },
    }),
  };
}

const noKey = (purpose: KeyPurpose, alg: SigningAlgorithm): string =>
  `no key of ${purpose}/${alg} may sign now; docs/runbook.md, "Keys", says what to do`;

/** A row could name any key of the account. So KMS's description of the key decides, and the row must agree with it. */
const faultOf = (held: HeldKey, { kid, alg }: RingKey): string | undefined => {
  if (held.alg !== alg) return "the ring gives it another algorithm than it has";
  return kid !== "" && held.kid !== kid ? "the ring gives it another kid than it has" : undefined;
};

/** Before the first rotation the stack's keys sign, and no verifier can have cached an older set. */
const firstRing = (purpose: KeyPurpose, first: FirstKeys): Ring => ({
  purpose,
  version: 0,
  intents: [],
  switching: [],
  keys: (first[purpose] ?? []).map(({ keyArn, alg }) => ({
    kid: "",
    keyArn,
    alg,
    state: "active",
    createdAtSeconds: 0,
    publishedAtSeconds: 0,
    activatedAtSeconds: 0,
  })),
});
