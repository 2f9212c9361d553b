import type { Attestor } from "../../contract/attestor.ts";
import { type NitroSettings, nitroAttestor } from "../../formats/nitro/attestor.ts";

/**
 * Attestor of evidence `{ "type": "aws-nitro-tpm", "document" }`: the document of `aws-nitro-enclave`, signed for an
 * EC2 instance with NitroTPM. Its PCRs are those of a TPM 2.0 (PCR 4 the boot image, 7 Secure Boot, 12 the kernel's
 * command line); it states no build, since PCR 4 measures all code that runs only on an Attestable AMI.
 * @returns facts `moduleId`, `instanceId`, `pcr0` … as lower-case hex; assurance `measured`. Denials:
 * `evidence_invalid`, `evidence_expired`, `evidence_unbound`
 */
export const awsNitroTpm = (settings: NitroSettings = {}): Attestor => nitroAttestor("aws-nitro-tpm", "tpm", settings);
