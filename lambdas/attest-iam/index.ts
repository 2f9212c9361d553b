import { createAttestIamEndpoint } from "../../core/endpoints/attest-iam.ts";
import { withDpopNonce } from "../../core/jose/dpop.ts";
import { attestGround, partition } from "../attest/ground.ts";
import { httpHandler } from "../http/edge.ts";
import { platformCallerOf } from "../http/platform-caller.ts";

const { deps, refuse } = attestGround();
const endpoint = createAttestIamEndpoint(deps, partition);

/** Attestation behind a URL that IAM guards: see `core/endpoints/attest-iam.ts`. */
export const handler = httpHandler((call, event) => {
  const answer = withDpopNonce((asked) => endpoint(asked, platformCallerOf(event)), deps.nonces);
  return answer(call);
}, refuse);
