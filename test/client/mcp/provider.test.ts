import { UnauthorizedError } from "@modelcontextprotocol/client";
import { generateKeyPair, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import {
  attested,
  type ClientAuthentication,
  clientSecret,
  createMcpProvider,
  type Grant,
  idJag,
  jwtBearer,
  type McpProviderInput,
  privateKeyJwt,
  publicClient,
  signIn,
} from "../../../client/mcp.ts";
import { customers } from "../../kit/registry.ts";
import { serve } from "../../kit/serve.ts";
import type { Answers } from "../../kit/wire/server.ts";
import { openMcp } from "./ground.ts";

const json = (value: object, status = 200) => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});

/** An authorization server and an MCP server behind it on this machine, that answer what a test wants. */
async function openForeign({
  token = () => json({ access_token: "t", token_type: "DPoP", expires_in: 60 }),
  ...more
}: {
  token?: (form: URLSearchParams) => ReturnType<typeof json>;
  issuer?: string;
  resource?: string;
} = {}) {
  const forms: URLSearchParams[] = [];
  const headers: (string | undefined)[] = [];
  const answers: Answers = async (asked) => {
    if (asked.path === "/.well-known/oauth-protected-resource/mcp")
      return json({ resource: more.resource ?? `${at.origin}/mcp`, authorization_servers: [more.issuer ?? at.origin] });
    if (asked.path === "/.well-known/oauth-authorization-server")
      return json({
        issuer: at.origin,
        token_endpoint: `${at.origin}/token`,
        authorization_endpoint: `${at.origin}/authorize`,
        response_types_supported: ["code"],
        code_challenge_methods_supported: ["S256"],
        token_endpoint_auth_methods_supported: ["client_secret_basic", "private_key_jwt", "none"],
      });
    if (asked.path === "/token") {
      const form = new URLSearchParams(asked.body);
      forms.push(form);
      headers.push(asked.headers.authorization);
      return token(form);
    }
    if (asked.path === "/mcp" && asked.headers.authorization === undefined)
      return { status: 401, headers: { "www-authenticate": `DPoP scope="a"` } };
    return asked.path === "/mcp" ? { status: 202 } : { status: 404 };
  };
  const at = await serve(answers);
  const start = async (client: ClientAuthentication, grant?: Grant, input: Partial<McpProviderInput> = {}) => {
    const provider = await createMcpProvider({
      server: `${at.origin}/mcp`,
      issuer: at.origin,
      client,
      ...(grant ? { grant } : {}),
      ...input,
    });
    const transport = await provider.transport();
    await transport.start();
    return { provider, transport, send: () => transport.send({ jsonrpc: "2.0", method: "notifications/progress" }) };
  };
  return { origin: at.origin, forms, headers, start, asked: at.asked };
}

describe("how a client says who it is", () => {
  test("a secret goes to the pinned issuer, in the header, and no assertion beside it", async () => {
    const foreign = await openForeign();
    await (await foreign.start(clientSecret({ id: "me", secret: "hush" }))).send();
    expect(foreign.headers).toEqual([`Basic ${Buffer.from("me:hush").toString("base64")}`]);
    expect(Object.fromEntries(foreign.forms[0] ?? [])).toEqual({
      grant_type: "client_credentials",
      scope: "a",
      resource: `${foreign.origin}/mcp`,
    });
  });

  test("private_key_jwt: a new assertion for each request, whose only audience is the issuer", async () => {
    const { privateKey, publicKey } = await generateKeyPair("ES256");
    let refuse = true;
    const foreign = await openForeign({
      token: () => {
        const nonce = refuse;
        refuse = false;
        return nonce
          ? {
              ...json({ error: "use_dpop_nonce" }, 400),
              headers: { "content-type": "application/json", "dpop-nonce": "n" } as never,
            }
          : json({ access_token: "t", token_type: "DPoP", expires_in: 60 });
      },
    });
    await (await foreign.start(privateKeyJwt({ id: "me", key: privateKey, alg: "ES256", kid: "k" }))).send();
    const assertions = foreign.forms.map((form) => String(form.get("client_assertion")));
    expect(assertions).toHaveLength(2);
    const read = await Promise.all(assertions.map((one) => jwtVerify(one, publicKey)));
    for (const { payload, protectedHeader } of read) {
      expect(payload).toMatchObject({ iss: "me", sub: "me", aud: foreign.origin });
      expect(Number(payload.exp) - Number(payload.iat)).toBeLessThanOrEqual(60);
      expect(protectedHeader.kid).toBe("k");
    }
    expect(new Set(read.map(({ payload }) => payload.jti)).size).toBe(2);
  });

  test("nothing: client_id alone, or not even that for a workload whose document names it", async () => {
    const foreign = await openForeign();
    await (
      await foreign.start(
        publicClient({ id: "me" }),
        jwtBearer(() => "a.b.c"),
      )
    ).send();
    await (
      await foreign.start(
        publicClient(),
        jwtBearer(() => "a.b.c"),
      )
    ).send();
    expect(foreign.forms.map((form) => [form.get("client_id"), form.get("assertion")])).toEqual([
      ["me", "a.b.c"],
      [null, "a.b.c"],
    ]);
  });

  test("as an attested agent: a key that the agent was not created with is told before anything is sent", async () => {
    const mcp = await openMcp({ tools: { list: ["customers:read"] } });
    const pair = () => crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
    const [key, other] = [await pair(), await pair()];
    const client = attested({ agent: mcp.agent("researcher", { key }), key: other });
    const { connect } = await mcp.connect("researcher", { client });
    await expect(connect()).rejects.toMatchObject({ code: "proof_refused" });
    expect(mcp.sent.filter(({ form }) => form.has("client_assertion"))).toEqual([]);
  });
});

