/** An agent card (A2A 1.0, 4.4.1): its members are the protocol's. */
export type AgentCard = Readonly<Record<string, unknown>>;

/** A signature over a card (A2A 1.0, 4.4.7). */
export interface CardSignature {
  /** JWS Protected Header, base64url. */
  readonly protected: string;
  readonly signature: string;
}

/** Longest card, in bytes. */
export const cardBytes = 65_536;
/** Most signatures of one card: those of an agent's registered keys. */
export const signaturesMost = 4;

/** The card without its signatures, which is what they sign. */
export function unsigned(card: AgentCard): AgentCard {
  const { signatures: _, ...rest } = card;
  return rest;
}
