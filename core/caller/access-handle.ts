import { createHash } from "node:crypto";
import type { Denial } from "../denial/denial.ts";
import type { Clock, Ids } from "../model/ports.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import { isAccessHandle } from "../model/wire.ts";
import type { SessionStore } from "../session/store.ts";
import { type OwnToken, type OwnTokenDeps, ownTokenOf, verifyOwnToken } from "./own-token.ts";

/** Where a handle is found: its root, which the handle contains in clear so that no index is needed, and its hash. */
interface AccessAddress {
  readonly root: string;
  readonly handleHash: string;
}

/** A fresh access token for a resource that asks about every request: `lya_<root>.<256 bits>`. */
export function newAccessHandle(root: string, ids: Ids): { handle: string; address: AccessAddress } {
  const handle = `lya_${root}.${ids.secret()}`;
  return { handle, address: { root, handleHash: hashOf(handle) } };
}

/** The address of a presented token; undefined when it does not have the form of such a handle. */
export const accessAddress = (token: string): AccessAddress | undefined =>
  isAccessHandle(token) ? { root: token.slice(4, 26), handleHash: hashOf(token) } : undefined;

const hashOf = (handle: string): string => createHash("sha256").update(handle, "ascii").digest("base64url");

/** What reading an access token of either form needs. */
interface AccessDeps extends OwnTokenDeps {
  readonly clock: Clock;
  readonly store: Pick<SessionStore, "readHandle">;
}

/**
 * An access token of ours, signed (RFC 9068) or a handle, whose row contains the claims of a signed one.
 * @param options `ignoreExpiry` for revocation, where an expired token still names its session
 * @returns the token's facts, or `subject_token_invalid`, `subject_token_expired`
 */
export async function readAccessToken(
  token: string,
  deps: AccessDeps,
  options: { readonly ignoreExpiry?: boolean } = {},
): Promise<Result<OwnToken, Denial>> {
  const address = accessAddress(token);
  if (!address) return verifyOwnToken(token, deps, { ...options, kind: "access" });
  const row = await deps.store.readHandle(address.root, address.handleHash);
  const found = row && ownTokenOf("access", String(row.claims.aud), row.claims);
  if (!row || !found?.ok) return err({ code: "subject_token_invalid", why: "there is no such handle" });
  const { expiresAtSeconds, uses, policies } = row;
  // expired rows are deleted days late
  if (!options.ignoreExpiry && expiresAtSeconds <= nowSeconds(deps.clock))
    return err({ code: "subject_token_expired", expiredAtSeconds: expiresAtSeconds });
  return ok({ ...found.value, ...(uses ? { uses } : {}), ...(policies ? { policies } : {}) });
}
