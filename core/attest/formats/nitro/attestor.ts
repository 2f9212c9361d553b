import { createHash } from "node:crypto";
import { limits } from "../../../model/limits.ts";
import { markerKey } from "../../../model/replay-entry.ts";
import { err, ok, type Result } from "../../../model/result.ts";
import type { AttestedFacts, Attestor } from "../../contract/attestor.ts";
import { decodeBase64 } from "../base64.ts";
import { faultDenial, told } from "../evidence-fault.ts";
import type { NitroDocument, NitroKind } from "./document.ts";
import { awsNitroRoot } from "./root.ts";
import { type VerifiedNitro, verifyNitroDocument } from "./verify.ts";

/** Settings of the Nitro attestors. There is no switch in environment or registry: a root is code. */
export interface NitroSettings {
  /** DER of the root to trust instead of AWS's; for tests and `lanyard attest --explain` only. */
  readonly root?: Uint8Array;
}

/**
 * Attestor of evidence `{ "type": "aws-nitro-enclave", "document" }`: base64 or base64url of the attestation document
 * that the enclave's NSM signs over `nonce` = our challenge, `public_key` = the caller's key as SPKI in DER and
 * `user_data` = our issuer. It proves which image runs (PCR 0 to 2), under which role (PCR 3) and on which instance
 * (PCR 4), and that the key is inside.
 * @returns facts `moduleId`, `instanceId`, `pcr0` … as lower-case hex; build `sha384:<pcr0>`; assurance `measured`.
 * Denials: `evidence_invalid`, `evidence_expired`, `evidence_unbound`
 */
export const awsNitroEnclave = (settings: NitroSettings = {}): Attestor =>
  nitroAttestor("aws-nitro-enclave", "enclave", settings);

/**
 * Attestor of evidence `{ "type": "aws-nitro-tpm", "document" }`: the same document, signed for an EC2 instance with
 * NitroTPM. Its PCRs are those of a TPM 2.0 (PCR 4 the boot image, 7 Secure Boot, 12 the kernel's command line); it
 * states no build, since only an Attestable AMI makes PCR 4 measure all that runs.
 * @returns facts as above; assurance `measured`. Denials: the same
 */
export const awsNitroTpm = (settings: NitroSettings = {}): Attestor => nitroAttestor("aws-nitro-tpm", "tpm", settings);

function nitroAttestor(type: string, kind: NitroKind, { root = awsNitroRoot }: NitroSettings): Attestor {
  return {
    type,
    attest: async (evidence, { challenge, jkt, issuer, nowSeconds, onCheck }) => {
      const bytes = decodeBase64(evidence.document, limits.nitroDocumentBytes);
      const shape: Result<Uint8Array, string> = bytes ? ok(bytes) : err("document is not base64, or too long");
      const document = told(shape, "shape", onCheck);
      if (!document.ok) return err(faultDenial(type, document.error));
      const options = { kind, root, challenge, jkt, issuer, nowSeconds, onCheck };
      const verified = await verifyNitroDocument(document.value, options);
      return verified.ok ? ok(proven(type, verified.value)) : err(faultDenial(type, verified.error));
    },
  };
}

function proven(type: string, { document, payload }: VerifiedNitro): AttestedFacts {
  const facts = nitroFacts(document);
  // by what was signed: (r, -s) is as good a signature as (r, s), and would be another document
  const id = createHash("sha256").update(payload).digest("base64url");
  const lastSeconds = Math.ceil(document.timestampMillis / 1000) + limits.evidenceAgeSeconds;
  return {
    facts,
    tags: {},
    assurance: "measured",
    evidenceMarker: {
      kind: "evidence",
      key: markerKey("evidence", type, id),
      expiresAtSeconds: lastSeconds + limits.foreignSkewSeconds,
    },
    ...(document.kind === "enclave" && facts.pcr0 !== undefined ? { build: `sha384:${facts.pcr0}` } : {}),
  };
}

/** Facts of a verified document; PCRs as lower-case hex, zeros included: "unset" can be demanded too. */
export function nitroFacts({ moduleId, pcrs }: NitroDocument): Readonly<Record<string, string>> {
  const instanceId = /^(i-[0-9a-f]{8,17})-(?:enc|tpm)[0-9a-f]*$/.exec(moduleId)?.[1];
  const measured = [...pcrs].map(([index, value]) => [`pcr${index}`, Buffer.from(value).toString("hex")] as const);
  return { moduleId, ...(instanceId === undefined ? {} : { instanceId }), ...Object.fromEntries(measured) };
}
