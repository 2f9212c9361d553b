import { type NitroInput, nitroDocument } from "./platform/nitro-document.ts";
import type { EvidenceSource } from "./platform/source.ts";

export type { NitroAttestationRequest, NitroInput } from "./platform/nitro-document.ts";

/** Evidence of an EC2 instance with NitroTPM: measurements of its boot, signed for this request only. */
export const awsNitroTpm = (input: NitroInput): EvidenceSource => nitroDocument("aws-nitro-tpm", input);
