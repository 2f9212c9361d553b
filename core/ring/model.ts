import type { KeyPurpose, SigningAlgorithm } from "../model/ports.ts";

/**
 * Where a key stands. `created`: made, known to nobody. `published`: in its purpose's key set (`jwks_uri`, the SPIFFE
 * bundle, or that of security events), signs nothing. `active`: signs. `retired`: signs no longer, what it signed still counts. `distrusted`: nothing it signed counts.
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
  /** 0 for the stack's own first key: nobody could have cached anything before it. */
  readonly publishedAtSeconds?: number;
  readonly activatedAtSeconds?: number;
  /** When it was retired or distrusted. */
  readonly retiredAtSeconds?: number;
  /** Of a distrusted key: when KMS was told to sign with it no more. */
  readonly disabledAtSeconds?: number;
}

/** Written before a key is made, so that a key whose maker died before writing it down can be found and ended. */
export interface Intent {
  /** Stands in the key's description. */
  readonly id: string;
  readonly alg: SigningAlgorithm;
  readonly sinceSeconds: number;
}

/** All keys of one purpose: one row, always read strongly consistent, written by the rotator alone, by condition. */
export interface Ring {
  readonly purpose: KeyPurpose;
  /** Grows by one with each write. */
  readonly version: number;
  readonly keys: readonly RingKey[];
  readonly intents: readonly Intent[];
  /** Algorithms whose key an operator wants switched before its time. */
  readonly switching: readonly SigningAlgorithm[];
  /** The last operator's order that was taken up. */
  readonly handledOrder?: string;
  /** The last order that was taken up and refused: nothing could have signed in place of its keys. */
  readonly refusedOrder?: string;
}

/** What an operator asks for. */
export interface RotationOrder {
  readonly id: string;
  readonly purpose: KeyPurpose;
  /** `emergency`: the key is suspected to be in other hands; nothing it signed may count any longer. */
  readonly kind: "rotate" | "emergency";
  /** One key of the ring; without it every active key of the purpose. */
  readonly kid?: string;
  readonly reason: string;
  readonly operator: { readonly arn: string; readonly uniqueId: string };
  readonly atSeconds: number;
}

/** What became of a key, for the audit record. */
export interface RingEvent {
  readonly operation: "key.create" | "key.publish" | "key.activate" | "key.retire" | "key.distrust" | "key.delete";
  readonly kid: string;
  readonly keyArn: string;
  readonly alg: SigningAlgorithm;
  readonly reason: string;
  readonly operator?: RotationOrder["operator"];
  /** It was ordered and not done: no other key could have signed instead. */
  readonly refused?: boolean;
}
