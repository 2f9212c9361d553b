import { createAttestEndpoint } from "../../core/attest/attest.ts";
import { awsStsWebIdentity } from "../../core/attest/aws-sts-web-identity.ts";
import { createKeySets } from "../../core/keys/key-sets.ts";
import { createFetcher } from "../aws/fetcher.ts";
import { createPublicKeys, kmsClient } from "../aws/kms-keys.ts";
import { createKmsSigner } from "../aws/kms-signer.ts";
import { createMacSource } from "../aws/macs.ts";
import { createRegistrySource } from "../aws/registry-source.ts";
import { createSessionStore } from "../aws/session-store.ts";
import { clock, ground, setting, tables } from "../ground.ts";
import { httpHandler } from "../http/edge.ts";

const { dynamo, denying, refuse } = ground();
const kms = kmsClient();
const issuer = setting("issuer");
const trustDomain = setting("trustDomain");
const keySets = createKeySets({ fetcher: createFetcher(issuer), clock, ownIssuer: issuer });

/** `POST /challenge` and `POST /`: evidence in, identity token out. */
export const handler = httpHandler(
  createAttestEndpoint({
    ...denying,
    issuer,
    trustDomain,
    registries: createRegistrySource(dynamo, tables, trustDomain),
    store: createSessionStore(dynamo, tables, clock),
    attestors: [awsStsWebIdentity({ keySets })],
    signer: createKmsSigner(kms, "identity", setting("identityKey"), createPublicKeys(kms)),
    macs: createMacSource(kms, setting("nonceKey"), issuer),
  }),
  refuse,
);
