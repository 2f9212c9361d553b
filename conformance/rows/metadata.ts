import { importJWK, jwtVerify } from "jose";
import { holds, must, object, same, text } from "../expect.ts";
import { guardOf } from "../guard.ts";
import { headerOf } from "../key.ts";
import { type Row, rowsOf } from "../row.ts";
import { type Target, wellKnown } from "../target.ts";
import { type Answer, header, send } from "../wire.ts";

const fetched = async (url: string): Promise<Answer> => {
  const answer = await send("GET", url);
  must(answer.status === 200, `${url} was answered ${answer.status}`);
  return answer;
};
const keysAt = async (url: string) => {
  const { keys } = (await fetched(url)).json;
  must(Array.isArray(keys) && keys.length > 0, `${url} holds no keys`);
  return keys as readonly Readonly<Record<string, unknown>>[];
};

const issuerRows = rowsOf("RFC 8414", [
  {
    section: "3",
    level: "MUST",
    text: "Metadata is JSON at the well-known address of the issuer, by GET",
    async run(target) {
      const answer = await fetched(wellKnown(target.issuer, "oauth-authorization-server"));
      must(/^application\/json\b/.test(header(answer, "content-type")), "it is not application/json");
    },
  },
  {
    section: "3.3",
    level: "MUST",
    text: "issuer is the very identifier it was asked by, and has no query or fragment",
    async run(target) {
      same((await target.metadata()).issuer, target.issuer, "issuer");
      must(!/[?#]/.test(target.issuer), "it has a query or fragment");
    },
  },
  {
    section: "2",
    level: "MUST",
    text: "token_endpoint, jwks_uri and response_types_supported are there, grants and methods are named",
    async run(target) {
      const metadata = await target.metadata();
      for (const name of ["token_endpoint", "jwks_uri", "introspection_endpoint", "revocation_endpoint"])
        must(URL.canParse(text(metadata[name], name)), `${name} is no URL`);
      must(Array.isArray(metadata.response_types_supported), "response_types_supported is missing");
      holds(metadata.grant_types_supported, "client_credentials", "grant_types_supported");
      holds(metadata.grant_types_supported, "urn:ietf:params:oauth:grant-type:token-exchange", "grant_types_supported");
    },
  },
  {
    section: "2",
    level: "MUST",
    text: "Where clients sign assertions, the algorithms are named, and none is not among them",
    async run(target) {
      const metadata = await target.metadata();
      for (const name of ["token", "introspection", "revocation"]) {
        const list = metadata[`${name}_endpoint_auth_signing_alg_values_supported`];
        must(Array.isArray(list) && list.length > 0, `${name}'s algorithms are missing`);
        must(!list.includes("none"), "none is among them");
      }
    },
  },
  {
    section: "2",
    level: "MUST",
    text: "jwks_uri holds public keys, each with use, and signs what the issuer signs",
    async run(target) {
      const keys = await keysAt(text((await target.metadata()).jwks_uri, "jwks_uri"));
      for (const key of keys) {
        same(key.use, "sig", "use");
        for (const secret of ["d", "p", "q", "dp", "dq", "qi", "k"])
          must(!(secret in key), `a key shows its ${secret}`);
      }
      same(new Set(keys.map(({ kid }) => kid)).size, keys.length, "how many kids there are");
    },
  },
  {
    section: "2",
    level: "MUST",
    text: "Endpoints are https, or on this machine alone",
    async run(target) {
      for (const [name, value] of Object.entries(await target.metadata())) {
        if (!/_endpoint$|_uri$/.test(name)) continue;
        const { protocol, hostname } = new URL(text(value, name));
        const here = hostname === "127.0.0.1" || hostname === "localhost" || hostname.endsWith(".localhost");
        must(protocol === "https:" || here, `${name} is ${value}`);
      }
    },
  },
]);

/** Asks the guard of `own` for its metadata. */
async function resourceMetadata(target: Target) {
  const { uri: resource, scopes } = target.need("own");
  const guard = await guardOf(target, { resource, scopes });
  const { pathname, origin } = new URL(resource);
  const path = `/.well-known/oauth-protected-resource${pathname === "/" ? "" : pathname}`;
  return { guard, url: `${origin}${path}`, reply: guard.metadata?.answer({ method: "GET", url: path }) };
}

const resourceRows = rowsOf("RFC 9728", [
  {
    section: "3.1",
    level: "MUST",
    text: "A resource's metadata is JSON at the well-known address of its identifier",
    library: true,
    async run(target) {
      const { reply, guard, url } = await resourceMetadata(target);
      same(guard.metadata?.url, url, "its address");
      must(reply?.status === 200, `answered ${reply?.status}`);
      must(/^application\/json\b/.test(reply.headers["Content-Type"] ?? ""), "it is not application/json");
      object(JSON.parse(String(reply.body)), "the metadata");
    },
  },
  {
    section: "3.3",
    level: "MUST",
    text: "resource is the very identifier that tokens have as aud; the issuer stands in authorization_servers",
    library: true,
    async run(target) {
      const { reply } = await resourceMetadata(target);
      const { resource, authorization_servers: servers } = JSON.parse(String(reply?.body));
      same([resource, servers], [target.need("own").uri, [target.issuer]], "resource and authorization_servers");
    },
  },
  {
    section: "2",
    level: "SHOULD",
    text: "Where only bound tokens are taken, dpop_bound_access_tokens_required says so",
    library: true,
    async run(target) {
      const { reply } = await resourceMetadata(target);
      same(JSON.parse(String(reply?.body)).dpop_bound_access_tokens_required, true, "the member");
    },
  },
  {
    section: "5.1",
    level: "MUST",
    text: "A challenge names the metadata's address as resource_metadata",
    library: true,
    async run(target) {
      const { guard, url } = await resourceMetadata(target);
      const judged = await guard.authenticate({ method: "GET", url: "/", headers: {} });
      const challenge = judged.ok ? "" : (judged.error.reply.headers["WWW-Authenticate"] ?? "");
      must(challenge.includes(`resource_metadata="${url}"`), `it says ${challenge}`);
    },
  },
]);

const bundleUri = async (target: Target) =>
  text((await target.metadata()).lanyard_spiffe_bundle_uri, "the bundle's address");

const bundleRows = rowsOf("SPIFFE bundle", [
  {
    section: "4.1",
    level: "MUST",
    text: "The bundle is a JWK set; each JWT authority has use jwt-svid and a kid",
    async run(target) {
      for (const key of await keysAt(await bundleUri(target))) {
        same(key.use, "jwt-svid", "use");
        text(key.kid, "kid");
        must(!("d" in key), "a key is private");
      }
    },
  },
  {
    section: "4.1.3",
    level: "SHOULD",
    text: "spiffe_refresh_hint says how many seconds it may be kept",
    async run(target) {
      const { spiffe_refresh_hint: hint } = (await fetched(await bundleUri(target))).json;
      must(Number.isInteger(hint) && Number(hint) > 0, `it is ${hint}`);
    },
  },
  {
    section: "4.2",
    level: "MUST",
    text: "An SVID verifies by the bundle's keys, for the issuer as audience",
    by: "jose",
    async run(target) {
      const { id, identity } = await target.actor("worker");
      const { kid, alg } = headerOf(identity);
      const jwk = (await keysAt(await bundleUri(target))).find((key) => key.kid === kid);
      must(jwk !== undefined, `the bundle has no key ${kid}`);
      // jose's key sets pass over keys of use jwt-svid, as SPIFFE means them to be: the key is taken by hand
      const key = await importJWK(jwk, String(alg));
      const { payload } = await jwtVerify(identity, key, { audience: target.issuer });
      same(payload.sub, id, "sub");
    },
  },
  {
    section: "4.2",
    level: "MUST",
    text: "An SVID's key stands in the bundle alone: nobody who verifies tokens holds it",
    async run(target) {
      const { kid } = headerOf((await target.actor("worker")).identity);
      const own = await keysAt(await bundleUri(target));
      const keys = await keysAt(text((await target.metadata()).jwks_uri, "jwks_uri"));
      must(own.some((key) => key.kid === kid) && !keys.some((key) => key.kid === kid), `${kid} stands elsewhere`);
    },
  },
]);

export const metadataRows: readonly Row[] = [...issuerRows, ...resourceRows, ...bundleRows];
