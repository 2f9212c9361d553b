import { type IdentityClaims, verifyIdentityToken } from "../attest/identity-token.ts";
import type { Denial } from "../denial.ts";
import { verifyDpop } from "../dpop.ts";
import type { DpopNonces } from "../dpop-nonce.ts";
import type { Clock, OwnKeys } from "../ports.ts";
import { nowSeconds } from "../ports.ts";
import { err, ok, type Result } from "../result.ts";
import type { Marker } from "../session/store.ts";
import { type Call, spiffeAssertionType } from "../wire.ts";
import { type Form, single } from "./form.ts";

/** What authentication needs. */
export interface AuthenticateDeps {
  readonly clock: Clock;
  readonly ownKeys: OwnKeys;
  readonly issuer: string;
  readonly trustDomain: string;
  /** Present where the stage demands nonces in proofs (RFC 9449 8). */
  readonly nonces?: DpopNonces | undefined;
}

/** Who is calling: an identity token of ours and a proof by the very key it is bound to. */
export interface Caller {
  readonly agent: string;
  readonly identity: IdentityClaims;
  readonly jkt: string;
  /** Burnt in the transaction of whatever this call writes. */
  readonly proof: Marker;
}

/**
 * Authenticates the caller of token, introspect and revoke: client assertion `jwt-spiffe`
 * (draft-ietf-oauth-spiffe-client-auth-02) verified with our own identity keys only, and a DPoP proof (RFC 9449) by
 * the key in its `cnf`. A leaked identity token alone is nobody (threat 9).
 * @returns the caller, or `parameter_missing`, `parameter_invalid`, `assertion_invalid`, `assertion_expired`,
 * `dpop_missing`, `dpop_invalid`, `dpop_nonce_required`, `dpop_key_mismatch`
 */
export async function authenticate(call: Call, form: Form, deps: AuthenticateDeps): Promise<Result<Caller, Denial>> {
  const type = single(form, "client_assertion_type");
  const assertion = single(form, "client_assertion");
  if (assertion === undefined) return err({ code: "parameter_missing", name: "client_assertion" });
  if (type !== spiffeAssertionType)
    return err({ code: "parameter_invalid", name: "client_assertion_type", why: `use ${spiffeAssertionType}` });
  const proof = await verifyDpop({
    proofs: call.dpop,
    method: call.method,
    url: call.url,
    nowSeconds: nowSeconds(deps.clock),
    nonces: deps.nonces,
  });
  if (!proof.ok) return proof;
  const identity = await verifyIdentityToken(assertion, deps);
  if (!identity.ok) return identity;
  if (identity.value.jkt !== proof.value.jkt) return err({ code: "dpop_key_mismatch", boundTo: "identity_token" });
  const clientId = single(form, "client_id");
  if (clientId !== undefined && clientId !== identity.value.sub)
    return err({ code: "assertion_invalid", why: "client_id names another client than the assertion" });
  return ok({
    agent: identity.value.sub,
    identity: identity.value,
    jkt: proof.value.jkt,
    proof: proof.value.marker,
  });
}
