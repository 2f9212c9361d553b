import { createDecideEndpoint } from "../../core/endpoints/decide.ts";
import { withDpopNonce } from "../../core/jose/dpop.ts";
import { demandedNonces } from "../aws/kms/dpop-nonces.ts";
import { kmsClient } from "../aws/kms/keys.ts";
import { setting } from "../ground.ts";
import { decideCallOf } from "../http/decide-call.ts";
import { httpHandler } from "../http/edge.ts";
import { openKeyring } from "../keyring.ts";
import { decideGround } from "./ground.ts";

const { deps, dynamo, refuse } = decideGround();
const issuer = setting("issuer");
const kms = kmsClient();
const nonces = demandedNonces(kms, issuer);

const endpoint = createDecideEndpoint({
  ...deps,
  issuer,
  nonces,
  trustDomain: setting("trustDomain"),
  ownKeys: openKeyring(dynamo, kms),
});

/** The decision point (AuthZEN 1.0) for gateways that prove a key: `core/endpoints/decide.ts`. */
export const handler = httpHandler((call, event) => withDpopNonce(endpoint, nonces)(call, decideCallOf(event)), refuse);