describe("whom a client tells what", () => {
  test("threat 43: a server that names another authorization server gets nothing of the client", async () => {
    const attacker = await openForeign();
    const foreign = await openForeign({ issuer: attacker.origin });
    for (const client of [clientSecret({ id: "me", secret: "hush" }), publicClient({ id: "me" }), publicClient()]) {
      const { send } = await foreign.start(
        client,
        jwtBearer(() => "workload.document.secret"),
      );
      await expect(send()).rejects.toThrow(/issuer|authorization server/i);
    }
    expect([attacker.forms, foreign.forms]).toEqual([[], []]);
  });

  test("threat 43: a resource that is not the server's own is refused before anybody is asked for a token", async () => {
    const foreign = await openForeign({ resource: "https://bank.example/mcp" });
    const { send } = await foreign.start(publicClient({ id: "me" }));
    await expect(send()).rejects.toThrow(/does not match/);
    expect(foreign.forms).toEqual([]);
  });

  test("threat 43: the token goes to the server, and to no other path or host, though a transport of another is given the provider", async () => {
    const [foreign, other] = [await openForeign(), await openForeign()];
    const { provider, send } = await foreign.start(publicClient({ id: "me" }));
    await send();
    const headers = { authorization: "DPoP t", dpop: "p" };
    for (const url of [`${other.origin}/mcp`, `${foreign.origin}/admin`, `${foreign.origin}/mcp/../admin`])
      await expect(provider.fetch(url, { headers }), url).rejects.toMatchObject({ code: "outside_resource" });
    expect(other.asked).toEqual([]);
    expect((await provider.fetch(`${foreign.origin}/mcp`, { method: "POST", headers })).status).toBe(202);
  });

  test("addresses without TLS are refused, save those of this machine", async () => {
    const client = publicClient({ id: "me" });
    await expect(
      createMcpProvider({ server: "http://a.example", issuer: "https://b.example", client }),
    ).rejects.toThrow(/https/);
    await expect(
      createMcpProvider({ server: "https://a.example", issuer: "http://b.example", client }),
    ).rejects.toThrow(/https/);
  });
});

