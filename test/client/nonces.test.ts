import { beforeEach, describe, expect, test } from "vitest";
import { createNonceMemory } from "../../client/agent/nonce-memory.ts";
import { createResourceNonces } from "../../client/resource/resource-nonces.ts";
import { createIntrospectEndpoint } from "../../core/endpoints/introspect.ts";
import { createRevokeEndpoint } from "../../core/endpoints/revoke.ts";
import { createTokenEndpoint } from "../../core/endpoints/token.ts";
import { type DpopNonces, withDpopNonce } from "../../core/jose/dpop.ts";
import { decodeUnverified } from "../../core/jose/jwt.ts";
import { outcomeOf } from "../kit/outcome.ts";
import { tickets } from "../kit/registry.ts";
import { createDeployment, type Deployment, urls } from "./deployment.ts";

let cloud: Deployment;
let nonces: DpopNonces;
beforeEach(async () => {
  cloud = await createDeployment();
  nonces = createResourceNonces({ resource: "the issuer", clock: cloud.clock });
  // the issuer's own endpoints demand nonces from here on
  const deps = { ...cloud.deps, nonces };
  for (const [url, endpoint] of [
    [urls.token, createTokenEndpoint(deps)],
    [urls.introspect, createIntrospectEndpoint(deps)],
    [urls.revoke, createRevokeEndpoint(deps)],
  ] as const)
    cloud.byOrigin.set(new URL(url).origin, withDpopNonce(endpoint, nonces));
});

const grants = [{ resource: tickets, scopes: ["tickets:read"] }];
const open = (agent = cloud.agent("researcher")) => agent.open({ grants, renewable: true });
const nonceOf = (sent: { headers: Headers }) =>
  decodeUnverified(sent.headers.get("dpop") ?? "")?.payload.nonce as string | undefined;

describe("an agent whose issuer demands nonces", () => {
  test("comes back once with the nonce, and remembers it for its next call", async () => {
    const session = await open();
    expect(cloud.sentTo(urls.token).map(nonceOf)).toEqual([undefined, await nonces.current()]);
    await session.accessToken(tickets);
    expect(cloud.sentTo(urls.token)).toHaveLength(3);
    await session.end();
    // another server of the deployment: it is asked without a nonce first, none is carried over
    expect(cloud.sentTo(urls.revoke).map(nonceOf)).toEqual([undefined, await nonces.current()]);
  });

  test("is served by a fresh nonce after minutes of silence", async () => {
    const session = await open();
    cloud.time.seconds += 240;
    await session.accessToken(tickets);
    expect(cloud.sentTo(urls.token)).toHaveLength(4);
  });

  test("does not come back twice: a server that never takes its own nonce cannot keep it busy", async () => {
    cloud.intercept.answer = ({ url }) =>
      url === urls.token
        ? new Response(JSON.stringify({ error: "use_dpop_nonce" }), {
            status: 400,
            headers: { "dpop-nonce": "again", "content-type": "application/json" },
          })
        : undefined;
    await expect(open()).rejects.toMatchObject({ code: "proof_refused" });
    expect(cloud.sentTo(urls.token)).toHaveLength(2);
  });
});

describe("a resource server that demands nonces", () => {
  const url = `${tickets}/things`;
  /** Answers calls to `url` by the guard itself. */
  const serve = (server: ReturnType<Deployment["server"]>) => {
    cloud.intercept.answer = async (sent) => {
      if (sent.url !== url) return undefined;
      const evaluated = await outcomeOf(server.authenticate({ method: "POST", url: "/things", headers: sent.headers }));
      if (evaluated.ok) return new Response("ok", { headers: evaluated.value.answerHeaders });
      const { status, headers, body } = evaluated.error.reply;
      return new Response(body, { status, headers });
    };
  };
  const ask = { method: "POST", resource: tickets };

  test("answers 401 with a nonce, serves the proof that carries it, and hands out the newest on success", async () => {
    const session = await open();
    serve(cloud.server(tickets, { nonces: true }));
    const answer = await session.fetch(url, { ...ask, body: "{}" });
    expect([answer.status, answer.headers.get("cache-control")]).toEqual([200, "no-store"]);
    const [first, second] = cloud.sentTo(url);
    expect([first && nonceOf(first), second && nonceOf(second)]).toEqual([undefined, answer.headers.get("dpop-nonce")]);
    expect(second?.body).toBe("{}");
    await session.fetch(url, ask);
    expect(cloud.sentTo(url)).toHaveLength(3);
  });

  test("tells in its challenge what is missing, and where its metadata is", async () => {
    const session = await open();
    serve(cloud.server(tickets, { nonces: true }));
    const body = new ReadableStream({ start: (controller) => controller.close() });
    // a body that cannot be sent again is not: the caller sees the challenge itself
    const answer = await session.fetch(url, { ...ask, body, duplex: "half" } as Parameters<typeof session.fetch>[1]);
    expect(cloud.sentTo(url)).toHaveLength(1);
    expect(answer.status).toBe(401);
    const challenge = answer.headers.get("www-authenticate") ?? "";
    expect(challenge).toMatch(/^DPoP error="use_dpop_nonce", /);
    expect(challenge).toContain(`resource_metadata="${tickets}/.well-known/oauth-protected-resource"`);
    expect(challenge).toContain('algs="ES256 ES384 Ed25519 EdDSA RS256 PS256"');
    expect(answer.headers.get("dpop-nonce")).toMatch(/^\d+\.[\w-]{43}$/);
  });

  test("takes nonces of its other processes by a shared secret, and no other server's", async () => {
    const secret = Buffer.alloc(32, 7);
    const of = (resource: string, bytes: Uint8Array) =>
      createResourceNonces({ resource, secret: bytes, clock: cloud.clock });
    const nonce = await of(tickets, secret).current();
    expect(await of(tickets, secret).accepts(nonce)).toBe(true);
    expect(await of("https://other.example", secret).accepts(nonce)).toBe(false);
    expect(await of(tickets, Buffer.alloc(32, 8)).accepts(nonce)).toBe(false);
    expect(() => of(tickets, Buffer.alloc(31))).toThrow(RangeError);
  });
});

describe("the memory of nonces", () => {
  const headers = (nonce: string) => new Headers({ "dpop-nonce": nonce });

  test("keeps the newest of each server, and shows none to another", () => {
    const memory = createNonceMemory();
    memory.note("https://a.example/token", headers("one"));
    memory.note("https://a.example/elsewhere", headers("two"));
    expect(memory.of("https://a.example/token")).toBe("two");
    for (const url of ["https://b.example/token", "http://a.example/token", "https://a.example:444/token"])
      expect(memory.of(url)).toBeUndefined();
  });

  test("takes nothing that RFC 9449 8.1 would not call a nonce, and nothing endless", () => {
    const memory = createNonceMemory();
    for (const nonce of ["with space", 'quo"te', "back\\slash", "x".repeat(513)])
      expect(memory.note("https://a.example/", headers(nonce))).toBeUndefined();
    expect(memory.of("https://a.example/")).toBeUndefined();
  });

  test("of more servers than it holds forgets the one heard of longest ago", () => {
    const memory = createNonceMemory();
    for (let i = 0; i <= 100; i++) memory.note(`https://s${i}.example/`, headers(`n${i}`));
    expect(memory.of("https://s0.example/")).toBeUndefined();
    expect(memory.of("https://s1.example/")).toBe("n1");
    expect(memory.of("https://s100.example/")).toBe("n100");
  });
});
