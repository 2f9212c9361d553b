import { createIntrospectEndpoint } from "../../core/introspect.ts";
import { createOwnKeys, createPublicKeys, kmsClient } from "../aws/kms-keys.ts";
import { createRegistrySource } from "../aws/registry-source.ts";
import { createSessionStore } from "../aws/session-store.ts";
import { clock, ground, setting, tables } from "../ground.ts";
import { httpHandler } from "../http/edge.ts";

const { dynamo, denying, refuse } = ground();
const trustDomain = setting("trustDomain");

/** RFC 7662, strongly consistent. */
export const handler = httpHandler(
  createIntrospectEndpoint({
    ...denying,
    issuer: setting("issuer"),
    trustDomain,
    registries: createRegistrySource(dynamo, tables, trustDomain),
    store: createSessionStore(dynamo, tables, clock),
    ownKeys: createOwnKeys(createPublicKeys(kmsClient()), {
      identity: [setting("identityKey")],
      session: [setting("sessionKey")],
    }),
  }),
  refuse,
);
