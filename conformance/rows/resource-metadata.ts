import { must, object, same } from "../expect.ts";
import { guardOf } from "../guard.ts";
import { rowsOf } from "../row.ts";
import type { Target } from "../target.ts";

/** Asks the guard of `own` for its metadata. */
async function resourceMetadata(target: Target) {
  const { uri: resource, scopes } = target.need("own");
  const guard = await guardOf(target, { resource, scopes });
  const { pathname, origin } = new URL(resource);
  const path = `/.well-known/oauth-protected-resource${pathname === "/" ? "" : pathname}`;
  return { guard, url: `${origin}${path}`, reply: guard.metadata?.answer({ method: "GET", url: path }) };
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
