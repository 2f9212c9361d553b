import { importKey } from "../../core/jose/import-key.ts";
import { publicJwkFor } from "../../core/jose/public-jwk.ts";
import type { VerifyingKey } from "../../core/jose/verifying-key.ts";
import { type Clock, momentOf } from "../../core/model/ports.ts";
import { parseBoundedJson } from "../../core/text/json.ts";
import { agentKeysUrl } from "../../core/text/well-known.ts";
import { type Life, surelyLives } from "../agent/life.ts";
import { LanyardError } from "../error.ts";
import type { Fetch } from "../http.ts";
import { createFetcher } from "../resource/fetcher.ts";

/** A registered key, for its one algorithm. */
export interface RegisteredKey {
  readonly alg: string;
  readonly key: VerifyingKey;
}

/** Whose keys are read, and how. */
interface AgentKeysInput {
  readonly issuer: string;
  readonly agent: string;
  readonly fetch: Fetch | undefined;
  readonly clock: Clock;
}

const bounds = { maxBytes: 16_384, timeoutMillis: 5_000 };
/** How long what was read is believed, in seconds: a key taken out of the registry is believed no longer than that. */
const lifeSeconds = 60;
const keysMost = 4;

/**
 * Reads an agent's keys at its issuer, by kid, and keeps them for a minute.
 * @throws LanyardError `card_refused` when the registry publishes none of this agent, `keys_unavailable` when it cannot
 * be asked
 */
export function createAgentKeys(input: AgentKeysInput): () => Promise<ReadonlyMap<string, RegisteredKey>> {
  const fetcher = createFetcher(input.fetch);
  const url = agentKeysUrl(input.issuer, input.agent);
  let held: { readonly keys: ReadonlyMap<string, RegisteredKey>; readonly life: Life } | undefined;
  return async () => {
    if (held && surelyLives(held.life, 0, input.clock)) return held.keys;
    const asked = momentOf(input.clock);
    const answer = await fetcher.get(url, bounds);
    if (!answer.ok) {
      // whoever is not published now must not live on in what was read before
      held = undefined;
      if (answer.error.detail === "answered 404") throw refused("the registry publishes no keys of this agent");
      throw new LanyardError("keys_unavailable", "agent card", { description: answer.error.detail });
    }
    const keys = await keysIn(answer.value.body, input);
    if (!keys) throw new LanyardError("keys_unavailable", "agent card", { description: "the document is malformed" });
    held = { keys, life: { asked, lifeSeconds } };
    return keys;
  };
}

/** An error of a card that must not be used. */
export const refused = (description: string): LanyardError =>
  new LanyardError("card_refused", "agent card", { description });

async function keysIn(
  body: Uint8Array,
  { issuer, agent }: AgentKeysInput,
): Promise<ReadonlyMap<string, RegisteredKey> | undefined> {
  const read = parseBoundedJson(new TextDecoder().decode(body));
  const document = (read.ok ? read.value : undefined) as
    | { issuer?: unknown; agent?: unknown; keys?: unknown }
    | null
    | undefined;
  if (document?.issuer !== issuer || document.agent !== agent) return undefined;
  if (!Array.isArray(document.keys) || document.keys.length === 0 || document.keys.length > keysMost) return undefined;
  const keys = new Map<string, RegisteredKey>();
  for (const one of document.keys as readonly { kid?: unknown; alg?: unknown }[]) {
    const { kid, alg } = one ?? {};
    if (typeof kid !== "string" || typeof alg !== "string" || keys.has(kid)) return undefined;
    const jwk = publicJwkFor(alg, one);
    const key = jwk && (await importKey(alg, jwk));
    if (!key) return undefined;
    keys.set(kid, { alg, key });
  }
  return keys;
}
