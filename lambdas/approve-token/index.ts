import { createApproveTokenEndpoint } from "../../core/endpoints/approve-token.ts";
import { withDpopNonce } from "../../core/jose/dpop.ts";
import { createKeySets } from "../../core/keys/key-sets.ts";
import { approveGround } from "../approve/ground.ts";
import { demandedNonces } from "../aws/kms/dpop-nonces.ts";
import { kmsClient } from "../aws/kms/keys.ts";
import { createFetcher } from "../aws/outbound/fetcher.ts";
import { clock, setting } from "../ground.ts";
import { httpHandler } from "../http/edge.ts";
import { headerOf } from "../http/url-event.ts";

const { deps, refuse } = approveGround();
const issuer = setting("issuer");
const keySets = createKeySets({ fetcher: createFetcher(issuer), clock, ownIssuer: issuer });
const nonces = demandedNonces(kmsClient(), issuer);
const endpoint = withDpopNonce(createApproveTokenEndpoint({ ...deps, issuer, keySets, nonces }), nonces);

/** People decide what waits for approval, by a token of their provider: see `core/endpoints/approve-token.ts`. */
export const handler = httpHandler((call, event) => endpoint(call, headerOf(event, "authorization")), refuse);
