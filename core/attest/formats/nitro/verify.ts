import { createPublicKey } from "node:crypto";
import type { JWK } from "jose";
import { thumbprintInput } from "../../../jose/public-jwk.ts";
import type { Check } from "../../../model/check.ts";
import { limits } from "../../../model/limits.ts";
import { err, ok, type Result } from "../../../model/result.ts";
import { sha256 } from "../../../text/digest.ts";
import { sameBytes } from "../asn1.ts";
import { type CoseSign1, isP384, readCoseSign1, verifyCoseSign1 } from "../cose.ts";
import { type EvidenceFault, reported, runSteps, type Step } from "../evidence-fault.ts";
import { type Certificate, readCertificate } from "../x509.ts";
import { pathFault } from "../x509-path.ts";
import { type NitroDocument, type NitroKind, readNitroDocument } from "./document.ts";

/** What a Nitro document is verified against. A binding is checked only where its expected value is given. */
interface NitroOptions {
  readonly kind: NitroKind;
  /** DER of the one root that is trusted. */
  readonly root: Uint8Array;
  readonly nowSeconds: number;
  /** Expected in `nonce`, as ASCII. */
  readonly challenge?: string;
  /** RFC 7638 thumbprint of the key expected in `public_key`, as SPKI in DER. */
  readonly jkt?: string;
  /** Expected in `user_data`, as UTF-8. */
  readonly issuer?: string;
  readonly onCheck?: ((check: Check) => void) | undefined;
}

/** A document that was verified. */
export interface VerifiedNitro {
  readonly document: NitroDocument;
  /**
   * The signed bytes. They identify the document, since the signature can be changed into another valid one without the
   * key.
   */
  readonly payload: Uint8Array;
}

/**
 * Verifies an attestation document of a Nitro enclave or NitroTPM, without any deployment or network: COSE_Sign1 of
 * ES384 (RFC 9052), AWS's rules for its members, the path to the one pinned root at `nowSeconds`, then our own rules:
 * measured (no debug mode), at most five minutes old, and bound to challenge, key and issuer where those are given.
 * Revocation lists are not read, since leaf certificates live only three hours.
 * @returns the document, or the first check that failed
 */
export async function verifyNitroDocument(
  bytes: Uint8Array,
  options: NitroOptions,
): Promise<Result<VerifiedNitro, EvidenceFault>> {
  const { onCheck } = options;
  const cose = reported(bounded(bytes), "cose", onCheck);
  if (!cose.ok) return cose;
  const document = reported(readNitroDocument(cose.value.payload), "document", onCheck);
  if (!document.ok) return document;
  const path = reported(readPath(document.value, options.root), "certificates", onCheck);
  if (!path.ok) return path;
  const jkt = options.jkt === undefined ? undefined : await thumbprint(document.value.publicKey);
  const steps = [
    ...genuineSteps({ cose: cose.value, document: document.value, path: path.value }, options),
    ...ruleSteps(document.value, options.nowSeconds),
    ...bindingSteps(document.value, jkt, options),
  ];
  const fault = runSteps(steps, onCheck);
  return fault ? err(fault) : ok({ document: document.value, payload: cose.value.payload });
}

const bounded = (bytes: Uint8Array): Result<CoseSign1, string> =>
  bytes.length > limits.nitroDocumentBytes
    ? err(`the document is longer than ${limits.nitroDocumentBytes} bytes`)
    : readCoseSign1(bytes);

/** The end first, the root last. The bundle must begin with the pinned root; our own copy of it is used. */
function readPath(document: NitroDocument, root: Uint8Array): Result<readonly Certificate[], string> {
  const [first, ...intermediates] = document.bundle;
  if (!first || !sameBytes(first, root)) return err("cabundle does not begin with the pinned root");
  const path: Certificate[] = [];
  for (const bytes of [document.certificate, ...intermediates.reverse(), root]) {
    const read = readCertificate(bytes);
    if (!read.ok) return read;
    path.push(read.value);
  }
  return ok(path);
}

/** A document, the message around it, and the certificates it names: the end first, the root last. */
interface Signed {
  readonly cose: CoseSign1;
  readonly document: NitroDocument;
  readonly path: readonly Certificate[];
}

