import { createRevokeEndpoint } from "../../core/endpoints/revoke.ts";
import { withDpopNonce } from "../../core/jose/dpop.ts";
import { createRateLimiter } from "../aws/dynamodb/counters.ts";
import { createRevocationStore } from "../aws/dynamodb/revocations/revocation-store.ts";
import { createSessionStore } from "../aws/dynamodb/sessions/session-store.ts";
import { demandedNonces } from "../aws/kms/dpop-nonces.ts";
import { kmsClient } from "../aws/kms/keys.ts";
import { clock, ground, setting, tables } from "../ground.ts";
import { httpHandler } from "../http/edge.ts";
import { openKeyring } from "../keyring.ts";

const { dynamo, denying, refuse } = ground();
const trustDomain = setting("trustDomain");
const issuer = setting("issuer");
const kms = kmsClient();
const nonces = demandedNonces(kms, issuer);

const endpoint = createRevokeEndpoint({
  ...denying,
  issuer,
  nonces,
  trustDomain,
  store: createSessionStore(dynamo, tables, clock),
  revocations: createRevocationStore(dynamo, tables),
  limiter: createRateLimiter(dynamo, tables, clock),
  ownKeys: openKeyring(dynamo, kms),
});

/** Revocation by agents (RFC 7009): `core/endpoints/revoke.ts`. */
export const handler = httpHandler(withDpopNonce(endpoint, nonces), refuse);
