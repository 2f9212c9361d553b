import type { Attestor } from "../../contract/attestor.ts";
import { type NitroSettings, nitroAttestor } from "../../formats/nitro/attestor.ts";

/**
 * Attestor of evidence `{ "type": "aws-nitro-enclave", "document" }`: base64 or base64url of the attestation document
 * that the enclave's NSM signs over `nonce` = our challenge, `public_key` = the caller's key as SPKI in DER and
 * `user_data` = our issuer. It proves which image runs (PCR 0 to 2), under which role (PCR 3) and on which instance
 * (PCR 4), and that the key is inside the enclave.
 * @returns facts `moduleId`, `instanceId`, `pcr0` … as lower-case hex; build `sha384:<pcr0>`; assurance `measured`.
 * Denials: `evidence_invalid`, `evidence_expired`, `evidence_unbound`
 */
export const awsNitroEnclave = (settings: NitroSettings = {}): Attestor =>
  nitroAttestor("aws-nitro-enclave", "enclave", settings);
