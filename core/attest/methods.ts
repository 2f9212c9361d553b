import type { EvidenceType, Method } from "./contract/method.ts";
import { method as awsEc2InstanceIdentity } from "./methods/aws-ec2-instance-identity/method.ts";
import { method as awsLambdaUrlIam } from "./methods/aws-lambda-url-iam/method.ts";
import { method as awsNitroEnclave } from "./methods/aws-nitro-enclave/method.ts";
import { method as awsNitroTpm } from "./methods/aws-nitro-tpm/method.ts";
import { method as awsStsCallerIdentity } from "./methods/aws-sts-caller-identity/method.ts";
import { method as awsStsWebIdentity } from "./methods/aws-sts-web-identity/method.ts";
import { method as ecsTask } from "./methods/ecs-task/method.ts";
import { method as oidc } from "./methods/oidc/method.ts";
import { method as spiffeJwtSvid } from "./methods/spiffe-jwt-svid/method.ts";
import { method as spiffeX509Svid } from "./methods/spiffe-x509-svid/method.ts";

/** Every method of attestation. The list is complete: none is discovered. */
const methods: readonly Method[] = [
  awsStsWebIdentity,
  awsStsCallerIdentity,
  awsLambdaUrlIam,
  ecsTask,
  oidc,
  spiffeJwtSvid,
  spiffeX509Svid,
  awsNitroEnclave,
  awsNitroTpm,
  awsEc2InstanceIdentity,
];

/** Every kind of evidence that a registration can select by, by its type. */
export const evidenceTypes: ReadonlyMap<string, EvidenceType> = new Map(
  methods.map(({ type, evidence }) => [type, evidence]),
);
