import type { JWK } from "jose";
import type { JwtFailure, KeyLookup } from "../jose/jwt.ts";
import { type KeyMemory, keyMemory } from "../jose/key-memory.ts";
import { publicJwkFor } from "../jose/public-jwk.ts";
import { keyTimes } from "../model/key-times.ts";
import { limits } from "../model/limits.ts";
import type { Clock, Fetcher } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import { tokenTyp } from "../model/wire.ts";
import { parseBoundedJson } from "../text/json.ts";
import { issuerMetadataUrl } from "../text/well-known.ts";
import { createFreshDocument } from "./fresh-document.ts";

/** What a published key may sign, read from its member `lanyard_typ`. */
type PinnedTyp = typeof tokenTyp.access | typeof tokenTyp.status | typeof tokenTyp.cuts;

/** The keys of one issuer, each pinned to one kind of token. */
export interface IssuerKeys {
  /** Finds keys for one kind of token only: a status key can never make an access token pass (threat 3). */
  lookup(typ: PinnedTyp): KeyLookup;
  /**
   * Calls `listener` whenever a new key set replaces the old one. Tokens verified by the old one must be verified
   * again.
   */
  onReplaced?(listener: () => void): void;
}

/** What the keys of an issuer are fetched with. */
interface IssuerKeysInput {
  /** The one issuer whose metadata and keys are read. */
  readonly issuer: string;
  readonly fetcher: Fetcher;
  readonly clock: Clock;
  /** Imports and remembers keys; this process's own unless given. */
  readonly keyMemory?: KeyMemory;
}

type KeyTable = ReadonlyMap<string, JWK>;

/**
 * A withdrawn key is dropped within this time, whatever the answer's `Cache-Control` says. A shorter max-age is
 * followed.
 */
const keysLifeSeconds = keyTimes.verifierCacheSeconds;
const keysLifeLeastSeconds = 5;
/** The `kid` of a token is chosen by its sender, so an unknown one causes at most one fetch in this time. */
const keysCoolDownMillis = 10_000;

// keep a byte order mark, so that the JSON parser refuses it
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

const tableKey = (typ: string, alg: string, kid: string) => `${typ}\n${alg}\n${kid}`;

/**
 * Keeps the public keys of `issuer`: RFC 8414 metadata, whose `issuer` must be the very same string, then its
 * `jwks_uri`, which must be of the same origin. Keys never come from a token, nor from any address a token names.
 */
export function createIssuerKeys(input: IssuerKeysInput): IssuerKeys {
  const listeners: (() => void)[] = [];
  const document = createFreshDocument<KeyTable>({
    load: async () => {
      const loaded = await loadKeys(input);
      if (loaded.ok) for (const listener of listeners) listener();
      return loaded;
    },
    clock: input.clock,
    coolDownMillis: keysCoolDownMillis,
  });
  return {
    lookup: (typ) => async (header) => {
      if (header.kid === undefined) return refused("key_unknown", "the token names no key");
      // the algorithm is part of the key's name: no header can make a key serve another one (RFC 8725 3.1)
      const name = tableKey(typ, header.alg, header.kid);
      const held = await document.get();
      if (!held.ok) return refused("keys_unavailable", held.error);
      const key = held.value.get(name);
      if (key) return ok(key);
      const renewed = await document.renew();
      if (!renewed.ok) return refused("keys_unavailable", renewed.error);
      const late = renewed.value.get(name);
      return late ? ok(late) : refused("key_unknown", `no published key of that kid signs ${typ} by that algorithm`);
    },
    onReplaced: (listener) => {
      listeners.push(listener);
    },
  };
}

const refused = (why: JwtFailure["why"], detail: string) => err({ why, detail });

