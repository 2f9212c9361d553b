import type { Assurance } from "../assurance.ts";
import type { Denial } from "../denial.ts";
import type { Clock, OwnKeys } from "../ports.ts";
import type { Result } from "../result.ts";

/** What an identity token says. */
export interface IdentityClaims {
  /** SPIFFE ID of the agent. */
  readonly sub: string;
  /** Thumbprint of the key it is bound to. */
  readonly jkt: string;
  readonly assurance: Assurance;
  readonly build?: string;
  /** Liveness subject (`agent:<id>`, `build:<digest>`, `deployment`) → generation it was issued under. */
  readonly generations: Readonly<Record<string, number>>;
  readonly expiresAtSeconds: number;
  readonly jti: string;
}

/** What verifying an identity token needs. */
export interface IdentityTokenDeps {
  readonly ownKeys: OwnKeys;
  readonly issuer: string;
  readonly clock: Clock;
  readonly trustDomain: string;
}

/** Verifies an identity token of this deployment. */
export function verifyIdentityToken(_token: string, _deps: IdentityTokenDeps): Promise<Result<IdentityClaims, Denial>> {
  throw new Error("not built yet");
}
