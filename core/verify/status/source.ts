import { verifyJwt } from "../../jose/jwt.ts";
import { limits } from "../../model/limits.ts";
import type { Clock, Fetcher } from "../../model/ports.ts";
import { nowSeconds } from "../../model/ports.ts";
import { err, ok, type Result } from "../../model/result.ts";
import { tokenTyp } from "../../model/wire.ts";
import { createFreshDocument, type FreshDocument } from "../fresh-document.ts";
import type { IssuerKeys } from "../issuer-keys.ts";
import type { VerifyRefusal } from "../refusal.ts";
import { strictExpiry } from "../strict-expiry.ts";
import { type StatusBits, status, statusAt } from "./bits.ts";
import { decodeStatusList } from "./list.ts";

/** A verified status list. */
interface StatusList {
  readonly bits: StatusBits;
  readonly issuedAtSeconds: number;
  /** How long it may be used from now: its `ttl`, and never beyond its `exp`. */
  readonly lifeSeconds: number;
}

/** What status lists are checked with. */
interface StatusSourceInput {
  readonly issuer: string;
  readonly keys: IssuerKeys;
  readonly fetcher: Fetcher;
  readonly clock: Clock;
  /** How long a list may be used at the most, in seconds; its own `ttl` where that is shorter. */
  readonly freshSeconds?: number;
}

/** Most lists held at a time. Only a verified token causes a list to be fetched. */
const listsHeld = 256;
/** A list that could not be fetched is fetched again after this long. */
const listCoolDownMillis = 1_000;

/**
 * Reads a session's bit in the issuer's status lists (Token Status List, section 8.3).
 * @returns a check of one reference: nothing when the bit says valid, else `status_uri_foreign`,
 * `status_index_invalid`, `status_unavailable` or `session_over`
 */
export function createStatusSource(
  input: StatusSourceInput,
): (reference: { readonly uri: string; readonly idx: unknown }) => Promise<Result<void, VerifyRefusal>> {
  const lists = new Map<string, FreshDocument<StatusList>>();
  return async ({ uri, idx }) => {
    // only addresses of the trusted issuer's own lists: a list from elsewhere could say valid for everything, and the
    // address could make us call any host (SSRF)
    if (!isListOf(input.issuer, uri)) return err({ code: "status_uri_foreign", uri });
    const list = await heldList(lists, uri, input).get();
    if (!list.ok) return err({ code: "status_unavailable", why: list.error });
    const value = statusAt(list.value.bits, idx);
    if (!value.ok) return err({ code: "status_index_invalid", why: value.error });
    return value.value === status.valid ? ok(undefined) : err({ code: "session_over", by: "status_list" });
  };
}

const isListOf = (issuer: string, uri: string): boolean => {
  const prefix = `${issuer}/status/`;
  return uri.startsWith(prefix) && /^[A-Za-z0-9_-]{1,64}$/.test(uri.slice(prefix.length));
};

function heldList(
  lists: Map<string, FreshDocument<StatusList>>,
  uri: string,
  input: StatusSourceInput,
): FreshDocument<StatusList> {
  const known = lists.get(uri);
  if (known) return known;
  if (lists.size >= listsHeld) {
    const eldest = lists.keys().next();
    if (!eldest.done) lists.delete(eldest.value);
  }
  const fresh = createFreshDocument<StatusList>({
    load: (held) => loadList(uri, held, input),
    clock: input.clock,
    coolDownMillis: listCoolDownMillis,
  });
  lists.set(uri, fresh);
  return fresh;
}

async function loadList(
  uri: string,
  held: StatusList | undefined,
  input: StatusSourceInput,
): Promise<Result<{ readonly value: StatusList; readonly lifeSeconds: number }, string>> {
  const bounds = { maxBytes: limits.tokenBytes, timeoutMillis: limits.fetchTimeoutMillis };
  const fetched = await input.fetcher.get(uri, bounds);
  if (!fetched.ok) return err(`${fetched.error.why}: ${fetched.error.detail}`);
  const token = new TextDecoder().decode(fetched.value.body).trim();
  const list = await verifyStatusList(token, uri, { keys: input.keys, now: nowSeconds(input.clock) });
  if (!list.ok) return list;
  // a cache that serves an old list again would undo a revocation (threat 26); the clocks of two publishers may differ
  // by less than a ttl
  if (held && list.value.issuedAtSeconds + limits.statusListTtlSeconds < held.issuedAtSeconds)
    return err("the list is older than the one already seen");
  const { freshSeconds = list.value.lifeSeconds } = input;
  return ok({ value: list.value, lifeSeconds: Math.min(list.value.lifeSeconds, freshSeconds) });
}

/**
 * Verifies a status list token (section 5.1): signed by a status key, of exactly this address, fresh.
 * @param uri where it was fetched; its `sub` must equal it
 * @returns the list, or why it is refused
 */
export async function verifyStatusList(
  token: string,
  uri: string,
  { keys, now }: { readonly keys: IssuerKeys; readonly now: number },
): Promise<Result<StatusList, string>> {
  const verified = await verifyJwt(token, keys.lookup(tokenTyp.status), {
    typ: [tokenTyp.status],
    algorithms: ["ES256", "RS256"],
    audience: null,
    ...strictExpiry(now),
    requiredClaims: ["sub", "iat", "exp", "status_list"],
  });
  if (!verified.ok) return err(`the list is refused: ${verified.error.why}, ${verified.error.detail}`);
  const { sub, iat, exp, ttl, status_list: packed } = verified.value.payload as Readonly<Record<string, unknown>>;
  if (sub !== uri) return err("the list is of another address");
  if (typeof iat !== "number" || typeof exp !== "number") return err("the list does not say when it was made");
  // `exp` alone is not enough: an old list that is replayed would undo a revocation (threat 26)
  if (now - iat >= limits.statusListLifeSeconds) return err("the list is too old");
  if (ttl !== undefined && (typeof ttl !== "number" || !(ttl > 0)))
    return err("ttl is not a positive number of seconds");
  if (typeof packed !== "object" || packed === null) return err("status_list is not an object");
  const { bits, lst } = packed as { readonly bits?: unknown; readonly lst?: unknown };
  const decoded = await decodeStatusList(lst, bits);
  if (!decoded.ok) return decoded;
  const wished = Math.min(ttl ?? limits.statusListTtlSeconds, limits.statusListLifeSeconds);
  const lifeSeconds = Math.min(wished, exp - now, Math.min(iat, now) + limits.statusListLifeSeconds - now);
  return ok({ bits: decoded.value, issuedAtSeconds: iat, lifeSeconds });
}
