import {
  DpopSession,
  discoverAuthorizationServerMetadata,
  discoverOAuthProtectedResourceMetadata,
  type OAuthClientProvider,
  type OAuthTokens,
  withOAuth,
} from "@modelcontextprotocol/client";
import { spiffeAssertionType } from "../../../core/model/wire.ts";
import { outcomeOf } from "../../../test/kit/outcome.ts";
import { must, same } from "../../expect.ts";
import { ownAccess, sharedAccess } from "../../flows.ts";
import { fetchOf, guardOf, show } from "../../guard.ts";
import { type RowOf, rowsOf } from "../../row.ts";
import type { Actor, Target } from "../../target.ts";

/** What a host of MCP clients writes: how to authenticate, and where to keep tokens. */
function providerOf({ id, identity }: Actor, dpop: DpopSession) {
  const made: OAuthClientProvider & { kept: OAuthTokens | undefined } = {
    kept: undefined,
    redirectUrl: undefined,
    clientMetadata: { redirect_uris: [], grant_types: ["client_credentials"] },
    clientInformation: () => ({ client_id: id }),
    tokens: () => made.kept,
    saveTokens: (tokens) => {
      made.kept = tokens;
    },
    redirectToAuthorization: () => {
      throw new Error("agents have no browser");
    },
    saveCodeVerifier: () => undefined,
    codeVerifier: () => "",
    addClientAuthentication: (_headers, params) => {
      params.set("client_assertion_type", spiffeAssertionType);
      params.set("client_assertion", identity);
    },
    prepareTokenRequest: (scope) =>
      new URLSearchParams({ grant_type: "client_credentials", ...(scope ? { scope } : {}) }),
    dpop: () => dpop,
  };
  return made;
}

const guarded = async (target: Target, nonces = false) => {
  const { uri, scopes } = target.need("own");
  const guard = await guardOf(target, { resource: uri, scopes: scopes.slice(0, 1), ...(nonces ? { nonces } : {}) });
  return { guard, uri, through: fetchOf(guard, uri) };
};

const challengeOf = (evaluated: Awaited<ReturnType<typeof show>>): string =>
  evaluated.ok ? "" : (evaluated.error.reply.headers["WWW-Authenticate"] ?? "");

const bySdk = (rows: readonly Omit<RowOf, "by" | "level">[]): readonly RowOf[] =>
  rows.map((row) => ({ ...row, by: "the MCP SDK", level: "MUST" }));

export const mcpRows = rowsOf("MCP authorization", [
  ...bySdk([
    {
      section: "discovery",
      text: "A client finds the issuer from a resource's metadata, and accepts the issuer's own",
      async run(target) {
        const { uri, through } = await guarded(target);
        const found = await discoverOAuthProtectedResourceMetadata(uri, {}, through);
        same(found.authorization_servers, [target.issuer], "authorization_servers");
        const metadata = await discoverAuthorizationServerMetadata(target.issuer);
        same(metadata?.issuer, target.issuer, "issuer");
      },
    },
    {
      section: "access",
      text: "A client opens a resource by a bound token of its own, from a 401 on",
      async run(target) {
        const { uri, through } = await guarded(target, true);
        const actor = await target.actor("worker");
        const keyPair = { ...actor.key.pair, publicJwk: actor.key.jwk, thumbprint: actor.key.jkt, alg: "ES256" };
        const mine = providerOf(actor, await DpopSession.create({ keyPair: keyPair as never }));
        const answer = await withOAuth(mine, uri)(through)(uri);
        same([answer.status, await answer.text()], [200, "hello"], "the answer");
        same(mine.kept?.token_type, "DPoP", "token_type");
      },
    },
  ]),
  {
    section: "errors",
    level: "MUST",
    text: "A request without a token is answered 401 with resource_metadata and the scopes to ask for",
    library: true,
    async run(target) {
      const { uri, guard, through } = await guarded(target);
      const answer = await through(uri);
      const challenge = answer.headers.get("www-authenticate") ?? "";
      same(answer.status, 401, "status");
      must(challenge.includes(`resource_metadata="${guard.metadata?.url}"`), `it says ${challenge}`);
      must(challenge.includes(`scope="${target.need("own").scopes[0]}"`), `it says ${challenge}`);
    },
  },
  {
    section: "errors",
    level: "MUST",
    text: "A token without the scope is answered 403 insufficient_scope, with every scope that is needed",
    async run(target) {
      const { scopes, uri: resource } = target.need("own");
      const { guard } = await guarded(target);
      const evaluated = await show({
        guard,
        actor: await target.actor("worker"),
        token: await sharedAccess(target),
        resource,
      });
      const allowed = evaluated.ok ? await outcomeOf(() => evaluated.value.requires(...scopes)) : evaluated;
      must(!allowed.ok, "it was allowed");
      const { status, headers } = allowed.error.reply;
      same(status, 403, "status");
      const challenge = headers["WWW-Authenticate"] ?? "";
      must(challenge.includes('error="insufficient_scope"'), `it says ${challenge}`);
      must(challenge.includes(`scope="${scopes.join(" ")}"`), `it says ${challenge}`);
    },
  },
  {
    section: "tokens",
    level: "MUST",
    text: "A resource takes no token in the address, and none that is for another resource",
    async run(target) {
      const { guard, uri } = await guarded(target);
      const url = `/?access_token=${await sharedAccess(target)}`;
      const queried = await outcomeOf(guard.authenticate({ method: "GET", url, headers: {} }));
      same(queried.ok ? 200 : queried.error.reply.status, 401, "the status for a token in the address");
      const other = await ownAccess(target, target.need("other"));
      const evaluated = await show({ guard, actor: await target.actor("worker"), token: other, resource: uri });
      must(!evaluated.ok && /error="invalid_token"/.test(challengeOf(evaluated)), "another resource's token was taken");
    },
  },
]);
