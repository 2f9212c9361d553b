import { createHash } from "node:crypto";
import type { BatchOperation, Store } from "dynalite/db/index.js";
import { canonicalJson } from "./images.ts";
import { invalid, Refusal } from "./refusal.ts";

/** How long a ClientRequestToken answers its request again. */
const TOKEN_LIFE_MILLIS = 600_000;

/** A request that is to be done once, however often it comes. */
interface Once {
  /** Its ClientRequestToken. */
  readonly token: string;
  /** Digest of what it asks for. */
  readonly hash: string;
}

/** Reads a ClientRequestToken with what it stands for; undefined without one. @throws ValidationException */
export function readOnce(token: unknown, asked: unknown): Once | undefined {
  if (token === undefined) return undefined;
  if (typeof token !== "string" || token.length < 1 || token.length > 36)
    throw invalid("ClientRequestToken must have 1 to 36 characters");
  return { token, hash: createHash("sha256").update(canonicalJson(asked)).digest("base64") };
}

interface TokenRow {
  readonly hash: string;
  readonly expiresMillis: number;
}

/** True when the token's request was committed within its life. @throws IdempotentParameterMismatchException when it was another */
export async function isReplay(store: Store, { token, hash }: Once, nowMillis: number): Promise<boolean> {
  const known = (await store.db.get(`token~${token}`)) as TokenRow | undefined;
  if (known === undefined || known.expiresMillis <= nowMillis) return false;
  if (known.hash === hash) return true;
  throw new Refusal(
    400,
    "IdempotentParameterMismatchException",
    "the token was used with other parameters within 10 minutes",
  );
}

/** The row that makes a token answer again; it goes into the batch of what it answers for. */
export function tokenRow({ token, hash }: Once, nowMillis: number): BatchOperation {
  const value: TokenRow = { hash, expiresMillis: nowMillis + TOKEN_LIFE_MILLIS };
  return { type: "put", key: `token~${token}`, value };
}

/** Deletes the tokens that answer nothing any more; returns how many. */
export async function forgetTokens(store: Store, nowMillis: number): Promise<number> {
  const deletes: BatchOperation[] = [];
  for await (const [key, row] of store.db.iterator({ gte: "token~", lt: "token~\xff" })) {
    if ((row as TokenRow).expiresMillis <= nowMillis) deletes.push({ type: "del", key });
  }
  await store.db.batch(deletes);
  return deletes.length;
}
