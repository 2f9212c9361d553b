import { newAccessHandle } from "../caller/access-handle.ts";
import { signJwt } from "../jose/sign.ts";
import type { AccessHandle, Grant, Session } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { accessTokenType, type TokenReply, tokenTyp } from "../model/wire.ts";
import type { UseCounter } from "../session/store.ts";
import { accessClaims, handleClaims, ownSessionClaims } from "./claims.ts";
import type { TokenPorts } from "./context.ts";
import type { Plan } from "./plan.ts";
import { isIntrospecting, newCounter, usesBelow } from "./uses.ts";

/** What a token is made from. */
export interface MintInput {
  readonly session: Session;
  /** The part an access token carries; none for a session token. */
  readonly grant: Grant | undefined;
  readonly times: { readonly iat: number; readonly exp: number; readonly jti: string };
  readonly registry: RegistrySnapshot;
  /** Whether the session is stored with it, and with the session its counter. */
  readonly isNew: boolean;
  readonly plan: Plan;
}

/** What minting uses. */
type MintPorts = Pick<TokenPorts, "issuer" | "ids" | "signer">;

/** A token about to be issued, and the rows that must be stored before it is. */
export interface Minted {
  /** The token; only now is a signature paid for. */
  token(): Promise<string>;
  readonly row?: AccessHandle;
  readonly counter?: UseCounter;
}

/**
 * Makes the token of a session: signed for Lanyard itself and for resources that verify offline, a handle for those
 * that ask about every request. What cannot be verified offline cannot be used more often than it is counted (threat 24).
 */
export function mint(input: MintInput, ports: MintPorts): Minted {
  const { session, grant, times, registry } = input;
  // a session token is for Lanyard alone, whatever its resources read
  const alg = (grant && registry.resource(grant.resource)?.accessTokenSigningAlg) ?? "ES256";
  const sign = async (typ: string, claims: Parameters<typeof signJwt>[2]) =>
    (await signJwt(ports.signer, { typ, alg }, claims, session.sid)).token;
  if (!grant) return { token: () => sign(tokenTyp.session, ownSessionClaims(session, ports.issuer, times)) };
  if (isIntrospecting(grant, registry)) return mintHandle(input, grant, ports);
  return { token: () => sign(tokenTyp.access, accessClaims(session, grant, ports.issuer, times, registry)) };
}

function mintHandle({ session, times, registry, isNew, plan }: MintInput, grant: Grant, ports: MintPorts): Minted {
  const { handle, address } = newAccessHandle(session.root, ports.ids);
  // of a new session the bound is the session's, not the token's
  const own = isNew ? undefined : plan.maxUses;
  const uses = isNew ? session.uses : usesBelow(plan.usesAbove, own, address.handleHash);
  const row: AccessHandle = {
    ...address,
    claims: handleClaims(session, grant, ports.issuer, times, registry),
    ...(uses ? { uses } : {}),
    expiresAtSeconds: times.exp,
  };
  const counter = own === undefined ? {} : { counter: newCounter(address.handleHash, own, times.iat) };
  return { token: async () => handle, row, ...counter };
}

/** A 200 of the token endpoint (RFC 8693 2.2.1): a session token or an offer is no access token, its type is `N_A`. */
export function tokenReply(
  token: string,
  issuedType: string,
  expiresIn: number,
  grants: readonly Grant[],
  more: Partial<Pick<TokenReply, "session" | "token_type">> = {},
): TokenReply {
  const details = grants.flatMap((grant) => grant.details);
  return {
    access_token: token,
    issued_token_type: issuedType,
    token_type: issuedType === accessTokenType ? "DPoP" : "N_A",
    expires_in: expiresIn,
    scope: grants.flatMap((grant) => grant.scopes).join(" "),
    ...(details.length > 0 ? { authorization_details: details } : {}),
    ...more,
  };
}
