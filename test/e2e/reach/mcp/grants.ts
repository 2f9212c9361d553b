import { withOAuth } from "@modelcontextprotocol/client";
import { decodeJwt } from "jose";
import { expect, it } from "vitest";
import {
  createMcpProvider,
  idJag,
  jwtBearer,
  type McpProviderInput,
  privateKeyJwt,
  publicClient,
} from "../../../../client/mcp.ts";
import { clientIdAtLanyard } from "../../../../local/demo/identity-provider/id-jag.ts";
import { application, type Ground, laptopKeyOf } from "../grant-ground.ts";

/** Our provider by every grant and authentication that the issuer takes from clients which attest nothing. */
export function providerCases(ground: () => Ground): void {
  const opened = async (uri: string, wanted: Omit<McpProviderInput, "server" | "issuer">) => {
    const provider = await createMcpProvider({ server: uri, issuer: ground().issuer, ...wanted });
    const answer = await withOAuth(provider, uri)(provider.fetch)(uri);
    const tokens = await provider.tokens();
    return { status: answer.status, type: tokens?.token_type, claims: decodeJwt(String(tokens?.access_token)) };
  };
  const byKey = async (id: string) => privateKeyJwt({ id, key: await laptopKeyOf(), alg: "ES256", kid: "laptop-1" });

  it("our MCP provider opens a server by a registered key, and binds the token to its own", async () => {
    const { laptop, strict } = ground();
    const { status, type, claims } = await opened(strict.uri, { client: await byKey(laptop) });
    expect([status, type, claims.sub]).toEqual([200, "DPoP", laptop]);
  });

  it("our MCP provider opens a server for the person who signed in at the company's provider", async () => {
    const { provider, laptop, strict } = ground();
    const { clientId, clientSecret } = provider.application(application);
    const grant = idJag({
      tokenEndpoint: `${provider.issuer}/token`,
      ...{ clientId, clientSecret },
      idToken: async () => (await provider.signInAs(application)).id_token,
    });
    const { status, type, claims } = await opened(strict.uri, {
      client: await byKey(clientIdAtLanyard(application)),
      grant,
    });
    expect([status, type, claims.act]).toEqual([200, "DPoP", { sub: laptop }]);
    expect(claims.sub).toMatch(/^p_/);
  });

  it("our MCP provider opens a server by a platform's document of its workload, and nothing else", async () => {
    const { runner, strict, workloadToken } = ground();
    const grant = jwtBearer(() => workloadToken());
    const { status, type, claims } = await opened(strict.uri, { client: publicClient(), grant });
    expect([status, type, claims.sub]).toEqual([200, "DPoP", runner]);
  });

  it("our MCP provider takes no bearer token where it is to have a bound one, nor sends a refused document twice", async () => {
    const { legacy, strict, workloadToken } = ground();
    let made = 0;
    const grant = jwtBearer(() => {
      made++;
      return workloadToken({ aud: "https://elsewhere.example", jti: "same" });
    });
    await expect(opened(strict.uri, { client: publicClient(), grant })).rejects.toThrow();
    expect(made).toBeLessThanOrEqual(2);
    const bearer = jwtBearer(() => workloadToken());
    const open = await opened(legacy.uri, { client: publicClient(), grant: bearer, dpop: "never" });
    expect([open.status, open.type]).toEqual([200, "Bearer"]);
    await expect(
      opened(legacy.uri, { client: publicClient(), grant: jwtBearer(() => workloadToken()) }),
    ).rejects.toThrow(/not bound/);
  });
}
