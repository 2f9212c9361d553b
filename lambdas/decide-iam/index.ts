import { createDecideIamEndpoint } from "../../core/endpoints/decide-iam.ts";
import { partition } from "../attest/ground.ts";
import { decideGround } from "../decide/ground.ts";
import { decideCallOf } from "../http/decide-call.ts";
import { httpHandler } from "../http/edge.ts";
import { platformCallerOf } from "../http/platform-caller.ts";

const { deps, refuse } = decideGround();
const endpoint = createDecideIamEndpoint(deps, partition);

/** The decision point behind a URL that IAM guards: see `core/endpoints/decide-iam.ts`. */
export const handler = httpHandler(
  (call, event) => endpoint(call, decideCallOf(event), platformCallerOf(event)),
  refuse,
);
