import type { Denial } from "../../denial/denial.ts";
import { limits } from "../../model/limits.ts";
import { isUnnamed, type Login, type LoginKeys } from "../../model/login.ts";
import { err, ok, type Result } from "../../model/result.ts";
import type { Session } from "../../model/session.ts";
import type { RevocationStore } from "../../session/store.ts";

const unnamed = "the issuer of this person names no login (auth_time or sid) in its documents";

/**
 * The login that is denylisted with a revoked root (threat 32). For a person whose issuer names no logins, this refuses
 * every document until the login is cleared. That is a block, which `cutOnly` excludes.
 * @param session the revoked session, where it is known
 * @returns the login to denylist, undefined for a child or an agent's own work; `cut_only_unprovable`
 */
export function denylistOfSession(session: Session | undefined, cutOnly: boolean): Result<Login | undefined, Denial> {
  const login = session?.sid === session?.root ? session?.login : undefined;
  if (!session || !login) return ok(undefined);
  const target = `session:${session.sid}`;
  return cutOnly && isUnnamed(login) ? err({ code: "cut_only_unprovable", target, why: unnamed }) : ok(login);
}

/**
 * The logins of a person that a cut without a block must denylist. After the cut only a later login counts, by
 * `auth_time`. Where documents name the provider's session instead, the known ones are denylisted one by one. Where
 * they name neither, every refreshed document would count as a new login, so such a cut is refused.
 * @returns the logins to denylist; `cut_only_unprovable`
 */
export async function denylistOfCut(
  principal: string,
  revocations: Pick<RevocationStore, "loginsOf">,
): Promise<Result<readonly LoginKeys[], Denial>> {
  const refused = (why: string) => err({ code: "cut_only_unprovable", target: `principal:${principal}`, why } as const);
  const known = await revocations.loginsOf(principal);
  if (known.some(isUnnamed)) return refused(unnamed);
  const timeless = new Map<string, LoginKeys>();
  for (const { at, sid, any } of known) if (at === undefined && sid !== undefined) timeless.set(sid, { sid, any });
  if (timeless.size > limits.loginsDenylistedAtOnce)
    return refused(`${timeless.size} logins without an auth_time are known`);
  return ok([...timeless.values()]);
}
