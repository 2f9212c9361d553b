import { type NitroInput, nitroDocument } from "./platform/nitro-document.ts";
import type { EvidenceSource } from "./platform/source.ts";

export type { NitroAttestationRequest, NitroInput } from "./platform/nitro-document.ts";

/**
 * Evidence of an agent inside a Nitro enclave: measurements of its image, signed by the hypervisor for this request
 * only.
 */
export const awsNitroEnclave = (input: NitroInput): EvidenceSource => nitroDocument("aws-nitro-enclave", input);
