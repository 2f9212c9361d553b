import { offerParts } from "../caller/offer-handle.ts";
import { openLocator } from "../caller/offer-locator.ts";
import type { Denial } from "../denial/denial.ts";
import { loginsOf } from "../model/login.ts";
import { err, ok, type Result } from "../model/result.ts";
import { childAncestors, type Offer } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { queryFor } from "../session/liveness.ts";
import type { LivenessQuery } from "../session/store.ts";
import type { TokenContext } from "./context.ts";

/** An offer that this caller may redeem or has redeemed; its liveness is not read yet. */
export type OfferSubject =
  | { readonly kind: "offer"; readonly offer: Offer; readonly query: LivenessQuery }
  | {
      readonly kind: "redeemed";
      readonly offer: Offer;
      readonly sid: string;
      readonly query: LivenessQuery;
      /** Thumbprint of the key that has the session, where it is not the caller's and the caller may take it over. */
      readonly takenFrom?: string;
    };

/** A handle whose locator names what to read beside its offer. Nothing of the offer is known before that is read. */
export interface LocatedOffer {
  readonly kind: "located";
  readonly query: LivenessQuery;
}

/**
 * Resolves an offer's handle: by its row, or, where the handle has a locator, by one batch that reads everything.
 * @returns the subject or what to read, or what {@link fromOfferRow} refuses
 */
export async function fromOffer(
  handle: string,
  context: TokenContext<"clock" | "store">,
  registry: Pick<RegistrySnapshot, "agent">,
): Promise<Result<OfferSubject | LocatedOffer, Denial>> {
  const { store, clock } = context.ports;
  const parts = offerParts(handle);
  if (!parts) return err({ code: "offer_unknown" });
  const { root, handleHash } = parts;
  const query = await openLocator(parts, (day) => store.locatorSecret(day), clock);
  if (query) return ok({ kind: "located", query: { ...query, offer: { root, handleHash } } });
  return fromOfferRow(await store.readOffer(root, handleHash), context, registry);
}

/**
 * What an offer's row allows this caller.
 * @param offer undefined when there is none
 * @returns the subject, or `offer_unknown`, `offer_for_another_agent`, `offer_withdrawn`, `offer_expired`,
 * `offer_redeemed_by_another_key`
 */
export function fromOfferRow(
  offer: Offer | undefined,
  { caller, audit, ports }: Pick<TokenContext<"clock">, "caller" | "audit" | "ports">,
  registry: Pick<RegistrySnapshot, "agent">,
): Result<OfferSubject, Denial> {
  if (!offer) return err({ code: "offer_unknown" });
  const { root, sid, depth, actors, principal } = offer.from;
  audit.add({ principal: principal.id, actors, session: { root, sid, anc: childAncestors(offer.from), depth } });
  // the offer opens only for the ONE agent it names, against theft and session fixation alike (threat 17)
  if (offer.to !== caller.agent) {
    audit.add({ offeredTo: offer.to });
    return err({ code: "offer_for_another_agent", offeredTo: offer.to, agent: caller.agent });
  }
  if (offer.withdrawn) return err({ code: "offer_withdrawn" });
  if (offer.expiresAtSeconds <= Math.floor(ports.clock.nowMillis() / 1000))
    return err({ code: "offer_expired", expiredAtSeconds: offer.expiresAtSeconds });
  const principalId = principal.id;
  const logins = loginsOf(offer.from.epochs);
  if (!offer.redeemed) return ok({ kind: "offer", offer, query: queryFor({ ...offer.from, principalId, logins }) });
  // when an answer is lost, the same key asks again and gets the same session; another key is a thief's, unless the
  // agent's registration says that its offers come by a queue, which delivers again, to whichever process is there
  const { jkt } = offer.redeemed;
  const takes = jkt !== caller.jkt && registry.agent(caller.agent)?.redeem === "any-key";
  if (jkt !== caller.jkt && !takes) return err({ code: "offer_redeemed_by_another_key" });
  const child = { root, sid: offer.redeemed.sid, anc: childAncestors(offer.from), principalId, logins };
  const query = queryFor({ ...child, actors: [...actors, offer.to] });
  return ok({ kind: "redeemed", offer, sid: child.sid, query, ...(takes ? { takenFrom: jkt } : {}) });
}
