import { createApproveTokenEndpoint } from "../../core/endpoints/approve-token.ts";
import { createKeySets } from "../../core/keys/key-sets.ts";
import { approveGround } from "../approve/ground.ts";
import { createFetcher } from "../aws/outbound/fetcher.ts";
import { clock, setting } from "../ground.ts";
import { httpHandler } from "../http/edge.ts";
import { headerOf } from "../http/url-event.ts";

const { deps, refuse } = approveGround();
const issuer = setting("issuer");
const keySets = createKeySets({ fetcher: createFetcher(issuer), clock, ownIssuer: issuer });
const endpoint = createApproveTokenEndpoint({ ...deps, issuer, keySets });

/** People decide what waits for approval, by a token of their provider: see `core/endpoints/approve-token.ts`. */
export const handler = httpHandler((call, event) => endpoint(call, headerOf(event, "authorization")), refuse);
