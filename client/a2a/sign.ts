import { type CryptoKey, FlattenedSign } from "jose";
import { canonicalText } from "../../core/text/jcs.ts";
import { type AgentCard, type CardSignature, cardBytes, signaturesMost, unsigned } from "./card.ts";

/** A key that signs cards, as it is registered. */
export interface CardSigner {
  readonly key: CryptoKey;
  /** `kid` of the registered key. */
  readonly kid: string;
  /** Its registered algorithm, such as `ES256`. */
  readonly alg: string;
}

/** A card with its signatures. */
export type SignedCard<T> = Omit<T, "signatures"> & { readonly signatures: readonly CardSignature[] };

/**
 * Signs an agent card with the agent's registered keys: JWS over RFC 8785 (A2A 1.0, 8.4). The header names the key and
 * no place to get it from, since a verifier must not take it from there.
 * @param card without signatures; those it has are replaced
 * @param signers one, or during a rotation the former and the next
 * @throws TypeError for a card that verifiers could read in two ways: without a canonical form, with an empty list, an
 * empty text or null, which some leave out before they verify, or longer than 65,536 bytes
 */
export async function signAgentCard<T extends object>(
  card: T,
  ...signers: readonly CardSigner[]
): Promise<SignedCard<T>> {
  if (signers.length === 0 || signers.length > signaturesMost)
    throw new TypeError(`a card is signed by 1 to ${signaturesMost} keys`);
  const plain = unsigned(JSON.parse(JSON.stringify(card)) as AgentCard);
  const empty = emptyIn(plain, "");
  if (empty !== undefined) throw new TypeError(`${empty} is empty; leave it out, as verifiers do before they verify`);
  const text = canonicalText(plain);
  if (!text.ok) throw new TypeError(text.error);
  const payload = new TextEncoder().encode(text.value);
  const signatures = await Promise.all(signers.map((signer) => signatureOf(payload, signer)));
  const signed: AgentCard = { ...plain, signatures };
  if (new TextEncoder().encode(JSON.stringify(signed)).length > cardBytes)
    throw new TypeError(`a card has at most ${cardBytes} bytes`);
  return signed as unknown as SignedCard<T>;
}

async function signatureOf(payload: Uint8Array, { key, kid, alg }: CardSigner): Promise<CardSignature> {
  const made = await new FlattenedSign(payload).setProtectedHeader({ alg, kid, typ: "JOSE" }).sign(key);
  return { protected: made.protected ?? "", signature: made.signature };
}

/** The path of the first value that a verifier might leave out (8.4.1). */
function emptyIn(value: unknown, path: string): string | undefined {
  if (value === null || value === "" || (Array.isArray(value) && value.length === 0)) return path;
  if (typeof value !== "object") return undefined;
  for (const [name, inner] of Object.entries(value)) {
    const found = emptyIn(inner, `${path}/${name}`);
    if (found !== undefined) return found;
  }
  return undefined;
}
