import { createCredentialsEndpoint } from "../../core/endpoints/credentials.ts";
import { withDpopNonce } from "../../core/jose/dpop.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { createRateLimiter } from "../aws/dynamodb/counters.ts";
import { createRegistrySource } from "../aws/dynamodb/registry/registry-source.ts";
import { createSessionStore } from "../aws/dynamodb/sessions/session-store.ts";
import { demandedNonces } from "../aws/kms/dpop-nonces.ts";
import { kmsClient } from "../aws/kms/keys.ts";
import { createSts } from "../aws/sts/sts.ts";
import { cedar } from "../cedar-module.ts";
import { clock, ground, setting, tables } from "../ground.ts";
import { httpHandler } from "../http/edge.ts";
import { openKeyring } from "../keyring.ts";

const { dynamo, denying, refuse } = ground();
const kms = kmsClient();
const issuer = setting("issuer");
const trustDomain = setting("trustDomain");
const nonces = demandedNonces(kms, issuer);

const endpoint = createCredentialsEndpoint({
  ...denying,
  issuer,
  trustDomain,
  nonces,
  stage: setting("stage"),
  accounts: setting("awsAccounts").split(","),
  lifeSeconds: Number(setting("awsCredentialsLifeSeconds")),
  registries: createRegistrySource(dynamo, tables, trustDomain),
  store: createSessionStore(dynamo, tables, clock),
  policy: createCedarEngine(cedar),
  limiter: createRateLimiter(dynamo, tables, clock),
  ownKeys: openKeyring(dynamo, kms),
  sts: createSts(process.env.AWS_REGION ?? ""),
});

/** Credentials of AWS for a session: `core/endpoints/credentials.ts` tells the way of a request. */
export const handler = httpHandler(withDpopNonce(endpoint, nonces), refuse);
