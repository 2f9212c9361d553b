import type { ResourceServer } from "../../../client/verify.ts";
import { outcomeOf } from "../../../test/kit/outcome.ts";
import { must, object, same } from "../../expect.ts";
import { guardOf } from "../../guard.ts";
import { rowsOf } from "../../row.ts";
import type { Target } from "../../target.ts";

/** What the guard itself answers to whoever has no token. */
async function answered(guard: ResourceServer, url: string, method = "GET", headers = {}) {
  const evaluated = await outcomeOf(guard.authenticate({ method, url, headers }));
  must(!evaluated.ok, "a request without a token was let in");
  return evaluated.error.reply;
}

/** Asks the guard of `own` for its metadata. */
async function resourceMetadata(target: Target) {
  const { uri: resource, scopes } = target.need("own");
  const guard = await guardOf(target, { resource, scopes });
  const { pathname, origin } = new URL(resource);
  const path = `/.well-known/oauth-protected-resource${pathname === "/" ? "" : pathname}`;
  return { guard, url: `${origin}${path}`, reply: await answered(guard, path) };
}

export const resourceMetadataRows = rowsOf("RFC 9728", [
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
    section: "3.1",
    level: "MUST",
    text: "The metadata is answered without a token, to pages of any origin, and so is the preflight before a call",
    library: true,
    async run(target) {
      const { guard, url } = await resourceMetadata(target);
      const origin = { origin: "https://page.example" };
      const read = await answered(guard, new URL(url).pathname, "GET", origin);
      same([read.status, read.headers["Access-Control-Allow-Origin"]], [200, "*"], "what a page reads");
      const asked = { ...origin, "access-control-request-method": "POST", "access-control-request-headers": "dpop" };
      const preflight = await answered(guard, "/", "OPTIONS", asked);
      same(preflight.status, 204, "the preflight's status");
      must(/\bDPoP\b/.test(preflight.headers["Access-Control-Allow-Headers"] ?? ""), "a page may not send a proof");
      same((await answered(guard, "/", "OPTIONS", origin)).status, 401, "the status of OPTIONS that is no preflight");
    },
  },
  {
    section: "5.1",
    level: "MUST",
    text: "A challenge names the metadata's address as resource_metadata",
    library: true,
    async run(target) {
      const { guard, url } = await resourceMetadata(target);
      const evaluated = await outcomeOf(guard.authenticate({ method: "GET", url: "/", headers: {} }));
      const challenge = evaluated.ok ? "" : (evaluated.error.reply.headers["WWW-Authenticate"] ?? "");
      must(challenge.includes(`resource_metadata="${url}"`), `it says ${challenge}`);
    },
  },
]);
