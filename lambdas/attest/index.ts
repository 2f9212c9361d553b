import { createAttestors } from "../../core/attest/attestors.ts";
import { createAttestEndpoint } from "../../core/endpoints/attest.ts";
import { withDpopNonce } from "../../core/jose/dpop.ts";
import { createKeySets } from "../../core/keys/key-sets.ts";
import { createSpiffeBundles } from "../../core/keys/spiffe-bundles.ts";
import { createCodeLookup } from "../aws/control-plane/code-lookup.ts";
import { createFetcher } from "../aws/outbound/fetcher.ts";
import { createStsRelay } from "../aws/outbound/sts-relay.ts";
import { env } from "../env.ts";
import { clock } from "../ground.ts";
import { httpHandler } from "../http/edge.ts";
import { embeddedRoot } from "./embedded-root.ts";
import { attestGround, partition } from "./ground.ts";

const { deps, issuer, refuse } = attestGround();
const fetcher = createFetcher(issuer);
const foreign = { fetcher, clock, ownIssuer: issuer };
const region = process.env.AWS_REGION ?? "";
/** AWS's pinned certificates, except where this deployment is itself the embedded cloud. */
const place = { issuer, endpoint: process.env.AWS_ENDPOINT_URL, fetcher };
const [root, instances] = await Promise.all(
  ["nitro-root.der", `ec2-${region}.der`].map((name) => embeddedRoot(name, place)),
);
/** What the stage lets this function look up, `ecs` and `lambda`; nothing when it names none. */
const lookups = (process.env[env.codeLookups] ?? "").split(",");
const lookup = createCodeLookup();

const attestors = createAttestors({
  keySets: createKeySets(foreign),
  bundles: createSpiffeBundles(foreign),
  relay: createStsRelay(process.env.AWS_ENDPOINT_URL_STS ?? process.env.AWS_ENDPOINT_URL),
  partition,
  nitroRoot: root,
  ec2Certificates: instances && new Map([[region, Buffer.from(instances).toString("base64")]]),
  instanceIdentityAlone: process.env[env.instanceIdentityAlone] === "true",
  ...(lookups.includes("ecs") ? { tasks: lookup } : {}),
});

/** `POST /challenge` and `POST /`: they turn evidence into an identity token. */
export const handler = httpHandler(
  withDpopNonce(
    createAttestEndpoint({ ...deps, attestors, ...(lookups.includes("lambda") ? { codeLookup: lookup } : {}) }),
    deps.nonces,
  ),
  refuse,
);
