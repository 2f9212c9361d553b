import type { AuditRecord } from "../audit/record.ts";
import type { RotationPace } from "../model/key-times.ts";
import type { Clock, Ids, KeyPurpose, PublicKey, SigningAlgorithm, SigningKey } from "../model/ports.ts";
import type { Result } from "../model/result.ts";
import type { Intent, Ring, RingKey, RotationOrder } from "./model.ts";

/** Reads rings, strongly consistent. */
export interface RingReader {
  /** Undefined while no rotator has run yet. */
  read(purpose: KeyPurpose): Promise<Ring | undefined>;
}

/** What the rotator reads at once. */
export interface RingView {
  readonly ring?: Ring;
  /** The latest order, taken up or not. */
  readonly order?: RotationOrder;
  /** The time by whoever answered, in seconds since the epoch: a second clock beside our own. */
  readonly witnessSeconds: number;
}

/** The rotator's rows. */
export interface RingStore {
  view(purpose: KeyPurpose): Promise<RingView>;
  /**
   * Writes a ring and its records in one transaction, if the stored version is the one before.
   * @returns false when somebody else wrote first
   */
  write(ring: Ring, records: readonly AuditRecord[]): Promise<boolean>;
}

/** Makes and ends keys; it can sign with none. */
export interface KeyMaker {
  /** Makes a key whose description carries the intent's id. */
  create(purpose: KeyPurpose, intent: Intent): Promise<RingKey>;
  /** Whether a key is what it must be: made inside KMS, of the right kind, usable by its signers alone. */
  vet(key: RingKey, purpose: KeyPurpose): Promise<Result<void, string>>;
  /** From now on KMS signs nothing with it. */
  disable(key: Pick<RingKey, "keyArn">): Promise<void>;
  /** Orders its deletion; a key of the stack itself is disabled instead, since the stack still names it. */
  end(key: Pick<RingKey, "keyArn">): Promise<void>;
  /** Keys made for an intent, by their description. */
  findByIntent(intent: Intent): Promise<readonly string[]>;
}

/** A key of KMS that was looked at: its public half, and how to sign with it where this function may. */
export interface HeldKey extends PublicKey, Pick<SigningKey, "sign"> {}

/** Takes keys of KMS into use. */
export interface KeyHolder {
  /** The key, or why it must not be believed whatever the ring says. Infrastructure that fails throws. */
  hold(keyArn: string, purpose: KeyPurpose, alg: SigningAlgorithm): Promise<Result<HeldKey, string>>;
}

/** The stack's own first keys, by purpose: what counts until the first ring is written. */
export type FirstKeys = Partial<
  Readonly<Record<KeyPurpose, readonly { readonly keyArn: string; readonly alg: SigningAlgorithm }[]>>
>;

/** What the rotator stands on. */
export interface RotatorDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly pace: RotationPace;
  readonly rings: RingStore;
  readonly maker: KeyMaker;
  /** Only looked at: the rotator may sign with no key. */
  readonly holder: KeyHolder;
  readonly first: FirstKeys;
  /** Stands in the audit records of one run. */
  readonly requestId: string;
}
