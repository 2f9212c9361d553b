import { err, ok, type Result } from "../../../model/result.ts";
import { readCbor } from "../cose.ts";

/**
 * Who measured: an enclave's hypervisor, or an instance's NitroTPM. It is recognized by the member that holds the PCRs.
 */
export type NitroKind = "enclave" | "tpm";

/** An attestation document of the Nitro Secure Module or NitroTPM, checked for its form only. */
export interface NitroDocument {
  readonly kind: NitroKind;
  /** `<instance id>-enc<…>` or `<instance id>-tpm<…>`. */
  readonly moduleId: string;
  readonly timestampMillis: number;
  /** By index, 48 bytes each: all are SHA-384. */
  readonly pcrs: ReadonlyMap<number, Uint8Array>;
  /** DER. */
  readonly certificate: Uint8Array;
  /** DER, the root first. */
  readonly bundle: readonly Uint8Array[];
  readonly publicKey?: Uint8Array;
  readonly userData?: Uint8Array;
  readonly nonce?: Uint8Array;
}

const members = ["module_id", "digest", "timestamp", "certificate", "cabundle", "public_key", "user_data", "nonce"];
const pcrMembers = new Map<string, NitroKind>([
  ["pcrs", "enclave"],
  ["nitrotpm_pcrs", "tpm"],
]);
const certificateBytes = 1_024;
const bundleEntries = 8;

/**
 * Reads the payload of an attestation document by AWS's rules ("attestation_process.md" of the NSM API, 3.2.2). Members
 * that are not documented are refused. An optional member may be absent or null, as the module writes it.
 * @returns the document, or why it was refused
 */
export function readNitroDocument(payload: Uint8Array): Result<NitroDocument, string> {
  const read = readCbor(payload);
  if (!read.ok) return err(`the payload is ${read.error}`);
  const map = read.value;
  if (!(map instanceof Map)) return err("the payload is not a map");
  const odd = [...map.keys()].find((k) => !members.includes(k) && !pcrMembers.has(k));
  if (odd !== undefined) return err("the payload has an unknown member");
  if (map.get("digest") !== "SHA384") return err("digest is not SHA384");
  const moduleId: unknown = map.get("module_id");
  if (typeof moduleId !== "string" || !/^[\x21-\x7e]{1,128}$/.test(moduleId))
    return err("module_id is not a short text");
  const timestampMillis: unknown = map.get("timestamp");
  if (typeof timestampMillis !== "number" || !Number.isInteger(timestampMillis) || timestampMillis <= 0)
    return err("timestamp is not a positive integer");
  const pcrs = readPcrs(map);
  if (!pcrs.ok) return pcrs;
  const certificates = readCertificates(map);
  if (!certificates.ok) return certificates;
  const options = readOptional(map);
  if (!options.ok) return options;
  return ok({ moduleId, timestampMillis, ...pcrs.value, ...certificates.value, ...options.value });
}

function readPcrs(map: ReadonlyMap<unknown, unknown>): Result<Pick<NitroDocument, "kind" | "pcrs">, string> {
  const present = [...pcrMembers].filter(([name]) => map.has(name));
  const [found] = present;
  if (!found || present.length !== 1) return err("exactly one set of PCRs must stand");
  const [name, kind] = found;
  const said = map.get(name);
  if (!(said instanceof Map) || said.size < 1 || said.size > 32) return err(`${name} is not a map of 1 to 32`);
  const pcrs = new Map<number, Uint8Array>();
  for (const [index, value] of said as ReadonlyMap<unknown, unknown>) {
    if (typeof index !== "number" || !Number.isInteger(index) || index < 0 || index > 31)
      return err("a PCR's index is not 0 to 31");
    // the digest is SHA384, so PCRs of other lengths are refused
    if (!(value instanceof Uint8Array) || value.length !== 48) return err(`PCR ${index} is not 48 bytes`);
    pcrs.set(index, value);
  }
  return ok({ kind, pcrs });
}

function readCertificates(
  map: ReadonlyMap<unknown, unknown>,
): Result<Pick<NitroDocument, "certificate" | "bundle">, string> {
  const certificate = map.get("certificate");
  const bundle = map.get("cabundle");
  if (!isBytes(certificate, 1, certificateBytes)) return err("certificate is not 1 to 1024 bytes");
  if (!Array.isArray(bundle) || bundle.length < 1 || bundle.length > bundleEntries)
    return err(`cabundle is not a list of 1 to ${bundleEntries}`);
  const entries = bundle.filter((entry): entry is Uint8Array => isBytes(entry, 1, certificateBytes));
  return entries.length === bundle.length
    ? ok({ certificate, bundle: entries })
    : err("an entry of cabundle is not 1 to 1024 bytes");
}

function readOptional(
  map: ReadonlyMap<unknown, unknown>,
): Result<Pick<NitroDocument, "publicKey" | "userData" | "nonce">, string> {
  const [publicKey, userData, nonce] = ["public_key", "user_data", "nonce"].map((name) => map.get(name) ?? undefined);
  if (publicKey !== undefined && !isBytes(publicKey, 1, 1_024)) return err("public_key is not 1 to 1024 bytes");
  if (userData !== undefined && !isBytes(userData, 0, 512)) return err("user_data is not 0 to 512 bytes");
  if (nonce !== undefined && !isBytes(nonce, 0, 512)) return err("nonce is not 0 to 512 bytes");
  return ok({
    ...(publicKey === undefined ? {} : { publicKey }),
    ...(userData === undefined ? {} : { userData }),
    ...(nonce === undefined ? {} : { nonce }),
  });
}

const isBytes = (value: unknown, min: number, max: number): value is Uint8Array =>
  value instanceof Uint8Array && value.length >= min && value.length <= max;
