import type { AuditRecord, Recorder } from "../audit/record.ts";
import type { RotationPace } from "../model/key-times.ts";
import type { Clock, Ids, KeyPurpose, PublicKey, SigningAlgorithm, SigningKey } from "../model/ports.ts";
import type { Result } from "../model/result.ts";
import type { Intent, Ring, RingKey, RotationOrder } from "./model.ts";

/** Reads rings, strongly consistent. */
export interface RingReader {
  /** Undefined before the first run of a rotator. */
  read(purpose: KeyPurpose): Promise<Ring | undefined>;
}

/** What the rotator reads in one request. */
export interface RingView {
  readonly ring?: Ring;
  /** The latest order, handled or not. */
  readonly order?: RotationOrder;
  /** The time by the server that answered, in epoch seconds: a second clock beside our own. */
  readonly witnessSeconds: number;
}

/** The rotator's rows. */
export interface RingStore {
  view(purpose: KeyPurpose): Promise<RingView>;
  /**
   * Writes a ring and its records in one transaction, if the stored version is the previous one.
   * @returns false when another run wrote first
   */
  write(ring: Ring, records: readonly AuditRecord[]): Promise<boolean>;
}

/** Makes and ends keys. It cannot sign. */
export interface KeyMaker {
  /** Creates a key whose description carries the intent's id. */
  create(purpose: KeyPurpose, intent: Intent): Promise<RingKey>;
  /** Whether a key is as it must be: created inside KMS, of the right kind, usable by its signers alone. */
  vet(key: RingKey, purpose: KeyPurpose): Promise<Result<void, string>>;
  /** Makes KMS refuse to sign with it. */
  disable(key: Pick<RingKey, "keyArn">): Promise<void>;
  /** Orders its deletion; a key of the stack itself is only disabled, since the stack still names it. */
  end(key: Pick<RingKey, "keyArn">): Promise<void>;
  /** Keys created for an intent, by their description. */
  findByIntent(intent: Intent): Promise<readonly string[]>;
}

/** A key of KMS that was checked: its public half, and how to sign with it where this function may. */
export interface HeldKey extends PublicKey, Pick<SigningKey, "sign"> {}

/** Loads keys of KMS. */
export interface KeyHolder {
  /** The key, or why it must not be trusted, whatever the ring says. A failure of infrastructure throws. */
  hold(keyArn: string, purpose: KeyPurpose, alg: SigningAlgorithm): Promise<Result<HeldKey, string>>;
}

/** The stack's own first keys, by purpose; used until the first ring is written. */
export type FirstKeys = Partial<
  Readonly<Record<KeyPurpose, readonly { readonly keyArn: string; readonly alg: SigningAlgorithm }[]>>
>;

/** What the rotator needs. */
export interface RotatorDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly toRecord: Recorder;
  readonly pace: RotationPace;
  readonly rings: RingStore;
  readonly maker: KeyMaker;
  /** Only used to read keys: the rotator may not sign. */
  readonly holder: KeyHolder;
  readonly first: FirstKeys;
  /** Part of the audit records of one run. */
  readonly requestId: string;
}
