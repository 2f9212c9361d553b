import type { JWK } from "jose";
import { keyTimes } from "../model/key-times.ts";
import type { KeyPurpose, OwnKeys, PublishedOwnKeys } from "../model/ports.ts";
import { tokenTyp } from "../model/wire.ts";

/** Session and status keys, each marked with what it signs, so that our own verifier can pin it to that. */
export async function jwks(ownKeys: OwnKeys): Promise<string> {
  const [session, status] = await Promise.all([
    marked(ownKeys, "session", tokenTyp.access),
    marked(ownKeys, "status", [tokenTyp.status, tokenTyp.cuts]),
  ]);
  return JSON.stringify({ keys: [...session, ...status] });
}

/** Keys of security events, which stand in no other set: no verifier of tokens reads this one (threat 3). */
export async function eventKeys(ownKeys: OwnKeys): Promise<string> {
  return JSON.stringify({ keys: (await ownKeys.keys("events")).map(({ jwk }) => ({ ...jwk, use: "sig" })) });
}

async function marked(ownKeys: OwnKeys, purpose: KeyPurpose, typ: string | readonly string[]): Promise<JWK[]> {
  return (await ownKeys.keys(purpose)).map(({ jwk }) => ({ ...jwk, use: "sig", lanyard_typ: typ }));
}

/** SPIFFE Trust Domain and Bundle 4: JWT authorities of this trust domain. */
export async function bundle(ownKeys: PublishedOwnKeys): Promise<string> {
  // before the keys: beside newer ones an older number does no harm, the other way round it would hide them
  const sequence = await ownKeys.sequence("identity");
  const keys = (await ownKeys.keys("identity")).map(({ jwk: { alg: _, ...jwk } }) => ({ ...jwk, use: "jwt-svid" }));
  return JSON.stringify({
    keys,
    spiffe_sequence: sequence,
    spiffe_refresh_hint: keyTimes.bundleRefreshSeconds,
  });
}
