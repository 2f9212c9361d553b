import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { decodeBase64 } from "../../../core/attest/formats/base64.ts";
import { readCoseSign1 } from "../../../core/attest/formats/cose.ts";
import { readNitroDocument } from "../../../core/attest/formats/nitro/document.ts";
import { nitroFacts } from "../../../core/attest/formats/nitro/facts.ts";
import { awsNitroRoot } from "../../../core/attest/formats/nitro/root.ts";
import { verifyNitroDocument } from "../../../core/attest/formats/nitro/verify.ts";
import { matchSelectors } from "../../../core/attest/selectors.ts";
import { limits } from "../../../core/model/limits.ts";
import { agent } from "../../../test/kit/registry.ts";
import { type Evaluated, notOurs, type Outcome, topic } from "../document.ts";
import type { VectorFolder } from "../folder.ts";

const told = {
  pcrs: z.record(z.string(), z.string()),
  isAttestationDocValid: z.boolean(),
  shouldPcrsMatch: z.boolean(),
};
/** Evervault's notes: measurements, and the document, or the certificate that holds it, by its name in their repository. */
const shape = z.union([
  z.looseObject({ ...told, file: z.string() }),
  z.looseObject({ ...told, attestationDoc: z.string() }),
]);
type Note = z.infer<typeof shape>;

/** Their one certificate of an enclave in debug mode, which no collection here holds. */
const notCollected = "debug-mode-cert-containing-attestation-doc-18-1-23.pem";

/** The document in a certificate of theirs: in hex, as the first label of a DNS name. @throws Error for a certificate without one */
function documentIn(certificate: Uint8Array): Uint8Array {
  const names = new X509Certificate(certificate).subjectAltName ?? "";
  const [, hex] = /DNS:(8444a1(?:[0-9a-f]{2})+)(?:[.,]|$)/.exec(names) ?? [];
  if (hex === undefined) throw new Error("no document is among the certificate's names");
  return Buffer.from(hex, "hex");
}

const sources = z.array(z.looseObject({ file: z.string(), source: z.array(z.string()) }));

/** The bytes of a note's document. Theirs is one certificate in two forms; ours is kept as DER. */
function documentOf(folder: VectorFolder, note: Note): Uint8Array {
  const theirs = "attestationDoc" in note && typeof note.attestationDoc === "string" ? note.attestationDoc : undefined;
  if (theirs === undefined) {
    const name = String(note.file)
      .split("/")
      .at(-1)
      ?.replace(/\.pem$/, "-der.crt");
    return documentIn(folder.bytes(`certs/evervault-${name}`));
  }
  const known = sources.parse(folder.json("manifest.json"));
  const found = known.find(({ source }) => source.some((one) => one.endsWith(`attestation-doc-validation:${theirs}`)));
  if (!found) throw new Error(`no document here is from ${theirs}`);
  const bytes = folder.bytes(found.file);
  return found.file.endsWith(".b64")
    ? (decodeBase64(Buffer.from(bytes).toString("utf8").trim(), limits.nitroDocumentBytes) ?? bytes)
    : bytes;
}

/** The document's own time: theirs are evaluated as of when they were made. */
function madeAtSeconds(bytes: Uint8Array): number {
  const cose = readCoseSign1(bytes);
  const document = cose.ok ? readNitroDocument(cose.value.payload) : cose;
  if (!document.ok) throw new Error(document.error);
  return Math.floor(document.value.timestampMillis / 1000);
}

/**
 * Verifies the document, and asks whether it is the enclave of a registration with these measurements.
 * @returns `policy` for a genuine document in debug mode, and for measurements that are its own and no anchor of ours
 */
async function evaluate(bytes: Uint8Array, pcrs: Readonly<Record<string, string>>): Promise<Evaluated> {
  const options = { kind: "enclave", root: awsNitroRoot, nowSeconds: madeAtSeconds(bytes) } as const;
  const verified = await verifyNitroDocument(bytes, options);
  if (!verified.ok) {
    const { genuine, check, why } = verified.error;
    return { outcome: genuine ? "policy" : "invalid", reason: `${check}: ${why}` };
  }
  const type = "aws-nitro-enclave";
  const facts = nitroFacts(verified.value.document);
  const registration = agent("measured", { selectors: [{ type, exact: pcrs }] });
  const matched = matchSelectors("measured", registration, { type, facts, tags: {} });
  if (matched.ok) return { outcome: "valid", reason: `measured as ${Object.keys(pcrs).join(", ")} say` };
  const missing = "missing" in matched.error ? String(matched.error.missing) : matched.error.code;
  const alike = Object.entries(pcrs).every(([name, value]) => facts[name] === value);
  return { outcome: alike ? "policy" : "invalid", reason: `${matched.error.code}: ${missing}` };
}

/** What a note asks of us: PCR 0 must be pinned, and an enclave in debug mode measures nothing. */
function expectedOf({ pcrs, isAttestationDocValid, shouldPcrsMatch }: Note): Outcome {
  if (!isAttestationDocValid || !shouldPcrsMatch) return "invalid";
  return pcrs.pcr0 === undefined || /^0*$/.test(pcrs.pcr0) ? "policy" : "valid";
}

/** Measurements that a document is expected to have, or not to have (evervault's attestation-doc-validation). */
export const nitroMeasurements = topic(/^(beta|ga)__[a-z0-9_]+\.json$/, shape, (note, folder, file) => {
  const label = folder.label(file);
  if (String(note.file).endsWith(notCollected))
    return [notOurs(label, `its document, ${notCollected}, was never collected: there is nothing to judge`)];
  const expected = expectedOf(note);
  const said = note.shouldPcrsMatch ? "PCRs match" : "PCRs differ";
  const evaluateIt = async () => evaluate(documentOf(folder.above("evervault-specs"), note), note.pcrs);
  return [{ file: label, said, expected: [expected], evaluate: evaluateIt }];
});