describe("what a client takes", () => {
  test("threat 9: a token that is not bound to the key is refused, unless the caller prefers it to none", async () => {
    const token = () => json({ access_token: "t", token_type: "Bearer", expires_in: 60 });
    const strict = await openForeign({ token });
    await expect((await strict.start(publicClient({ id: "me" }))).send()).rejects.toThrow(/not bound/);
    const lax = await openForeign({ token });
    await (await lax.start(publicClient({ id: "me" }), undefined, { dpop: "preferred" })).send();
    expect(lax.asked.at(-1)?.headers.authorization).toBe("Bearer t");
  });

  test.each(["invalid_grant", "unauthorized_client", "invalid_scope"])(
    "%s: an assertion that was refused is not sent again, though the SDK tries",
    async (error) => {
      const foreign = await openForeign({ token: () => json({ error }, 400) });
      const { send } = await foreign.start(
        publicClient({ id: "me" }),
        jwtBearer(() => "a.b.c"),
      );
      await expect(send()).rejects.toThrow();
      expect(foreign.forms).toHaveLength(1);
    },
  );

  test("a fresh assertion is sent in the place of a refused one, once", async () => {
    const foreign = await openForeign({ token: () => json({ error: "invalid_grant" }, 400) });
    let made = 0;
    const { send } = await foreign.start(
      publicClient({ id: "me" }),
      jwtBearer(() => `a.b.${made++}`),
    );
    await expect(send()).rejects.toThrow();
    expect(foreign.forms.map((form) => form.get("assertion"))).toEqual(["a.b.0", "a.b.1"]);
  });
});

describe("an identity provider's assertion", () => {
  test("is asked for with the issuer as audience and the server's resource, and sent on", async () => {
    const foreign = await openForeign();
    const provider = await serve({
      "/token": () =>
        json({
          access_token: "id.j.ag",
          issued_token_type: "urn:ietf:params:oauth:token-type:id-jag",
          token_type: "N_A",
        }),
    });
    const grant = idJag({ tokenEndpoint: `${provider.origin}/token`, clientId: "host", idToken: () => "id.to.ken" });
    await (await foreign.start(publicClient({ id: "me" }), grant)).send();
    expect(Object.fromEntries(new URLSearchParams(provider.asked[0]?.body))).toMatchObject({
      audience: foreign.origin,
      resource: `${foreign.origin}/mcp`,
      scope: "a",
      subject_token: "id.to.ken",
      client_id: "host",
    });
    expect(foreign.forms[0]?.get("assertion")).toBe("id.j.ag");
  });
});

describe("a sign-in", () => {
  async function opened() {
    const foreign = await openForeign();
    const urls: URL[] = [];
    const grant = signIn({ redirectUrl: "http://localhost:9/back", open: (url) => void urls.push(url) });
    const made = await foreign.start(publicClient({ id: "me" }), grant);
    await expect(made.send()).rejects.toThrow(UnauthorizedError);
    const state = String(urls[0]?.searchParams.get("state"));
    return { ...made, foreign, state, url: urls[0] };
  }

  test("goes by PKCE and ends with the token, by the code that came back", async () => {
    const { provider, transport, send, foreign, state, url } = await opened();
    expect(url?.searchParams.get("code_challenge_method")).toBe("S256");
    await provider.signedIn(transport, `http://localhost:9/back?code=c&state=${state}`);
    expect(foreign.forms[0]?.get("code")).toBe("c");
    expect(String(foreign.forms[0]?.get("code_verifier")).length).toBeGreaterThan(42);
    await send();
  });

  test("takes no code that another sign-in brought, nor the same one twice", async () => {
    const { provider, transport, foreign, state } = await opened();
    const back = (text: string) => provider.signedIn(transport, `http://localhost:9/back?code=c${text}`);
    await expect(back("&state=other")).rejects.toMatchObject({ code: "request_refused" });
    await expect(back(`&state=${state}`)).rejects.toMatchObject({ code: "request_refused" });
    await expect(back("")).rejects.toMatchObject({ code: "request_refused" });
    expect(foreign.forms).toEqual([]);
  });
});

test("details that a refusal names are asked for, when they are few and well formed", async () => {
  const mcp = await openMcp({ tools: { list: ["customers:read"] } });
  for (const [body, expected] of [
    [{ authorization_details: [{ type: "a", b: 1 }] }, [{ type: "a", b: 1 }]],
    [{ authorization_details: [{ b: 1 }] }, null],
    [{ authorization_details: "a" }, null],
    [{ authorization_details: [{ type: "a", b: "x".repeat(5_000) }] }, null],
    [{ authorization_details: [] }, null],
  ] as const) {
    const answers = [new Response(JSON.stringify(body), { status: 401 })];
    const fetch: typeof globalThis.fetch = async () => answers.shift() ?? new Response();
    const { provider } = await mcp.connect("researcher", { fetch });
    await provider.fetch(`${customers}/mcp`);
    const asked = (await provider.prepareTokenRequest?.("s"))?.get("authorization_details") ?? null;
    expect(asked && JSON.parse(asked)).toEqual(expected);
  }
});
