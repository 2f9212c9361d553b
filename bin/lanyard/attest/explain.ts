import { explainInstanceIdentity, explainNitro, explainX509Svid } from "./explain/certificates.ts";
import { explainCallerIdentity, explainEcsTask, explainLambdaUrl } from "./explain/signed-request.ts";
import { explainJwtSvid, explainOidc, explainStsWebIdentity } from "./explain/token.ts";
import { type Explainer, type ExplainQuestion, type Explanation, explanationOf } from "./explanation.ts";

/** Every type of evidence that can be explained. The list is complete: none is discovered. */
const explainers: ReadonlyMap<string, Explainer> = new Map([
  ["aws-sts-web-identity", explainStsWebIdentity],
  ["aws-sts-caller-identity", explainCallerIdentity],
  ["aws-lambda-url-iam", explainLambdaUrl],
  ["aws-nitro-enclave", explainNitro("enclave")],
  ["aws-nitro-tpm", explainNitro("tpm")],
  ["aws-ec2-instance-identity", explainInstanceIdentity],
  ["spiffe-jwt-svid", explainJwtSvid],
  ["spiffe-x509-svid", explainX509Svid],
  ["oidc", explainOidc],
  ["ecs-task", explainEcsTask],
]);

/** The types, in the order of the documentation. */
export const explainedTypes: readonly string[] = [...explainers.keys()];

/**
 * Explains evidence: which checks pass, which fails and why, with given settings and clock, without any deployment.
 * @returns undefined for an unknown type
 */
export async function explainEvidence(question: ExplainQuestion): Promise<Explanation | undefined> {
  const explain = explainers.get(question.evidence.type);
  return explain && explanationOf(explain, question);
}
