import { type SignedCallerIdentityInput, signedCallerIdentity } from "./platform/signed-caller-identity.ts";
import type { EvidenceSource } from "./platform/source.ts";

/** How the request is signed. */
export type AwsStsCallerIdentityInput = SignedCallerIdentityInput;

/**
 * Evidence by a signed `sts:GetCallerIdentity` request that is never sent from here. It works wherever AWS gives
 * credentials of a role, and needs no permission.
 * @throws RangeError for a Region without an STS endpoint
 */
export function awsStsCallerIdentity(input: AwsStsCallerIdentityInput): EvidenceSource {
  const type = "aws-sts-caller-identity";
  const sign = signedCallerIdentity(input);
  return { type, collect: async (request) => ({ type, ...(await sign(request)) }) };
}
