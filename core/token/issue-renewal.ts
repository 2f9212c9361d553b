import type { Denial } from "../denial/denial.ts";
import { signJwt } from "../jose/sign.ts";
import { limits } from "../model/limits.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { FormerStatus, Session } from "../model/session.ts";
import { sessionTokenType, type TokenReply, tokenTyp } from "../model/wire.ts";
import { listCovers, windowOf } from "../status/windows.ts";
import { causeOf, deathSince, lateDenial } from "./alive.ts";
import type { Authorized } from "./authorize.ts";
import { ownSessionClaims } from "./claims.ts";
import type { TokenContext, TokenPorts } from "./context.ts";
import { conflictDenial, noteGrant, recordOf } from "./issue.ts";
import { tokenReply } from "./mint.ts";

/**
 * Stores a session's new end, replay entry and record in one transaction, then signs its new token and reads liveness
 * again. A revocation in between finds the old row or the new one. If it finds the old one it sets only the old bits,
 * but then this second read sees the revocation, and no token that names the new place is released (threat 6).
 */
export async function issueRenewal(authorized: Authorized, context: TokenContext): Promise<Result<TokenReply, Denial>> {
  const { plan } = authorized;
  const { caller, audit, ports } = context;
  const before = plan.existing;
  const expiresAtSeconds = plan.endsAtSeconds;
  if (!before || expiresAtSeconds === undefined) throw new Error("a renewal was planned without a session or an end");
  const iat = nowSeconds(ports.clock);
  const places = await placesFor(before, { rows: authorized.rows, endsAtSeconds: expiresAtSeconds }, ports);
  if (!places.ok) return places;
  const session: Session = { ...before, expiresAtSeconds, ...places.value };
  const { root, sid, actors, principal, build, login } = session;
  const jti = ports.ids.id();
  noteGrant(audit, authorized, { session, jti });
  const stored = await ports.store.commit({
    renew: {
      ...{ root, sid, actors, principal, expiresAtSeconds, ...places.value },
      ...(build === undefined ? {} : { build }),
      ...(login === undefined ? {} : { login }),
      wasSeconds: before.expiresAtSeconds,
    },
    replayEntries: caller.entries,
    ...recordOf(authorized, context),
  });
  if (!stored.ok) return err(conflictDenial(stored.error));
  const claims = ownSessionClaims(session, ports.issuer, { iat, exp: expiresAtSeconds, jti });
  const [signed, death] = await Promise.allSettled([
    signJwt(ports.signer, { typ: tokenTyp.session, joinId: sid }, claims),
    deathSince(session, authorized, ports),
  ]);
  const dead = causeOf(death);
  if (dead) return err(lateDenial(dead));
  // the new end is stored and the old token still works, so an agent that got no answer asks again
  if (signed.status === "rejected") throw signed.reason;
  return ok(
    tokenReply({
      token: signed.value.token,
      type: sessionTokenType,
      expiresIn: expiresAtSeconds - iat,
      grants: plan.grants,
    }),
  );
}

/** Tokens issued so far name the old place until they expire, so from now on a revocation must set both bits. */
async function placesFor(
  session: Session,
  { rows, endsAtSeconds }: Pick<Authorized, "rows"> & { readonly endsAtSeconds: number },
  ports: Pick<TokenPorts, "clock" | "store">,
): Promise<Result<Pick<Session, "status" | "formerStatus">, Denial>> {
  const now = nowSeconds(ports.clock);
  const former = (session.formerStatus ?? []).filter(({ untilSeconds }) => untilSeconds > now);
  if (listCovers(session.status.list, endsAtSeconds)) return ok({ status: session.status, formerStatus: former });
  const left: FormerStatus = { ...session.status, untilSeconds: session.expiresAtSeconds };
  if (former.length >= limits.formerStatuses)
    return err({ code: "renewal_refused", why: "it was renewed too often of late" });
  const status = await ports.store.leaseStatus(endsAtSeconds, rows.deployment?.epoch ?? 0);
  if (!status) return err({ code: "status_unsigned", window: windowOf(endsAtSeconds) });
  return ok({ status, formerStatus: [...former, left] });
}
