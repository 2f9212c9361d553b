import type { Trail } from "../audit/context.ts";
import type { Caller } from "../caller/authenticate.ts";
import type { Denial } from "../denial/denial.ts";
import { signJwt } from "../jose/sign.ts";
import { limits } from "../model/limits.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { FormerStatus, Session } from "../model/session.ts";
import { sessionTokenType, type TokenReply, tokenTyp } from "../model/wire.ts";
import { listCovers, windowOf } from "../status/windows.ts";
import { ownSessionClaims } from "./claims.ts";
import {
  causeOf,
  conflictDenial,
  deathSince,
  grantRecord,
  lateDenial,
  noteGrant,
  type ReleaseDeps,
} from "./release.ts";
import { tokenReply } from "./reply.ts";
import type { Settled } from "./settle.ts";

/**
 * Stores a session's new end, marker and record in one transaction, then signs its new token and reads liveness again.
 * A revocation that fell between finds the old row or the new one: with the old one only the old bits are set, and then
 * this second read sees it, so that no token that names the new place is ever released (threat 6).
 */
export async function releaseRenewal(
  settled: Settled,
  caller: Caller,
  deps: ReleaseDeps,
  trail: Trail,
): Promise<Result<TokenReply, Denial>> {
  const { plan } = settled;
  const before = plan.existing;
  const expiresAtSeconds = plan.endsAtSeconds;
  if (!before || expiresAtSeconds === undefined) throw new Error("a renewal was planned without a session or an end");
  const iat = nowSeconds(deps.clock);
  const places = await placesFor(before, expiresAtSeconds, settled, deps);
  if (!places.ok) return places;
  const session: Session = { ...before, expiresAtSeconds, ...places.value };
  const { root, sid, actors, principal, build, login } = session;
  const jti = deps.ids.id();
  noteGrant(trail, settled, session, jti);
  const stored = await deps.store.commit({
    renew: {
      ...{ root, sid, actors, principal, expiresAtSeconds, ...places.value },
      ...(build === undefined ? {} : { build }),
      ...(login === undefined ? {} : { login }),
      wasSeconds: before.expiresAtSeconds,
    },
    markers: [caller.proof],
    record: grantRecord(trail, deps),
  });
  if (!stored.ok) return err(conflictDenial(stored.error));
  const claims = ownSessionClaims(session, deps.issuer, { iat, exp: expiresAtSeconds, jti });
  const [signed, death] = await Promise.allSettled([
    signJwt(deps.signer, { typ: tokenTyp.session }, claims, sid),
    deathSince(session, settled, deps),
  ]);
  const dead = causeOf(death);
  if (dead) return err(lateDenial(dead));
  // the new end stands and the old token still works: whoever got no answer asks again
  if (signed.status === "rejected") throw signed.reason;
  return ok(tokenReply(signed.value.token, sessionTokenType, expiresAtSeconds - iat, plan.grants));
}

/** Tokens issued until now name the old place until they expire: from now on a revocation has to set both bits. */
async function placesFor(
  session: Session,
  endsAtSeconds: number,
  { rows }: Settled,
  deps: ReleaseDeps,
): Promise<Result<Pick<Session, "status" | "formerStatus">, Denial>> {
  const now = nowSeconds(deps.clock);
  const former = (session.formerStatus ?? []).filter(({ untilSeconds }) => untilSeconds > now);
  if (listCovers(session.status.list, endsAtSeconds)) return ok({ status: session.status, formerStatus: former });
  const left: FormerStatus = { ...session.status, untilSeconds: session.expiresAtSeconds };
  if (former.length >= limits.formerStatuses)
    return err({ code: "renewal_refused", why: "it was renewed too often of late" });
  const status = await deps.store.leaseStatus(endsAtSeconds, rows.deployment?.generation ?? 0);
  if (!status) return err({ code: "status_unsigned", window: windowOf(endsAtSeconds) });
  return ok({ status, formerStatus: [...former, left] });
}
