import type { KeyLookup } from "../../../core/jose/jwt.ts";
import { type KeySet, readKeySet, registeredLookup } from "../../../core/keys/key-sets.ts";
import { readSpiffeBundle } from "../../../core/keys/spiffe-bundle.ts";
import type { TrustedIssuerRegistration } from "../../../core/model/registry.ts";
import { noKeys } from "./advice.ts";
import type { Asked } from "./explanation.ts";

type Purpose = TrustedIssuerRegistration["purpose"];

/** An issuer from the settings. */
interface Known {
  readonly registration: TrustedIssuerRegistration;
  readonly keys?: Uint8Array;
}

/** The issuer a document names, and what it would have to be registered for. */
interface SaidIssuer {
  readonly purpose: Purpose;
  readonly issuer: string;
  /** For an account's STS issuer: its account. */
  readonly account?: string;
}

/**
 * Finds a document's issuer in the settings. Where they name none at all, the registration is not checked and the
 * document's own issuer is used, without any keys. Where they name others, the document is refused.
 */
export function issuerInSettings(
  { settings: { trust }, onCheck, leaveOut }: Asked,
  { purpose, issuer, account }: SaidIssuer,
): Known | undefined {
  if (!trust) {
    leaveOut("registration", "no trusted issuers are given");
    const algorithms = ["RS256", "ES256", "ES384", "PS256"] as const;
    const registration = { kind: "trusted-issuer", name: "unknown", purpose, issuer, algorithms } as const;
    return { registration: account === undefined ? registration : { ...registration, account } };
  }
  const found = trust.find(({ registration: r }) => r.purpose === purpose && r.issuer === issuer);
  onCheck({
    name: "registration",
    ok: found !== undefined,
    detail: found ? `registered as ${purpose}` : `the settings trust no such issuer for purpose ${purpose}`,
  });
  return found;
}

/** A lookup, by a token's header, in the keys that the settings give for an issuer. */
export function lookupIn({ registration, keys }: Known, read: (body: Uint8Array) => KeySet | string): KeyLookup {
  const given = keys === undefined ? noKeys : read(keys);
  const taken = typeof given === "string" ? { failure: given } : { value: given };
  return registeredLookup(registration, async () => taken);
}

/** Reads a JWK Set, for {@link lookupIn}. */
export const jwks = (registration: TrustedIssuerRegistration) => (body: Uint8Array) => {
  const set = readKeySet(body, registration.algorithms);
  return set.ok ? set.value : set.error;
};

/** Reads a SPIFFE bundle, for {@link lookupIn}. */
export const bundleKeys = (body: Uint8Array) => {
  const bundle = readSpiffeBundle(body);
  return bundle.ok ? bundle.value.jwtKeys : bundle.error.why;
};
