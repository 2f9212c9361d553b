import { awsLambdaUrlIam } from "../../core/attest/methods/aws-lambda-url-iam/attestor.ts";
import { createAttestEndpoint } from "../../core/endpoints/attest.ts";
import { withDpopNonce } from "../../core/jose/dpop.ts";
import { attestGround, partition } from "../attest/ground.ts";
import { httpHandler } from "../http/edge.ts";
import { platformCallerOf } from "../http/platform-caller.ts";

const { deps, refuse } = attestGround();
const attesting = createAttestEndpoint({ ...deps, attestors: [awsLambdaUrlIam({ partition })] });
const endpoint = withDpopNonce(attesting, deps.nonces);

/**
 * The attest endpoint behind a URL that IAM guards: whom Lambda authenticated is the evidence. Only this function hands
 * the platform's word on; its resource policy keeps everybody from writing an event of their own (threat 18).
 */
export const handler = httpHandler((call, event) => {
  const platformCaller = platformCallerOf(event);
  return endpoint(platformCaller === undefined ? call : { ...call, platformCaller });
}, refuse);
