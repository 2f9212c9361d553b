import { ok } from "../../../model/result.ts";
import type { Attestor } from "../../contract/attestor.ts";
import { type CallerIdentityDeps, proveCaller } from "../../formats/caller-identity/prove.ts";

const type = "aws-sts-caller-identity";
const members = ["type", "region", "endpoint", "headers"];

/**
 * Attestor of evidence `{ "type": "aws-sts-caller-identity", "region", "endpoint"?, "headers": { authorization,
 * x-amz-date, x-amz-security-token, lanyard-challenge, lanyard-jkt, lanyard-issuer } }`: a GetCallerIdentity request
 * that the workload signed and did not send. We rebuild it from these parts and send it to STS ourselves. Challenge,
 * key and issuer are in headers that the signature covers, so the request is useless to a thief and at a second
 * deployment (threat 16). Everything that can be decided without STS is checked before STS is asked.
 * @returns facts `account`, `roleArn` (STS omits its path), `roleId`, `sessionName`, `region`; no tags. Denials:
 * `evidence_invalid`, `evidence_unbound`, `attestation_unavailable`
 */
export function awsStsCallerIdentity(deps: CallerIdentityDeps): Attestor {
  return {
    type,
    attest: async (evidence, expect) => {
      const proven = await proveCaller({ ...deps, type, members }, evidence, expect);
      return proven.ok ? ok({ ...proven.value, tags: {}, assurance: "fresh" }) : proven;
    },
  };
}
