import { dpopAlgorithms } from "../jose/dpop.ts";
import { agentKeyAlgorithms } from "../model/agent-registration.ts";
import { usualAlgorithm } from "../model/ports.ts";
import {
  cibaGrant,
  idJagProfile,
  jwtBearerAssertionType,
  jwtBearerGrant,
  spiffeAssertionType,
  tokenExchangeGrant,
} from "../model/wire.ts";
import { cutsUri } from "../verify/cuts/document.ts";
import { aggregationUri } from "../verify/status/list.ts";
import { openidResponseTypes, responseTypes } from "./authorization-endpoint.ts";

/** Where the other functions are. They are known only after the first deployment. */
export interface FunctionUrls {
  readonly attest: string;
  readonly token: string;
  readonly introspect: string;
  readonly revoke: string;
  /** Where the stage gives AWS credentials. */
  readonly credentials?: string;
  /** Where the stage has a decision point. */
  readonly decide?: string;
}

/**
 * The issuer's metadata (RFC 8414 2). Callers authenticate in the same way at every endpoint: a JWT-SVID of ours as
 * client assertion and a DPoP proof by its key. The token endpoint also takes a client assertion by a registered key,
 * and the `jwt-bearer` grant.
 */
export function issuerMetadata(issuer: string, urls: FunctionUrls): Readonly<Record<string, unknown>> {
  return {
    issuer,
    // it refuses every request, but some clients require the member before they read the rest, MCP's for one
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: urls.token,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    introspection_endpoint: urls.introspect,
    revocation_endpoint: urls.revoke,
    challenge_endpoint: `${urls.attest.replace(/\/$/, "")}/challenge`,
    lanyard_attestation_endpoint: urls.attest,
    ...(urls.credentials === undefined ? {} : { lanyard_credentials_endpoint: urls.credentials }),
    ...(urls.decide === undefined ? {} : { lanyard_decision_endpoint: urls.decide }),
    lanyard_spiffe_bundle_uri: `${issuer}/.well-known/spiffe-bundle.json`,
    grant_types_supported: ["client_credentials", tokenExchangeGrant, jwtBearerGrant, cibaGrant],
    authorization_grant_profiles_supported: [idJagProfile],
    response_types_supported: [...responseTypes],
    subject_types_supported: ["public"],
    // algorithms of access tokens; RFC 9068 4 makes resource servers look for them under this name
    id_token_signing_alg_values_supported: ["RS256", "ES256"],
    claims_supported: [
      "aud",
      "iat",
      "iss",
      "sub",
      "exp",
      "jti",
      "client_id",
      "scope",
      "act",
      "cnf",
      "sid",
      "root",
      "anc",
    ],
    // none: a platform's token, as assertion of the jwt-bearer grant, authenticates its workload by itself
    token_endpoint_auth_methods_supported: ["spiffe_jwt", "private_key_jwt", "none"],
    introspection_endpoint_auth_methods_supported: ["spiffe_jwt"],
    revocation_endpoint_auth_methods_supported: ["spiffe_jwt"],
    token_endpoint_auth_signing_alg_values_supported: [...agentKeyAlgorithms],
    introspection_endpoint_auth_signing_alg_values_supported: [usualAlgorithm.identity],
    revocation_endpoint_auth_signing_alg_values_supported: [usualAlgorithm.identity],
    client_assertion_types_supported: [spiffeAssertionType, jwtBearerAssertionType],
    dpop_signing_alg_values_supported: [...dpopAlgorithms],
    status_list_aggregation_endpoint: aggregationUri(issuer),
    lanyard_cuts_uri: cutsUri(issuer),
  };
}

/**
 * The same as the metadata of an OpenID provider, as far as IAM reads it. IAM requires a response type, although nobody
 * signs in here.
 */
export const openidMetadata = (issuer: string, urls: FunctionUrls): Readonly<Record<string, unknown>> => ({
  ...issuerMetadata(issuer, urls),
  response_types_supported: [...openidResponseTypes],
});
