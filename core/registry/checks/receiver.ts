import type { OwnAddress } from "../../keys/address.ts";
import { trustedUrl } from "../../keys/issuer-url.ts";
import type { ReceiverRegistration } from "../../model/registry.ts";
import type { Finding } from "../finding.ts";

/**
 * Rules for one receiver of security events. Addresses we push to obey the same rules as addresses we fetch from, so
 * that a registry row cannot make us call a metadata service or a private network (SSRF).
 */
export function receiverFindings(row: ReceiverRegistration, own: OwnAddress): readonly Finding[] {
  const endpoint = trustedUrl(row.endpoint, own.issuer);
  const here = endpoint.ok && endpoint.value.origin === new URL(own.issuer).origin;
  return [
    ...(endpoint.ok ? [] : [["endpoint", `may not be pushed to: ${endpoint.error}`] as const]),
    ...(here ? [["endpoint", "must not be this deployment's own issuer"] as const] : []),
  ];
}
