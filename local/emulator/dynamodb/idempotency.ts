import type { BatchOperation, Store } from "dynalite/db/index.js";
import { invalid, Refusal } from "./refusal.ts";

/** How long a ClientRequestToken answers its request again. */
const TOKEN_LIFE_MILLIS = 600_000;

/** Reads a ClientRequestToken. @throws ValidationException */
export function readToken(token: unknown): string | undefined {
  if (token === undefined) return undefined;
  if (typeof token !== "string" || token.length < 1 || token.length > 36)
    throw invalid("ClientRequestToken must have 1 to 36 characters");
  return token;
}

interface TokenRow {
  readonly hash: string;
  readonly expiresMillis: number;
}

/** True when the token's request was committed within its life. @throws IdempotentParameterMismatchException when it was another */
export async function isReplay(store: Store, token: string, hash: string, nowMillis: number): Promise<boolean> {
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
export function tokenRow(token: string, hash: string, nowMillis: number): BatchOperation {
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
