import type { Denial } from "../../denial/denial.ts";
import { limits } from "../../model/limits.ts";
import { isUnnamed, type Login, type LoginKeys } from "../../model/login.ts";
import { err, ok, type Result } from "../../model/result.ts";
import type { Session } from "../../model/session.ts";
import type { RevocationStore } from "../../session/store.ts";

const unnamed = "the issuer of this person names no login (auth_time or sid) in its documents";

/**
 * The login that goes with a revoked root (threat 32). For people whose issuer names none, denylisting it refuses whatever
 * document comes until it is cleared: that is a block, which `cutOnly` was to leave out.
 * @param session the revoked session, where it is known
 * @returns what to denylist, nothing for a child or an agent's own work; `cut_only_unprovable`
 */
export function denylistOfSession(session: Session | undefined, cutOnly: boolean): Result<Login | undefined, Denial> {
  const login = session?.sid === session?.root ? session?.login : undefined;
  if (!session || !login) return ok(undefined);
  const target = `session:${session.sid}`;
  return cutOnly && isUnnamed(login) ? err({ code: "cut_only_unprovable", target, why: unnamed }) : ok(login);
}

/**
 * What a cut without a block has to denylist of a person. After it only a younger login counts, by `auth_time`; where documents
 * name the provider's session instead, those known here are denylisted one by one; where they name neither, every refreshed
 * document would pass for a new login.
 * @returns what to denylist; `cut_only_unprovable`
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
