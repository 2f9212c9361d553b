import type { TrustedIssuerRegistration } from "../../model/registry.ts";
import { err, ok, type Result } from "../../model/result.ts";
import { parseSpiffeId } from "../../text/spiffe-id.ts";
import type { Expectation } from "../contract/attestor.ts";

/** A workload's SPIFFE ID and the federated trust domain it belongs to. */
interface ForeignWorkload {
  readonly spiffeId: string;
  readonly domain: TrustedIssuerRegistration;
}

/**
 * Finds the registered trust domain of a foreign workload's SPIFFE ID. Only registered trust domains are known. Our own
 * is never accepted as foreign: its bundle has our own keys, so an identity token shown as evidence would renew itself
 * without any attestation (threats 14, 28).
 * @param said as the SVID states it, not verified yet
 * @returns the workload and its trust domain, or why it is refused
 */
export function foreignWorkload(
  said: unknown,
  expect: Pick<Expectation, "registry">,
): Result<ForeignWorkload, { readonly check: string; readonly why: string }> {
  const id = typeof said === "string" ? parseSpiffeId(said) : undefined;
  if (!id || id.path === "" || typeof said !== "string")
    return err({ check: "spiffe-id", why: "not the SPIFFE ID of a workload" });
  if (id.trustDomain === parseSpiffeId(expect.registry.agentId("a"))?.trustDomain)
    return err({ check: "trust-domain", why: "an SVID of our own trust domain is no evidence" });
  const issuer = `spiffe://${id.trustDomain}`;
  const domain = expect.registry.trustedIssuer(issuer, "spiffe");
  return domain?.issuer === issuer && domain.purpose === "spiffe"
    ? ok({ spiffeId: said, domain })
    : err({ check: "trust-domain", why: "the trust domain is not federated with" });
}

/** Names of the facts of a foreign workload. */
export const workloadFactNames = ["spiffeId", "trustDomain"] as const;

/** Facts of a foreign workload. */
export const workloadFacts = (
  spiffeId: string,
  domain: TrustedIssuerRegistration,
): Record<(typeof workloadFactNames)[number], string> => ({
  spiffeId,
  trustDomain: domain.issuer.slice("spiffe://".length),
});
