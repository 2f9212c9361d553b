import { createTokenEndpoint } from "../../core/endpoints/token.ts";
import { withDpopNonce } from "../../core/jose/dpop.ts";
import { createKeySets } from "../../core/keys/key-sets.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { createRateLimiter } from "../aws/dynamodb/counters.ts";
import { createRegistrySource } from "../aws/dynamodb/registry/registry-source.ts";
import { createSessionStore } from "../aws/dynamodb/sessions/session-store.ts";
import { demandedNonces } from "../aws/kms/dpop-nonces.ts";
import { kmsClient } from "../aws/kms/keys.ts";
import { createFetcher } from "../aws/outbound/fetcher.ts";
import { cedar } from "../cedar-module.ts";
import { env } from "../env.ts";
import { clock, ground, setting, tables } from "../ground.ts";
import { httpHandler } from "../http/edge.ts";
import { openKeyring } from "../keyring.ts";

const { dynamo, denying, refuse } = ground();
const kms = kmsClient();
const keyring = openKeyring(dynamo, kms);
const issuer = setting("issuer");
const trustDomain = setting("trustDomain");
const nonces = demandedNonces(kms, issuer);
const awsAccounts = process.env[env.awsAccounts];

const endpoint = createTokenEndpoint({
  ...denying,
  issuer,
  trustDomain,
  nonces,
  bearerTokens: process.env[env.bearerAccessTokens] === "true",
  ...(awsAccounts && { awsAccounts: awsAccounts.split(",") }),
  ...(process.env[env.approvalsTable] && {
    // few requests wait for people: what reads and writes them is read when one does
    approvals: async () =>
      (await import("../aws/dynamodb/approvals/approval-requests.ts")).createApprovalRequests(dynamo, tables, clock),
  }),
  registries: createRegistrySource(dynamo, tables, trustDomain),
  store: createSessionStore(dynamo, tables, clock),
  policy: createCedarEngine(cedar),
  limiter: createRateLimiter(dynamo, tables, clock),
  signer: keyring.signer("session"),
  ownKeys: keyring,
  keySets: createKeySets({ fetcher: createFetcher(issuer), clock, ownIssuer: issuer }),
});

/** Sessions, offers and access tokens: see `core/endpoints/token.ts`. */
export const handler = httpHandler(withDpopNonce(endpoint, nonces), refuse);
