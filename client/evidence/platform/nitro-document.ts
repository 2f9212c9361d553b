import type { EvidenceRequest, EvidenceSource } from "./source.ts";

/** What the security module must sign beside its measurements, as bytes of each member. */
export interface NitroAttestationRequest {
  readonly nonce: Uint8Array;
  readonly userData: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** How a document is fetched. */
export interface NitroInput {
  /**
   * Asks the module, `/dev/nsm` in an enclave or `nitro-tpm-attest` on an instance with NitroTPM, and returns the
   * document as it is: COSE_Sign1 in CBOR. Node cannot talk to either device itself, so the image must contain a
   * program that does.
   */
  readonly attest: (request: NitroAttestationRequest) => Promise<Uint8Array>;
}

/** Evidence of `type` by a document that the module signs over challenge, issuer and the agent's key. */
export function nitroDocument(type: string, { attest }: NitroInput): EvidenceSource {
  return {
    type,
    async collect({ challenge, issuer, publicKey }: EvidenceRequest) {
      // the challenge makes it fresh, the key ties it to this agent, and the issuer makes it useless at another
      // deployment
      const document = await attest({ nonce: Buffer.from(challenge), userData: Buffer.from(issuer), publicKey });
      return { type, document: Buffer.from(document).toString("base64") };
    },
  };
}
