import { createAttestEndpoint } from "../../core/attest/attest.ts";
import { awsNitroEnclave, awsNitroTpm } from "../../core/attest/aws-nitro.ts";
import { awsStsCallerIdentity } from "../../core/attest/aws-sts-caller-identity.ts";
import { awsStsWebIdentity } from "../../core/attest/aws-sts-web-identity.ts";
import { ecsTask } from "../../core/attest/ecs-task.ts";
import { oidc } from "../../core/attest/oidc.ts";
import { spiffeJwtSvid } from "../../core/attest/spiffe-jwt-svid.ts";
import { spiffeX509Svid } from "../../core/attest/spiffe-x509-svid.ts";
import { withDpopNonce } from "../../core/dpop-nonce.ts";
import { createKeySets } from "../../core/keys/key-sets.ts";
import { createSpiffeBundles } from "../../core/keys/spiffe-bundles.ts";
import { createCodeLookup } from "../aws/code-lookup.ts";
import { createFetcher } from "../aws/fetcher.ts";
import { createStsRelay } from "../aws/sts-relay.ts";
import { env } from "../env.ts";
import { clock } from "../ground.ts";
import { httpHandler } from "../http/edge.ts";
import { embeddedRoot } from "./embedded-root.ts";
import { attestGround, partition } from "./ground.ts";

const { deps, issuer, refuse } = attestGround();
const fetcher = createFetcher(issuer);
const foreign = { fetcher, clock, ownIssuer: issuer };
const keySets = createKeySets(foreign);
const bundles = createSpiffeBundles(foreign);
const relay = createStsRelay(process.env.AWS_ENDPOINT_URL_STS ?? process.env.AWS_ENDPOINT_URL);
/** AWS's pinned root, except where this deployment is itself the embedded cloud. */
const root = await embeddedRoot("nitro-root.der", { issuer, endpoint: process.env.AWS_ENDPOINT_URL, fetcher });
const nitro = root === undefined ? {} : { root };
/** What the stage lets this function look up, `ecs` and `lambda`; nothing unless it says so. */
const lookups = (process.env[env.codeLookups] ?? "").split(",");
const lookup = createCodeLookup();

/** `POST /challenge` and `POST /`: evidence in, identity token out. */
export const handler = httpHandler(
  withDpopNonce(
    createAttestEndpoint({
      ...deps,
      attestors: [
        awsStsWebIdentity({ keySets }),
        awsStsCallerIdentity({ relay, partition }),
        awsNitroEnclave(nitro),
        awsNitroTpm(nitro),
        oidc({ keySets }),
        spiffeJwtSvid({ bundles }),
        spiffeX509Svid({ bundles }),
        ...(lookups.includes("ecs") ? [ecsTask({ relay, partition, lookup })] : []),
      ],
      ...(lookups.includes("lambda") ? { codeLookup: lookup } : {}),
    }),
    deps.nonces,
  ),
  refuse,
);
