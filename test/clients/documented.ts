import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import { describe, expect, it } from "vitest";
import { accessTokenType, sessionTokenType, tokenExchangeGrant } from "../../core/model/wire.ts";
import { fetchFor } from "../../examples/standard-clients/mcp-client.ts";
import { connect as connectOauth } from "../../examples/standard-clients/oauth4webapi.ts";
import {
  connect as connectOpenid,
  type Attested as Documented,
} from "../../examples/standard-clients/openid-client.ts";
import type { Attested, Ground } from "./ground.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(join(root, path), "utf8");

/** An attested agent as the documentation's lines take one. */
const documented = ({ id, pair, assert }: Attested): Documented => ({
  id,
  keys: pair,
  identity: async () => {
    const form = new URLSearchParams();
    assert(form);
    return String(form.get("client_assertion"));
  },
});

/** The lines of docs/standard-clients.md, driven as they stand there. */
export function documentedClients(given: () => { ground: Ground; clerk: Attested; keeper: Attested }): void {
  describe("docs/standard-clients.md, line by line", () => {
    it.each(["openid-client", "oauth4webapi", "mcp-client"])("shows the very lines for %s that run below", (name) => {
      const lines = read(`examples/standard-clients/${name}.ts`);
      expect(read("docs/standard-clients.md")).toContain(`\`\`\`ts\n${lines}\`\`\`\n`);
    });

    it("openid-client: gets a token, calls, introspects and revokes", async () => {
      const { ground, clerk, keeper } = given();
      const plain = { execute: [openid.allowInsecureRequests] };
      const { config, DPoP } = await connectOpenid(ground.issuer, documented(clerk), plain);
      const wanted = { resource: ground.strict.uri, scope: "desk:read" };
      const { access_token: token } = await openid.clientCredentialsGrant(config, wanted, { DPoP });
      const url = new URL(ground.strict.uri);
      const answer = await openid.fetchProtectedResource(config, token, url, "GET", undefined, undefined, { DPoP });
      expect([answer.status, await answer.text()]).toEqual([200, "hello"]);
      const server = await connectOpenid(ground.issuer, documented(keeper), plain);
      expect(await openid.tokenIntrospection(server.config, token)).toMatchObject({
        active: true,
        client_id: clerk.id,
      });
      const session = {
        subject_token: token,
        subject_token_type: accessTokenType,
        requested_token_type: sessionTokenType,
      };
      const own = await openid.genericGrantRequest(
        config,
        tokenExchangeGrant,
        { ...session, lifetime_seconds: "1800" },
        { DPoP },
      );
      expect(own).toMatchObject({ issued_token_type: sessionTokenType, token_type: "n_a" });
      await openid.tokenRevocation(config, token);
      expect(await openid.tokenIntrospection(server.config, token)).toEqual({ active: false });
    });

    it("oauth4webapi: gets a token, calls, introspects and revokes", async () => {
      const { ground, clerk, keeper } = given();
      const plain = { [oauth.allowInsecureRequests]: true };
      const client = await connectOauth(ground.issuer, documented(clerk), plain);
      const { access_token: token } = await client.token({ resource: ground.strict.uri, scope: "desk:read" });
      const answer = await client.call(token, new URL(ground.strict.uri));
      expect([answer.status, await answer.text()]).toEqual([200, "hello"]);
      const server = await connectOauth(ground.issuer, documented(keeper), plain);
      expect(await server.introspect(token)).toMatchObject({ active: true, client_id: clerk.id });
      await client.revoke(token);
      expect(await server.introspect(token)).toEqual({ active: false });
    });

    it("the MCP SDK: opens a server by a token of its own", async () => {
      const { ground, clerk } = given();
      const call = await fetchFor(documented(clerk), ground.strict.uri);
      const answer = await call(ground.strict.uri);
      expect([answer.status, await answer.text()]).toEqual([200, "hello"]);
    });
  });

  it("a client that reads only challenges which begin with Bearer finds the metadata where bearer tokens are taken", async () => {
    const { ground } = given();
    const challenge = (await fetch(ground.legacy.uri)).headers.get("www-authenticate") ?? "";
    const [scheme, rest] = challenge.split(" ");
    expect([scheme, rest === undefined]).toEqual(["Bearer", false]);
    const metadata = /^Bearer [^,]*(?:, )?resource_metadata="([^"]+)"|resource_metadata="([^"]+)"/.exec(challenge);
    const { resource } = (await (await fetch(String(metadata?.[1] ?? metadata?.[2]))).json()) as { resource: string };
    expect(resource).toBe(ground.legacy.uri);
    const { origin } = new URL(ground.legacy.uri);
    const atRoot = await fetch(`${origin}/.well-known/oauth-protected-resource`);
    expect(await atRoot.json()).toMatchObject({ resource, authorization_servers: [ground.issuer] });
  });
}
