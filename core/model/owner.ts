import type { Owner } from "./agent-registration.ts";
import { personId } from "./person-id.ts";

/**
 * The principal id of an owner, computed as for a person who signs in: the same person is one row, whatever for.
 * @returns undefined for a text, which nobody verified
 */
export const ownerId = (owner: Owner): string | undefined =>
  typeof owner === "string" ? undefined : personId(owner.issuer, owner.sub);

/** An owner in words. A text is marked, so that it is never taken for a person who can be blocked. */
export const ownerWords = (owner: Owner): string =>
  typeof owner === "string" ? `${owner} (unverified)` : `${owner.sub} at ${owner.issuer}`;
