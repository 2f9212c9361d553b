import type { JWK } from "jose";
import { denialReply } from "../denial/wire.ts";
import { refuseAuthorization } from "../discovery/authorization-endpoint.ts";
import { type FunctionUrls, issuerMetadata, openidMetadata } from "../discovery/issuer-metadata.ts";
import { transmitterConfiguration } from "../events/configuration.ts";
import { keyTimes } from "../model/key-times.ts";
import type { KeyPurpose, OwnKeys, PublishedOwnKeys } from "../model/ports.ts";
import type { Call, Reply } from "../model/wire.ts";
import { tokenTyp } from "../model/wire.ts";
import { issuerMetadataUrl } from "../text/well-known.ts";
import { statusListUri } from "../verify/status-list.ts";

/** What discovery stands on: public keys, stored bytes, no right to sign anything. */
interface DiscoveryDeps {
  readonly issuer: string;
  readonly ownKeys: PublishedOwnKeys;
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
  const path = new URL(deps.issuer).pathname.replace(/\/$/, "");
  const authorize = `${path}/authorize`;
  const inserted = {
    oauth: new URL(issuerMetadataUrl(deps.issuer, "oauth-authorization-server")).pathname,
    openid: new URL(issuerMetadataUrl(deps.issuer, "openid-configuration")).pathname,
    events: new URL(issuerMetadataUrl(deps.issuer, "ssf-configuration")).pathname,
  };
  const answer = async (call: Call): Promise<Reply> => {
    if (call.method === "OPTIONS" && call.path !== authorize) return preflight;
    if (call.method !== "GET" && call.method !== "HEAD")
      return denialReply({
        code: "method_not_allowed",
        method: call.method,
        allow: call.path === authorize ? "GET, HEAD" : "GET, HEAD, OPTIONS",
      });
    // RFC 8414 3.1 and SSF 1.0 7.2 put the well-known path before an issuer's path, OpenID Connect Discovery 4 behind it
    if (call.path === inserted.oauth) return metadata(deps, issuerMetadata);
    if (call.path === inserted.openid) return metadata(deps, openidMetadata);
    if (call.path === inserted.events) return eventConfiguration(deps);
    const below = call.path.startsWith(`${path}/`) ? call.path.slice(path.length) : "";
    switch (below) {
      case "/.well-known/openid-configuration":
        return metadata(deps, openidMetadata);
      case "/authorize":
        return refuseAuthorization(call);
      case "/.well-known/jwks.json":
        return published(await jwks(deps.ownKeys), "application/json", keyTimes.jwksMaxAgeSeconds);
      case "/.well-known/spiffe-bundle.json":
        return published(await bundle(deps.ownKeys), "application/json", keyTimes.jwksMaxAgeSeconds);
      case "/.well-known/ssf-configuration":
        return eventConfiguration(deps);
      case "/.well-known/ssf-jwks.json":
        return published(await eventKeys(deps.ownKeys), "application/json", keyTimes.jwksMaxAgeSeconds);
    }
    return statusLists({ ...call, path: below }, deps);
  };
  // RFC 9700 2.6: the authorization endpoint is opened by navigation alone, never to a page of another origin
  return async (call) => {
    const reply = await answer(call);
    return call.path === authorize ? reply : forEveryOrigin(reply);
  };
}

/** Where receivers of security events start (SSF 1.0 7.2). */
const eventConfiguration = ({ issuer }: DiscoveryDeps): Reply =>
  published(JSON.stringify(transmitterConfiguration(issuer)), "application/json", 60);

/** All of it is public and carries no credentials: a verifier in a browser may read it too (Token Status List, 8.1). */
const forEveryOrigin = (reply: Reply): Reply => ({
  ...reply,
  headers: { ...reply.headers, "Access-Control-Allow-Origin": "*" },
});

/** A browser asks first when a page sends more than the plainest request; MCP clients send their protocol's version. */
const preflight: Reply = {
  status: 204,
  contentType: "text/plain",
  headers: {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "MCP-Protocol-Version",
    "Access-Control-Max-Age": "600",
  },
  body: "",
};

const published = (body: string, contentType: string, maxAgeSeconds: number): Reply => ({
  status: 200,
  contentType,
  headers: { "Cache-Control": `public, max-age=${maxAgeSeconds}` },
  body,
});

async function metadata(deps: DiscoveryDeps, document: typeof issuerMetadata): Promise<Reply> {
  const [urls, detailsTypes] = await Promise.all([deps.urls(), deps.detailsTypes()]);
  if (!urls) return denialReply({ code: "registry_unavailable", why: "the function URLs are not published yet" });
  // RFC 9396 10; RFC 8414 3.2 leaves out a member without values
  const details = detailsTypes.length > 0 ? { authorization_details_types_supported: detailsTypes } : {};
  return published(JSON.stringify({ ...document(deps.issuer, urls), ...details }), "application/json", 60);
}

/** Session and status keys, each marked with the one `typ` it signs, so that our own verifier can pin it. */
async function jwks(ownKeys: OwnKeys): Promise<string> {
  const [session, status] = await Promise.all([
    marked(ownKeys, "session", tokenTyp.access),
    marked(ownKeys, "status", tokenTyp.status),
  ]);
  return JSON.stringify({ keys: [...session, ...status] });
}

/** Keys of security events, which stand in no other set: no verifier of tokens reads this one (threat 3). */
async function eventKeys(ownKeys: OwnKeys): Promise<string> {
  return JSON.stringify({ keys: (await ownKeys.keys("events")).map(({ jwk }) => ({ ...jwk, use: "sig" })) });
}

async function marked(ownKeys: OwnKeys, purpose: KeyPurpose, typ: string): Promise<JWK[]> {
  return (await ownKeys.keys(purpose)).map(({ jwk }) => ({ ...jwk, use: "sig", lanyard_typ: typ }));
}

/** SPIFFE Trust Domain and Bundle 4: JWT authorities of this trust domain. */
async function bundle(ownKeys: PublishedOwnKeys): Promise<string> {
  // before the keys: beside newer ones an older number does no harm, the other way round it would hide them
  const sequence = await ownKeys.sequence("identity");
  const keys = (await ownKeys.keys("identity")).map(({ jwk: { alg: _, ...jwk } }) => ({ ...jwk, use: "jwt-svid" }));
  return JSON.stringify({
    keys,
    spiffe_sequence: sequence,
    spiffe_refresh_hint: keyTimes.bundleRefreshSeconds,
  });
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
