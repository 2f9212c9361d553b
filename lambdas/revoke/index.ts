import { createRevokeEndpoint } from "../../core/revoke.ts";
import { createOwnKeys, createPublicKeys, kmsClient } from "../aws/kms-keys.ts";
import { createRegistrySource } from "../aws/registry-source.ts";
import { createRevocationStore } from "../aws/revocation-store.ts";
import { createSessionStore } from "../aws/session-store.ts";
import { clock, ground, setting, tables } from "../ground.ts";
import { httpHandler } from "../http/edge.ts";

const { dynamo, denying, refuse } = ground();
const trustDomain = setting("trustDomain");

/** RFC 7009 by agents: what is their own. */
export const handler = httpHandler(
  createRevokeEndpoint({
    ...denying,
    issuer: setting("issuer"),
    trustDomain,
    registries: createRegistrySource(dynamo, tables, trustDomain),
    store: createSessionStore(dynamo, tables, clock),
    revocations: createRevocationStore(dynamo, tables),
    ownKeys: createOwnKeys(createPublicKeys(kmsClient()), {
      identity: [setting("identityKey")],
      session: [setting("sessionKey")],
    }),
  }),
  refuse,
);
