import { publicJwkFor } from "../jose/public-jwk.ts";
import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";
import { type KeySet, keySetOf, readDocument } from "./key-sets.ts";

/** The authorities of one SPIFFE trust domain. */
export interface SpiffeBundle {
  /** Keys of use `jwt-svid`. */
  readonly jwtKeys: KeySet;
  /** Certificates of use `x509-svid`, DER. */
  readonly x509Authorities: readonly Uint8Array[];
  readonly sequence?: number;
  /** A name for each of its authorities, made from key or certificate. */
  readonly authorities: ReadonlySet<string>;
  /** After how many seconds its publisher wishes it to be fetched again; not yet bounded. */
  readonly refreshSeconds: number;
}

/** Why a document is not a usable bundle. */
interface BundleFault {
  readonly why: string;
  /** An empty list of keys says that every key published before is revoked. */
  readonly withdrawn?: true;
}

type Entry = Readonly<Record<string, unknown>>;

const jwtAlgorithms = ["RS256", "ES256", "ES384", "PS256"];
const fault = (why: string) => err<BundleFault>({ why });

/**
 * Reads a SPIFFE trust bundle (SPIFFE Trust Domain and Bundle 4): a JWK Set with `spiffe_sequence` and
 * `spiffe_refresh_hint`. Keys with another `use`, or without one, are not authorities. An entry that is ambiguous, or
 * unusable for its own use, refuses the whole bundle: with part of a bundle, somebody else would have chosen the keys.
 * @param body already bounded in bytes by the fetch
 */
export function readSpiffeBundle(body: Uint8Array): Result<SpiffeBundle, BundleFault> {
  const document = readDocument(body);
  if (!document.ok) return fault(document.error);
  const { keys, spiffe_sequence: sequence, spiffe_refresh_hint: hint } = document.value;
  if (!Array.isArray(keys)) return fault("no keys member");
  if (keys.length === 0) return err({ why: "no keys: everything published before is revoked", withdrawn: true });
  if (keys.length > limits.keySetKeys) return fault(`more than ${limits.keySetKeys} keys`);
  if (sequence !== undefined && !isCount(sequence)) return fault("spiffe_sequence is not a whole number");
  const entries: Entry[] = [];
  for (const key of keys as unknown[]) {
    if (typeof key !== "object" || key === null || Array.isArray(key)) return fault("an entry is not an object");
    entries.push(key as Entry);
  }
  const unusable = entryFault(entries);
  if (unusable !== undefined) return fault(unusable);
  const authorities = x509Authorities(entries);
  if (!authorities.ok) return authorities;
  const forJwt = entries.filter((e) => e.use === "jwt-svid").map((e) => ({ ...e, use: undefined }));
  return ok({
    jwtKeys: keySetOf(forJwt, jwtAlgorithms),
    x509Authorities: authorities.value,
    authorities: new Set(entries.map(nameOf)),
    ...(isCount(sequence) ? { sequence } : {}),
    refreshSeconds: isCount(hint) && hint > 0 ? hint : limits.bundleAgeSeconds,
  });
}

/** The same text for the same key, whatever else the publisher writes beside it. */
function nameOf({ kty, crv, x, y, n, e, x5c }: Entry): string {
  return JSON.stringify([kty, crv, x, y, n, e, x5c]);
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function entryFault(entries: readonly Entry[]): string | undefined {
  const kids = new Set<string>();
  for (const { use, kid } of entries) {
    if (use !== undefined && use !== "jwt-svid") continue;
    if (typeof kid !== "string" || kid === "" || kid.length > 256) return "a key has no kid";
    // which of the two signed would be a guess
    if (kids.has(kid)) return "a kid names two keys";
    kids.add(kid);
  }
  const isPublic = (entry: Entry) =>
    jwtAlgorithms.some((alg) => publicJwkFor(alg, { ...entry, use: undefined }) !== undefined);
  return entries.some((entry) => entry.use === "x509-svid" || isPublic(entry)) ? undefined : "no usable key";
}

function x509Authorities(entries: readonly Entry[]): Result<readonly Uint8Array[], BundleFault> {
  const authorities: Uint8Array[] = [];
  // an entry without a certificate cannot anchor a path, and with several it is unclear which one does
  for (const { x5c } of entries.filter((e) => e.use === "x509-svid" && e.x5c !== undefined)) {
    if (!Array.isArray(x5c) || x5c.length !== 1)
      return fault("an x509-svid entry does not have exactly one certificate");
    const der = derOf(x5c[0]);
    if (!der) return fault("a certificate is not base64");
    authorities.push(der);
  }
  return ok(authorities);
}

/** Bytes of standard base64 in canonical spelling, padding included. */
export function derOf(text: unknown): Uint8Array | undefined {
  if (typeof text !== "string" || text === "" || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return undefined;
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? new Uint8Array(bytes) : undefined;
}
