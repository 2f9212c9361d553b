import { createIntrospectEndpoint } from "../../core/endpoints/introspect.ts";
import { withDpopNonce } from "../../core/jose/dpop.ts";
import { createBudgetStore } from "../aws/dynamodb/budgets/budget-store.ts";
import { createRegistrySource } from "../aws/dynamodb/registry/registry-source.ts";
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

const endpoint = createIntrospectEndpoint({
  ...denying,
  issuer,
  nonces,
  trustDomain,
  registries: createRegistrySource(dynamo, tables, trustDomain),
  store: createSessionStore(dynamo, tables, clock),
  budgets: createBudgetStore(dynamo, tables),
  ownKeys: openKeyring(dynamo, kms),
});

/** Introspection (RFC 7662): `core/endpoints/introspect.ts`. */
export const handler = httpHandler(withDpopNonce(endpoint, nonces), refuse);
