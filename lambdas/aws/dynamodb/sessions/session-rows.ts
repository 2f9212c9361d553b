import type { AccessHandle, AuthorizationDetail, Grant, Offer, Session, Via } from "../../../../core/model/session.ts";

/** An item as the document client gives it. */
export type Item = Readonly<Record<string, unknown>>;

/** A row stays this long after its session ended, for whoever investigates. */
export const keptSeconds = 86_400;

/**
 * Sessions stand under their own ids, which are base64url: everything else of a tree stands beyond the last of them, so that
 * a walk reads sessions alone, however many offers and handles their agents made (threat 34).
 */
export const beyondSessions = "~";

/** Sort key of an offer. */
export const offerKey = (handleHash: string): string => `~offer#${handleHash}`;

/** Sort key of an access token that is a handle. */
export const handleKey = (handleHash: string): string => `~access#${handleHash}`;

/**
 * A session as a row of Sessions. Everything is a readable attribute; only the fields of authorization details stand as
 * JSON text, since DynamoDB's numbers and empty names would not bring every constraint back exactly as it was compared.
 */
export function sessionItem(session: Session): Item {
  return { ...sessionFields(session), expiresAt: session.expiresAtSeconds + keptSeconds };
}

const sessionFields = ({ grants, via, ...rest }: Session): Item => ({
  ...rest,
  grants: grants.map(grantItem),
  ...(via ? { via: via.kind === "hop" ? { ...via, presented: grantItem(via.presented) } : via } : {}),
});

/** The session of a row, or undefined when there is none. */
export function sessionOf(item: Item | undefined): Session | undefined {
  if (!item) return undefined;
  const { expiresAt: _e, grants, via, ...rest } = item;
  return {
    ...rest,
    grants: (grants as Item[]).map(grantOf),
    ...(via ? { via: viaOf(via as Item) } : {}),
  } as unknown as Session;
}

/** An offer as a row beside its session. */
export function offerItem(offer: Offer): Item {
  const { from, grants, redeemed, ...rest } = offer;
  return {
    ...rest,
    sid: offerKey(offer.handleHash),
    from: sessionFields(from),
    grants: grants.map(grantItem),
    ...(redeemed ? { redeemed } : {}),
    expiresAt: offer.expiresAtSeconds + keptSeconds,
  };
}

/** The offer of a row, or undefined when there is none. */
export function offerOf(item: Item | undefined): Offer | undefined {
  if (!item) return undefined;
  const { sid: _s, expiresAt: _e, from, grants, ...rest } = item;
  return { ...rest, from: sessionOf(from as Item), grants: (grants as Item[]).map(grantOf) } as unknown as Offer;
}

/** A handle as a row beside its session; its claims stand as text, since they are answered exactly as they were made. */
export const handleItem = ({ claims, ...rest }: AccessHandle): Item => ({
  ...rest,
  sid: handleKey(rest.handleHash),
  claims: JSON.stringify(claims),
  expiresAt: rest.expiresAtSeconds + keptSeconds,
});

/** The handle of a row, or undefined when there is none. */
export function handleOf(item: Item | undefined): AccessHandle | undefined {
  if (!item) return undefined;
  const { sid: _s, expiresAt: _e, claims, ...rest } = item;
  return { ...rest, claims: JSON.parse(claims as string) } as unknown as AccessHandle;
}

const grantItem = ({ resource, scopes, details }: Grant): Item => ({
  resource,
  scopes,
  details: details.map((detail) => JSON.stringify(detail)),
});

const viaOf = ({ kind, presented }: Item): Via =>
  kind === "hop" ? { kind, presented: grantOf(presented as Item) } : { kind: "offer" };

const grantOf = (item: Item): Grant => ({
  resource: item.resource as string,
  scopes: item.scopes as string[],
  details: (item.details as string[]).map((text) => JSON.parse(text) as AuthorizationDetail),
});
