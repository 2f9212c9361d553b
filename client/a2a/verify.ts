import type { Clock } from "../../core/model/ports.ts";
import { base64urlOf, bytesOfBase64url } from "../../core/text/base64url.ts";
import { canonicalText } from "../../core/text/jcs.ts";
import { parseBoundedJson } from "../../core/text/json.ts";
import type { Fetch } from "../http.ts";
import { machineClock } from "../machine-clock.ts";
import { secureUrl } from "../url.ts";
import { createAgentKeys, type RegisteredKey, refused } from "./agent-keys.ts";
import { type AgentCard, cardBytes, signaturesMost, unsigned } from "./card.ts";

/** Whose cards are verified. */
export interface CardVerifierInput {
  /** The deployment whose registry is the root of trust. */
  readonly issuer: string;
  /** The agent's registered name, such as `planner`: never what the card says of itself. */
  readonly agent: string;
  readonly fetch?: Fetch;
  readonly clock?: Clock;
}

/** Verifies cards of one agent. */
export interface CardVerifier {
  /**
   * @param card its text or bytes, as they came: what is parsed already may have lost a member that was named twice
   * @returns the card without its signatures: what was signed, and nothing else
   * @throws LanyardError `card_refused` with what is wrong, `keys_unavailable` when the registry cannot be asked
   */
  verify(card: string | Uint8Array): Promise<AgentCard>;
}

/**
 * Verifies agent cards (A2A 1.0, 8.4) by the keys that the agent's registration holds. A card that names a key or a
 * place to get one is refused, since its signer would choose what to be trusted by; every signature must be by a
 * registered key. That a card verifies says who signed it, and not that it is the latest.
 * @throws LanyardError `insecure_url`
 * @throws TypeError when `agent` is no registered name
 */
export function createCardVerifier(input: CardVerifierInput): CardVerifier {
  secureUrl(input.issuer, "issuer");
  if (!/^[a-z0-9._-]+(?:\/[a-z0-9._-]+)*$/.test(input.agent) || /(?:^|\/)\.\.?(?:\/|$)/.test(input.agent))
    throw new TypeError("name the agent as it is registered, without spiffe:// and the trust domain");
  const { issuer, agent, fetch, clock = machineClock } = input;
  const keysNow = createAgentKeys({ issuer, agent, fetch, clock });
  return {
    async verify(given) {
      const { card, signatures } = readCard(given);
      const payload = canonicalText(card);
      if (!payload.ok) throw refused(payload.error);
      const signed = base64urlOf(new TextEncoder().encode(payload.value));
      const kids = new Set(signatures.map(({ kid }) => kid));
      if (kids.size < signatures.length) throw refused("one key signed twice");
      const keys = await keysNow();
      // one foreign signature would be somebody else's word beside the agent's, and nobody could say whose the card is
      for (const signature of signatures) await verifySignature(signature, signed, keys);
      return card;
    },
  };
}

/** A signature as far as it is read without a key. */
interface ReadSignature {
  readonly header: string;
  readonly alg: string;
  readonly kid: string;
  readonly signature: Uint8Array;
}

function readCard(given: string | Uint8Array): { card: AgentCard; signatures: readonly ReadSignature[] } {
  const bytes = typeof given === "string" ? new TextEncoder().encode(given) : given;
  if (bytes.length > cardBytes) throw refused(`longer than ${cardBytes} bytes`);
  const text = utf8(bytes);
  const read = text === undefined ? undefined : parseBoundedJson(text);
  if (!read?.ok) throw refused(read?.error ?? "not UTF-8");
  const card = read.value;
  if (!isMap(card)) throw refused("not an object");
  const { signatures } = card;
  if (!Array.isArray(signatures) || signatures.length === 0) throw refused("it is not signed");
  if (signatures.length > signaturesMost) throw refused(`it has more than ${signaturesMost} signatures`);
  return { card: unsigned(card), signatures: signatures.map(readSignature) };
}

/** Headers by which a signer would bring its own key, or ask to be read in another way (RFC 7515 4.1). */
const unwanted = ["jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "crit", "b64"];

function readSignature(value: unknown): ReadSignature {
  const { protected: header, signature, header: beside, ...others } = isMap(value) ? value : {};
  if (typeof header !== "string" || typeof signature !== "string" || Object.keys(others).length > 0)
    throw refused("a signature is malformed");
  // nobody signed these
  if (beside !== undefined) throw refused("a signature has an unprotected header");
  const [headerBytes, bytes] = [bytesOfBase64url(header), bytesOfBase64url(signature)];
  const text = headerBytes && utf8(headerBytes);
  const read = text === undefined ? undefined : parseBoundedJson(text, 4);
  if (!bytes || !read?.ok || !isMap(read.value)) throw refused("a signature is malformed");
  const { alg, kid, typ = "JOSE" } = read.value;
  const own = unwanted.find((name) => Object.hasOwn(read.value as object, name));
  if (own !== undefined) throw refused(`its header holds ${own}: keys come from the registry alone`);
  if (typeof alg !== "string" || typeof kid !== "string" || typ !== "JOSE") throw refused("a signature is malformed");
  return { header, alg, kid, signature: bytes };
}

async function verifySignature(
  { header, alg, kid, signature }: ReadSignature,
  payload: string,
  keys: ReadonlyMap<string, RegisteredKey>,
): Promise<void> {
  const registered = keys.get(kid);
  if (!registered) throw refused("it is signed with a key that is not registered for this agent");
  // RFC 8725 3.1: the registration says the algorithm, never the header
  if (registered.alg !== alg) throw refused("the key is registered for another algorithm");
  const signed = new TextEncoder().encode(`${header}.${payload}`);
  if (!(await registered.key.verify(signed, signature))) throw refused("a signature is not of this card");
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
