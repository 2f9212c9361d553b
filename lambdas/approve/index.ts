import { createApproveEndpoint } from "../../core/endpoints/approve.ts";
import { httpHandler } from "../http/edge.ts";
import { platformCallerOf } from "../http/platform-caller.ts";
import { approveGround } from "./ground.ts";

const { deps, refuse } = approveGround();
const endpoint = createApproveEndpoint(deps);

/** People decide what waits for approval, as IAM authenticated them: see `core/endpoints/approve.ts`. */
export const handler = httpHandler((call, event) => endpoint(call, platformCallerOf(event)), refuse);
