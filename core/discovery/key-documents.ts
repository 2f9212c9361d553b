import type { JWK } from "jose";
import { denialReply } from "../denial/wire.ts";
import type { AgentKey } from "../model/agent-registration.ts";
import { keyTimes } from "../model/key-times.ts";
import type { KeyPurpose, OwnKeys, PublishedOwnKeys } from "../model/ports.ts";
import { type Reply, tokenTyp } from "../model/wire.ts";
import { agentKeysPath } from "../text/well-known.ts";
import { published } from "./published.ts";

/**
 * Session and status keys, each marked with what it signs, so that our own verifier can pin each key to it (threat 3).
 */
export async function jwks(ownKeys: OwnKeys): Promise<string> {
  const [session, status] = await Promise.all([
    marked(ownKeys, "session", tokenTyp.access),
    marked(ownKeys, "status", [tokenTyp.status, tokenTyp.cuts]),
  ]);
  return JSON.stringify({ keys: [...session, ...status] });
}

/** Keys of security events, which are in no other set. No verifier of tokens reads this one (threat 3). */
export async function eventKeys(ownKeys: OwnKeys): Promise<string> {
  return JSON.stringify({ keys: (await ownKeys.keys("events")).map(({ jwk }) => ({ ...jwk, use: "sig" })) });
}

async function marked(ownKeys: OwnKeys, purpose: KeyPurpose, typ: string | readonly string[]): Promise<JWK[]> {
  return (await ownKeys.keys(purpose)).map(({ jwk }) => ({ ...jwk, use: "sig", lanyard_typ: typ }));
}

/** SPIFFE Trust Domain and Bundle 4: JWT authorities of this trust domain. */
export async function bundle(ownKeys: PublishedOwnKeys): Promise<string> {
  // read before the keys: an older number with newer keys does no harm, but a newer number with older keys would hide
  // the newer keys
  const sequence = await ownKeys.sequence("identity");
  const keys = (await ownKeys.keys("identity")).map(({ jwk: { alg: _, ...jwk } }) => ({ ...jwk, use: "jwt-svid" }));
  return JSON.stringify({
    keys,
    spiffe_sequence: sequence,
    spiffe_refresh_hint: keyTimes.bundleRefreshSeconds,
  });
}

/**
 * The registered keys of one agent that signs cards (A2A 1.0 8.4), for whoever verifies one. No verifier of tokens
 * reads this document. Whether an agent has none, keeps them to itself or does not exist, is one answer.
 */
export async function agentKeys(
  path: string,
  { issuer, cardKeys }: { issuer: string; cardKeys: (agent: string) => Promise<readonly AgentKey[] | undefined> },
): Promise<Reply> {
  const agent = path.slice(path.indexOf(agentKeysPath) + agentKeysPath.length);
  const keys = await cardKeys(agent);
  if (!keys) return denialReply({ code: "not_found", path });
  const document = { issuer, agent, keys: keys.map((key) => ({ ...key, use: "sig" })) };
  return published(JSON.stringify(document), "application/json", keyTimes.jwksMaxAgeSeconds);
}
