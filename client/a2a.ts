/** Agent cards of A2A: signed with an agent's registered keys, and verified by the registry. */

export type { AgentCard, CardSignature } from "./a2a/card.ts";
export { type CardSigner, type SignedCard, signAgentCard } from "./a2a/sign.ts";
export { type CardVerifier, type CardVerifierInput, createCardVerifier } from "./a2a/verify.ts";
