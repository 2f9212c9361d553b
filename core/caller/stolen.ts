import type { TokenOwner } from "../denial/denial.ts";
import { decodeUnverified } from "../jose/jwt.ts";
import { verifyIdentityToken } from "./identity-token.ts";
import { type OwnToken, type OwnTokenDeps, verifyOwnToken } from "./own-token.ts";

/** What finding the owner of a token needs. */
interface StolenDeps extends OwnTokenDeps {
  readonly trustDomain: string;
}

/** The owner as a record names it. */
export function ownerOf({ agent, sid, root, anc }: OwnToken): TokenOwner {
  return { agent, session: { sid, root, depth: sid === root ? 0 : anc.length + 1 } };
}

/**
 * Whose token a refused text is, if it is a genuine one of ours that lives and is bound to another key than the one
 * that showed it. Called only before a refusal, so that the record of a stolen token names its owner wherever the token
 * is tried: as an assertion, as an actor, as a subject, at introspection and at revocation (threat 41).
 * @param shownBy thumbprint of the key that proved the request; absent where it is not known
 * @returns the owner; undefined for a text that is no token of ours, has ended, or was shown by its own key
 */
export async function ownerOfStolen(
  text: string,
  shownBy: string | undefined,
  deps: StolenDeps,
): Promise<TokenOwner | undefined> {
  // checked first, so that strangers' garbage costs no verification
  if (decodeUnverified(text)?.payload.iss !== deps.issuer) return undefined;
  const identity = await verifyIdentityToken(text, deps);
  if (identity.ok) return identity.value.jkt === shownBy ? undefined : { agent: identity.value.sub };
  for (const kind of ["session", "access"] as const) {
    const token = await verifyOwnToken(text, deps, { kind });
    if (token.ok)
      return token.value.jkt === undefined || token.value.jkt === shownBy ? undefined : ownerOf(token.value);
  }
  return undefined;
}

/** A refusal with the owner in it, where there is one. */
export const withOwner = <D extends object>(denial: D, owner: TokenOwner | undefined): D & { owner?: TokenOwner } =>
  owner ? { ...denial, owner } : denial;
