import type { KeyPurpose, SigningAlgorithm } from "../model/ports.ts";

/**
 * The state of a key. `created`: it exists, and no verifier knows it. `published`: it is in its purpose's key set
 * (`jwks_uri`, the SPIFFE bundle, or the set of security events) and signs nothing. `active`: it signs. `retired`: it
 * no longer signs, and its signatures still count. `distrusted`: its signatures do not count.
 */
export type RingKeyState = "created" | "published" | "active" | "retired" | "distrusted";

/** A key of a ring; times are in whole seconds since the epoch. */
export interface RingKey {
  /** RFC 7638 thumbprint of its public half. */
  readonly kid: string;
  readonly keyArn: string;
  readonly alg: SigningAlgorithm;
  readonly state: RingKeyState;
  readonly createdAtSeconds: number;
  /** 0 for the stack's own first key, since no verifier can have cached an older set. */
  readonly publishedAtSeconds?: number;
  readonly activatedAtSeconds?: number;
  /** When it was retired or distrusted. */
  readonly retiredAtSeconds?: number;
  /** For a distrusted key: when KMS was told to stop signing with it. */
  readonly disabledAtSeconds?: number;
}

/**
 * Written before a key is created, so that a key whose creator was interrupted before writing it down can be found and
 * ended.
 */
export interface Intent {
  /** Part of the key's description in KMS. */
  readonly id: string;
  readonly alg: SigningAlgorithm;
  readonly sinceSeconds: number;
}

/**
 * All keys of one purpose in one row, always read strongly consistent, and written conditionally by the rotator alone.
 */
export interface Ring {
  readonly purpose: KeyPurpose;
  /** Grows by one with each write. */
  readonly version: number;
  readonly keys: readonly RingKey[];
  readonly intents: readonly Intent[];
  /** Algorithms whose key an operator wants to switch early. */
  readonly switching: readonly SigningAlgorithm[];
  /** The last operator's order that was handled. */
  readonly handledOrder?: string;
  /** The last order that was handled and refused, because no other key could have signed in place of its keys. */
  readonly refusedOrder?: string;
}

/** An operator's order. */
export interface RotationOrder {
  readonly id: string;
  readonly purpose: KeyPurpose;
  /** `emergency`: somebody else may have the key, so no signature of it may count any longer. */
  readonly kind: "rotate" | "emergency";
  /** One key of the ring; when left out, every active key of the purpose. */
  readonly kid?: string;
  readonly reason: string;
  readonly operator: { readonly arn: string; readonly uniqueId: string };
  readonly atSeconds: number;
}

/** What happened to a key, for the audit record. */
export interface RingEvent {
  readonly operation: "key.create" | "key.publish" | "key.activate" | "key.retire" | "key.distrust" | "key.delete";
  readonly kid: string;
  readonly keyArn: string;
  readonly alg: SigningAlgorithm;
  readonly reason: string;
  readonly operator?: RotationOrder["operator"];
  /** The order was not carried out, because no other key could have signed instead. */
  readonly refused?: boolean;
}