function genuineSteps({ cose, document, path }: Signed, options: NitroOptions): readonly Step[] {
  const { kind, moduleId, timestampMillis } = document;
  const [leaf] = path;
  return [
    // before the path: a document of the other kind is genuine too, but means something else
    { check: "kind", detail: kind, fault: () => (kind === options.kind ? undefined : `is of kind ${kind}`) },
    { check: "path", detail: "leads to the pinned root", fault: () => pathFault(path, options.nowSeconds, isP384) },
    {
      check: "signature",
      detail: "ES384 by the leaf's key",
      fault: () => (leaf && verifyCoseSign1(cose, leaf.publicKey) ? undefined : "the signature is wrong"),
    },
    {
      check: "timestamp",
      detail: "within the leaf's own validity",
      fault: () => timestampFault(timestampMillis, leaf),
    },
    { check: "subject", detail: moduleId, fault: () => subjectFault(kind, moduleId, leaf?.commonNames ?? []) },
  ];
}

/**
 * The module writes the time and signs with a leaf certificate of its own. A time outside the leaf's validity cannot be
 * the module's.
 */
function timestampFault(timestampMillis: number, leaf: Certificate | undefined): string | undefined {
  const atSeconds = Math.floor(timestampMillis / 1000);
  const within = leaf && atSeconds >= leaf.notBeforeSeconds && atSeconds <= leaf.notAfterSeconds;
  return within ? undefined : "the document was made outside its leaf's validity";
}

/**
 * A leaf is made for one module and one Region. The names in leaves of NitroTPM are not documented, so none is required
 * there.
 */
function subjectFault(kind: NitroKind, moduleId: string, names: readonly string[]): string | undefined {
  if (kind === "tpm") return undefined;
  const [name = "", ...more] = names;
  const region = name.startsWith(`${moduleId}.`) ? name.slice(moduleId.length + 1) : "";
  return more.length === 0 && /^[a-z0-9-]+\.aws$/.test(region) ? undefined : "the leaf was made for another module";
}

function ruleSteps(document: NitroDocument, nowSeconds: number): readonly Step[] {
  const { kind, pcrs, timestampMillis } = document;
  const age = nowSeconds - Math.floor(timestampMillis / 1000);
  // an enclave in debug mode measures zeros; its console can be read, and so can its memory by anybody who controls the
  // instance
  const needed = kind === "enclave" ? [0, 1, 2] : [4];
  const blank = needed.find((index) => pcrs.get(index)?.every((byte) => byte === 0) ?? true);
  return [
    {
      check: "measured",
      detail: `PCR ${needed.join(", ")} are set`,
      genuine: true,
      fault: () => (blank === undefined ? undefined : `PCR ${blank} is not set: debug mode, or nothing was measured`),
    },
    {
      check: "age",
      detail: `${age} seconds old`,
      genuine: true,
      fault: () => ageFault(age, timestampMillis),
    },
  ];
}

function ageFault(ageSeconds: number, timestampMillis: number): Omit<EvidenceFault, "check" | "genuine"> | undefined {
  if (ageSeconds < -limits.foreignSkewSeconds) return { why: "the document is from the future" };
  if (ageSeconds <= limits.evidenceAgeSeconds) return undefined;
  const expiredAtSeconds = Math.floor(timestampMillis / 1000) + limits.evidenceAgeSeconds;
  return { why: `the document is older than ${limits.evidenceAgeSeconds} seconds`, expiredAtSeconds };
}

/** A document that lacks one of the three would be useful to a thief, or at a second deployment (threat 16). */
function bindingSteps(document: NitroDocument, jkt: string | undefined, options: NitroOptions): readonly Step[] {
  const { challenge, issuer } = options;
  const bindings = [
    {
      check: "challenge",
      unbound: "challenge",
      member: "nonce",
      expected: challenge,
      ok: isText(document.nonce, challenge),
    },
    { check: "key", unbound: "jkt", member: "public_key", expected: options.jkt, ok: jkt === options.jkt },
    {
      check: "issuer",
      unbound: "issuer",
      member: "user_data",
      expected: issuer,
      ok: isText(document.userData, issuer),
    },
  ] as const;
  return bindings
    .filter(({ expected }) => expected !== undefined)
    .map(({ check, unbound, member, ok }) => ({
      check,
      detail: `${member} is the expected one`,
      genuine: true,
      fault: () => (ok ? undefined : { why: `${member} is not the expected one`, unbound }),
    }));
}

const isText = (bytes: Uint8Array | undefined, text: string | undefined): boolean =>
  bytes !== undefined && text !== undefined && sameBytes(bytes, Buffer.from(text, "utf8"));

/** The thumbprint of a key from its SubjectPublicKeyInfo in DER (RFC 5280 4.1), in its shortest form. */
async function thumbprint(spki: Uint8Array | undefined): Promise<string | undefined> {
  if (!spki) return undefined;
  try {
    const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
    if (!sameBytes(key.export({ format: "der", type: "spki" }), spki)) return undefined;
    return await sha256(thumbprintInput(key.export({ format: "jwk" }) as JWK));
  } catch {
    return undefined;
  }
}