async function loadKeys(input: IssuerKeysInput): Promise<Result<{ value: KeyTable; lifeSeconds: number }, string>> {
  const metadata = await fetchObject(input.fetcher, issuerMetadataUrl(input.issuer, "oauth-authorization-server"));
  if (!metadata.ok) return metadata;
  const { issuer, jwks_uri: uri } = metadata.value.json;
  if (issuer !== input.issuer) return err("the metadata is of another issuer");
  if (typeof uri !== "string" || !URL.canParse(uri) || new URL(uri).origin !== new URL(input.issuer).origin)
    return err("jwks_uri is not of the issuer's origin");
  const set = await fetchObject(input.fetcher, uri);
  if (!set.ok) return set;
  const table = await readKeys(set.value.json.keys, input.keyMemory ?? keyMemory);
  if (!table.ok) return table;
  const wished = set.value.maxAgeSeconds ?? keysLifeSeconds;
  return ok({ value: table.value, lifeSeconds: Math.min(keysLifeSeconds, Math.max(keysLifeLeastSeconds, wished)) });
}

async function fetchObject(
  fetcher: Fetcher,
  url: string,
): Promise<Result<{ readonly json: Readonly<Record<string, unknown>>; readonly maxAgeSeconds?: number }, string>> {
  const bounds = { maxBytes: limits.keySetBytes, timeoutMillis: limits.fetchTimeoutMillis };
  const fetched = await fetcher.get(url, bounds);
  if (!fetched.ok) return err(`${fetched.error.why}: ${fetched.error.detail}`);
  const { body, maxAgeSeconds } = fetched.value;
  const parsed = parseBoundedJson(utf8.decode(body));
  if (!parsed.ok) return err(`the issuer's document is ${parsed.error}`);
  if (typeof parsed.value !== "object" || parsed.value === null) return err("the issuer's document is not an object");
  const json = parsed.value as Readonly<Record<string, unknown>>;
  return ok(maxAgeSeconds === undefined ? { json } : { json, maxAgeSeconds });
}

/**
 * The kinds that the status key signs. Any other key that claims one of these together with another kind is refused
 * (threat 3).
 */
const statusTyps: readonly unknown[] = [tokenTyp.status, tokenTyp.cuts];

/**
 * The kinds that a published key says it signs. None when it names an unknown kind, or kinds that no single key of ours
 * signs.
 */
function pinnedTyps(value: unknown): readonly PinnedTyp[] {
  if (value === tokenTyp.access) return [tokenTyp.access];
  const named: readonly unknown[] = Array.isArray(value) ? value : [value];
  return named.every((typ) => statusTyps.includes(typ)) ? (named as readonly PinnedTyp[]) : [];
}

/** Takes the keys that say what they sign. Other keys in the set have other readers. */
async function readKeys(keys: unknown, memory: KeyMemory): Promise<Result<KeyTable, string>> {
  if (!Array.isArray(keys) || keys.length > limits.keySetKeys) return err("the key set has no bounded list of keys");
  const table = new Map<string, JWK>();
  const pinned = new Set<string>();
  for (const jwk of keys as readonly (JWK & { readonly lanyard_typ?: unknown })[]) {
    const typs = pinnedTyps(jwk?.lanyard_typ);
    if (typs.length === 0) continue;
    if ((jwk.alg !== "ES256" && jwk.alg !== "RS256") || jwk.use !== "sig") continue;
    if (typeof jwk.kid !== "string" || jwk.kid === "") continue;
    const publicKey = publicJwkFor(jwk.alg, jwk);
    if (publicKey === undefined) continue;
    // a kid of two kinds, or two keys with one kid, is ambiguous, so the whole set is refused
    if (pinned.has(jwk.kid)) return err("the key set names a kid twice");
    pinned.add(jwk.kid);
    if (!(await memory.held(jwk.alg, publicKey))) return err("the key set has a key that its algorithm cannot read");
    for (const typ of typs) table.set(tableKey(typ, jwk.alg, jwk.kid), publicKey);
  }
  return table.size > 0 ? ok(table) : err("the key set has no key that says what it signs");
}
