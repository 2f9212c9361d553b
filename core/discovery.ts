import type { JWK } from "jose";
import { denialReply } from "./denial-wire.ts";
import { dpopAlgorithms } from "./dpop.ts";
import type { KeyPurpose, OwnKeys } from "./ports.ts";
import { aggregationUri, statusListUri } from "./status/list.ts";
import type { Call, Reply } from "./wire.ts";
import { spiffeAssertionType, tokenExchangeGrant, tokenTyp } from "./wire.ts";

/** Where the other functions are; known only after the first deployment went through. */
export interface FunctionUrls {
  readonly attest: string;
  readonly token: string;
  readonly introspect: string;
  readonly revoke: string;
}

/** What discovery stands on: public keys, stored bytes, no right to sign anything. */
export interface DiscoveryDeps {
  readonly issuer: string;
  readonly ownKeys: OwnKeys;
  readonly urls: () => Promise<FunctionUrls | undefined>;
  /** Names of the details types the registry has now. */
  readonly detailsTypes: () => Promise<readonly string[]>;
  readonly lists: {
    /** A signed list, as long as its hour is not over. */
    read(list: string): Promise<string | undefined>;
    /** Names of the lists that are open now. */
    open(): Promise<readonly string[]>;
  };
}

/**
 * Serves metadata (RFC 8414, OpenID Connect Discovery as far as AWS reads it), the JWKS, the SPIFFE bundle and the
 * stored status lists. Identity keys stand in the SPIFFE bundle only: at `jwks_uri` every key can mint a session in the
 * eyes of a standard verifier (threat 3).
 */
export function createDiscoveryEndpoint(deps: DiscoveryDeps): (call: Call) => Promise<Reply> {
  const answer = async (call: Call): Promise<Reply> => {
    if (call.method !== "GET" && call.method !== "HEAD")
      return denialReply({ code: "method_not_allowed", method: call.method, allow: "GET, HEAD" });
    switch (call.path) {
      case "/.well-known/oauth-authorization-server":
      case "/.well-known/openid-configuration":
        return metadata(deps);
      case "/.well-known/jwks.json":
        return published(await jwks(deps.ownKeys), "application/json", 60);
      case "/.well-known/spiffe-bundle.json":
        return published(await bundle(deps.ownKeys), "application/json", 60);
    }
    return statusLists(call, deps);
  };
  return async (call) => forEveryOrigin(await answer(call));
}

/** All of it is public and carries no credentials: a verifier in a browser may read it too (Token Status List, 8.1). */
const forEveryOrigin = (reply: Reply): Reply => ({
  ...reply,
  headers: { ...reply.headers, "Access-Control-Allow-Origin": "*" },
});

const published = (body: string, contentType: string, maxAgeSeconds: number): Reply => ({
  status: 200,
  contentType,
  headers: { "Cache-Control": `public, max-age=${maxAgeSeconds}` },
  body,
});

async function metadata(deps: DiscoveryDeps): Promise<Reply> {
  const [urls, detailsTypes] = await Promise.all([deps.urls(), deps.detailsTypes()]);
  if (!urls) return denialReply({ code: "registry_unavailable", why: "the function URLs are not published yet" });
  const { issuer } = deps;
  const document = {
    issuer,
    token_endpoint: urls.token,
    jwks_uri: `${issuer}/.well-known/jwks.json`,
    introspection_endpoint: urls.introspect,
    revocation_endpoint: urls.revoke,
    challenge_endpoint: `${urls.attest.replace(/\/$/, "")}/challenge`,
    lanyard_attestation_endpoint: urls.attest,
    lanyard_spiffe_bundle_uri: `${issuer}/.well-known/spiffe-bundle.json`,
    grant_types_supported: ["client_credentials", tokenExchangeGrant],
    // RFC 8414 2 requires the member even where no authorization endpoint exists; IAM reads the OpenID ones
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256"],
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
    token_endpoint_auth_methods_supported: ["spiffe_jwt"],
    introspection_endpoint_auth_methods_supported: ["spiffe_jwt"],
    revocation_endpoint_auth_methods_supported: ["spiffe_jwt"],
    token_endpoint_auth_signing_alg_values_supported: ["ES256"],
    client_assertion_types_supported: [spiffeAssertionType],
    dpop_signing_alg_values_supported: [...dpopAlgorithms],
    status_list_aggregation_endpoint: aggregationUri(issuer),
    // RFC 9396 10; RFC 8414 3.2 leaves out a member without values
    ...(detailsTypes.length > 0 ? { authorization_details_types_supported: detailsTypes } : {}),
  };
  return published(JSON.stringify(document), "application/json", 60);
}

/** Session and status keys, each marked with the one `typ` it signs, so that our own verifier can pin it. */
async function jwks(ownKeys: OwnKeys): Promise<string> {
  const [session, status] = await Promise.all([
    marked(ownKeys, "session", tokenTyp.access),
    marked(ownKeys, "status", tokenTyp.status),
  ]);
  return JSON.stringify({ keys: [...session, ...status] });
}

async function marked(ownKeys: OwnKeys, purpose: KeyPurpose, typ: string): Promise<JWK[]> {
  return (await ownKeys.keys(purpose)).map(({ jwk }) => ({ ...jwk, use: "sig", lanyard_typ: typ }));
}

/** SPIFFE Trust Domain and Bundle 4: JWT authorities of this trust domain. */
async function bundle(ownKeys: OwnKeys): Promise<string> {
  const keys = (await ownKeys.keys("identity")).map(({ jwk: { alg: _, ...jwk } }) => ({ ...jwk, use: "jwt-svid" }));
  return JSON.stringify({ keys, spiffe_refresh_hint: 300 });
}

/** One list, or the names of all that are open (Token Status List, sections 8 and 9). */
async function statusLists({ path, query = "" }: Call, { issuer, lists }: DiscoveryDeps): Promise<Reply> {
  const named = /^\/status\/([0-9]{10}-[0-9]{1,6})$/.exec(path)?.[1];
  if (path !== "/status" && named === undefined) return denialReply({ code: "not_found", path });
  // section 8.4: a list of now in answer to a question about then would be believed for then
  if (new URLSearchParams(query).has("time")) return denialReply({ code: "history_unsupported", path });
  if (named === undefined) {
    const uris = (await lists.open()).map((list) => statusListUri(issuer, list));
    return published(JSON.stringify({ status_lists: uris }), "application/json", 60);
  }
  const signed = await lists.read(named);
  if (signed === undefined) return denialReply({ code: "not_found", path });
  return published(signed, "application/statuslist+jwt", 2);
}
