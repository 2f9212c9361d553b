import { verifyJwt } from "../../jose/jwt.ts";
import { limits } from "../../model/limits.ts";
import { err, ok, type Result } from "../../model/result.ts";
import { cutNameCharacters } from "../../model/subjects.ts";
import { tokenTyp } from "../../model/wire.ts";
import type { IssuerKeys } from "../issuer-keys.ts";
import { strictExpiry } from "../strict-expiry.ts";

/** Path of the document below the issuer. No status list has this name. */
export const cutsPath = "/status/cuts";

/**
 * Address of the document, which its `sub` must equal. Built from the issuer that is trusted, never taken from a token.
 */
export const cutsUri = (issuer: string): string => `${issuer}${cutsPath}`;

/** Claims of the document of cuts, to be signed with `typ: lanyard-cuts+jwt` by the status key. */
interface CutsClaims {
  readonly iss: string;
  readonly sub: string;
  readonly iat: number;
  readonly exp: number;
  readonly ttl: number;
  /** Grows with every cut: of two documents the older one can be told by it. */
  readonly version: number;
  /** A subject's name → its epoch. Everything issued under a lower epoch is over. */
  readonly cuts: Readonly<Record<string, number>>;
  /** Not all cuts fitted. Those that are missing can be read from the status lists alone. */
  readonly overflow?: true;
}

/** What a document says. */
interface CutsInput {
  readonly issuer: string;
  readonly nowSeconds: number;
  readonly version: number;
  readonly cuts: readonly { readonly name: string; readonly epoch: number }[];
  readonly overflow: boolean;
}

/**
 * The claims of a document; it lives `limits.statusListLifeSeconds`, so that a replayed one is soon refused (threat
 * 26).
 */
export const cutsClaims = ({ issuer, nowSeconds, version, cuts, overflow }: CutsInput): CutsClaims => ({
  iss: issuer,
  sub: cutsUri(issuer),
  iat: nowSeconds,
  exp: nowSeconds + limits.statusListLifeSeconds,
  ttl: limits.statusListTtlSeconds,
  version,
  cuts: Object.fromEntries(cuts.map(({ name, epoch }) => [name, epoch])),
  ...(overflow ? { overflow: true } : {}),
});

/**
 * Bytes for header, signature and all other claims, as base64url: twice what they need with an RSA key of 4,096 bits.
 */
const aroundBytes = 3_072;

/** How many of these cuts, from the first on, fit into one document of `limits.cutsBytes`. */
export function cutsThatFit(cuts: readonly { readonly name: string; readonly epoch: number }[]): number {
  const room = Math.floor(((limits.cutsBytes - aroundBytes) * 3) / 4);
  let taken = 0;
  const over = cuts.findIndex(({ name, epoch }) => {
    // quotes, colon and comma
    taken += name.length + String(epoch).length + 4;
    return taken > room;
  });
  return over === -1 ? cuts.length : over;
}

/** A verified document. */
export interface Cuts {
  readonly epochs: ReadonlyMap<string, number>;
  readonly version: number;
  readonly issuedAtSeconds: number;
  /** How long it may be used from now: its `ttl`, and never beyond its `exp`. */
  readonly lifeSeconds: number;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const cutName = new RegExp(`^[A-Za-z0-9_-]{${cutNameCharacters}}$`);

/**
 * Verifies a document of cuts: signed by a status key with its own `typ`, of this issuer and address, fresh. One entry
 * that cannot be read refuses the whole document, since it may be the cut that matters. Claims that this version does
 * not know are ignored.
 * @param token as it was fetched
 * @returns the cuts, or why the document is refused
 */
export async function verifyCuts(
  token: string,
  {
    issuer,
    keys,
    nowSeconds: now,
  }: { readonly issuer: string; readonly keys: IssuerKeys; readonly nowSeconds: number },
): Promise<Result<Cuts, string>> {
  const verified = await verifyJwt(token, keys.lookup(tokenTyp.cuts), {
    typ: [tokenTyp.cuts],
    algorithms: ["ES256", "RS256"],
    issuer,
    audience: null,
    maxBytes: limits.cutsBytes,
    ...strictExpiry(now),
    requiredClaims: ["iss", "sub", "iat", "exp", "version", "cuts"],
  });
  if (!verified.ok) return err(`the document of cuts is refused: ${verified.error.why}, ${verified.error.detail}`);
  const { sub, iat, exp, ttl, version, cuts } = verified.value.payload as Readonly<Record<string, unknown>>;
  if (sub !== cutsUri(issuer)) return err("the document of cuts is of another address");
  if (typeof iat !== "number" || typeof exp !== "number")
    return err("the document of cuts does not say when it was made");
  // `exp` alone is not enough: an old document that is replayed would undo a cut (threat 26)
  if (now - iat >= limits.statusListLifeSeconds) return err("the document of cuts is too old");
  if (ttl !== undefined && (typeof ttl !== "number" || !(ttl > 0)))
    return err("ttl is not a positive number of seconds");
  if (!isCount(version)) return err("version is not a whole number");
  if (typeof cuts !== "object" || cuts === null || Array.isArray(cuts)) return err("cuts is not an object");
  const epochs = new Map<string, number>();
  for (const [name, epoch] of Object.entries(cuts)) {
    if (!cutName.test(name) || !isCount(epoch)) return err("a cut cannot be read");
    epochs.set(name, epoch);
  }
  const wished = Math.min(ttl ?? limits.statusListTtlSeconds, limits.statusListLifeSeconds);
  const lifeSeconds = Math.min(wished, exp - now, Math.min(iat, now) + limits.statusListLifeSeconds - now);
  return ok({ epochs, version, issuedAtSeconds: iat, lifeSeconds });
}
