import { createHash } from "node:crypto";
import { limits } from "../../../model/limits.ts";
import { replayKey } from "../../../model/replay/entry.ts";
import { err, ok, type Result } from "../../../model/result.ts";
import type { AttestedFacts, Attestor } from "../../contract/attestor.ts";
import { decodeBase64 } from "../base64.ts";
import { faultDenial, reported } from "../evidence-fault.ts";
import type { NitroKind } from "./document.ts";
import { nitroFacts } from "./facts.ts";
import { awsNitroRoot } from "./root.ts";
import { type VerifiedNitro, verifyNitroDocument } from "./verify.ts";

/** Settings of the Nitro attestors. Neither environment nor registry can change the root; it is part of the code. */
export interface NitroSettings {
  /** DER of the root to trust instead of AWS's; for tests and `lanyard attest --explain` only. */
  readonly root?: Uint8Array | undefined;
}

/**
 * Attestor of evidence `{ "type", "document" }` whose document a Nitro Secure Module or NitroTPM signed.
 * @param type the type of the evidence: each kind of module has its own, and documents of the other are refused
 */
export function nitroAttestor(type: string, kind: NitroKind, { root = awsNitroRoot }: NitroSettings): Attestor {
  return {
    type,
    attest: async (evidence, { challenge, jkt, issuer, nowSeconds, onCheck }) => {
      const bytes = decodeBase64(evidence.document, limits.nitroDocumentBytes);
      const shape: Result<Uint8Array, string> = bytes ? ok(bytes) : err("document is not base64, or too long");
      const document = reported(shape, "shape", onCheck);
      if (!document.ok) return err(faultDenial(type, document.error));
      const options = { kind, root, challenge, jkt, issuer, nowSeconds, onCheck };
      const verified = await verifyNitroDocument(document.value, options);
      return verified.ok ? ok(proven(type, verified.value)) : err(faultDenial(type, verified.error));
    },
  };
}

function proven(type: string, { document, payload }: VerifiedNitro): AttestedFacts {
  const facts = nitroFacts(document);
  // by the signed payload, since (r, -s) is as valid a signature as (r, s) and would count as another document
  const id = createHash("sha256").update(payload).digest("base64url");
  const lastSeconds = Math.ceil(document.timestampMillis / 1000) + limits.evidenceAgeSeconds;
  return {
    facts,
    tags: {},
    assurance: "measured",
    evidenceEntry: {
      kind: "evidence",
      key: replayKey("evidence", type, id),
      expiresAtSeconds: lastSeconds + limits.foreignSkewSeconds,
    },
    ...(document.kind === "enclave" && facts.pcr0 !== undefined ? { build: `sha384:${facts.pcr0}` } : {}),
  };
}
