import { inspect } from "node:util";
import { beforeEach, describe, expect, test } from "vitest";
import { LanyardError } from "../../client/error.ts";
import { agentId, tickets } from "../kit/registry.ts";
import { issuer } from "../kit/world/ground.ts";
import { createDeployment, type Deployment, evidenceOf, urls } from "./deployment.ts";

let cloud: Deployment;
beforeEach(async () => {
  cloud = await createDeployment();
});

const grants = [{ resource: tickets, scopes: ["tickets:read"] }];
const open = (name = "planner", more: object = {}) =>
  cloud.agent(name).open({ onBehalfOf: { idToken: cloud.idToken(`${name}-app`) }, grants, ...more });
const json = (body: object, status = 200) => new Response(JSON.stringify(body), { status });
const codeOf = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
    return "done";
  } catch (error) {
    return error instanceof LanyardError ? error.code : `not a LanyardError: ${String(error)}`;
  }
};

describe("threat 17: work from somebody else", () => {
  const offer = async () => {
    const session = await open("planner", { renewable: true });
    return { session, ...(await session.offer({ to: agentId("researcher"), grants })) };
  };

  test.each([
    ["another agent than expected offered it", { offeredBy: agentId("triage"), principal: "anyone" }],
    ["it is for another person than expected", { offeredBy: "anyone", principal: `p_${"b".repeat(32)}` }],
  ])("is refused and ended when %s", async (_, expect_) => {
    const { handle } = await offer();
    const researcher = cloud.agent("researcher");
    expect(await codeOf(researcher.redeem(handle, { expect: expect_ }))).toBe("offer_unexpected");
    // what it got is over: the same agent and key would otherwise get the same session again
    expect(await codeOf(researcher.redeem(handle, { expect: "anything" }))).toBe("request_refused");
  });

  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["an empty word", {}],
    ["from whom alone", { expect: { offeredBy: agentId("planner") } }],
    ["for whom alone", { expect: { principal: `p_${"b".repeat(32)}` } }],
    ["something else", { expect: "everything" }],
  ])("is not asked for where the caller says %s of whose work it takes", async (_, options) => {
    const { session, handle } = await offer();
    const researcher = cloud.agent("researcher");
    const sent = cloud.sent.length;
    await expect(researcher.redeem(handle, options as never)).rejects.toThrow(TypeError);
    expect(cloud.sent.length).toBe(sent);
    // the offer is as it was
    const expect_ = { offeredBy: agentId("planner"), principal: session.principal };
    expect(await codeOf(researcher.redeem(handle, { expect: expect_ }))).toBe("done");
  });

  test("is not to be had by another agent, nor with a second key", async () => {
    const { handle } = await offer();
    expect(await codeOf(cloud.agent("triage").redeem(handle, { expect: "anything" }))).toBe("request_refused");
    expect(await codeOf(cloud.agent("researcher").redeem(handle, { expect: "anything" }))).toBe("done");
    expect(await codeOf(cloud.agent("researcher").redeem(handle, { expect: "anything" }))).toBe("request_refused");
  });

  test("gives the same agent and key the same session again after a lost answer", async () => {
    const { handle } = await offer();
    const researcher = cloud.agent("researcher");
    const [first, again] = [
      await researcher.redeem(handle, { expect: "anything" }),
      await researcher.redeem(handle, { expect: "anything" }),
    ];
    expect(again.sid).toBe(first.sid);
  });

  test("can be withdrawn by its giver, and a child can be ended by it", async () => {
    const { session, handle } = await offer();
    await session.revoke({ offer: handle });
    expect(await codeOf(cloud.agent("researcher").redeem(handle, { expect: "anything" }))).toBe("request_refused");
    const second = await session.offer({ to: agentId("researcher"), grants });
    const child = await cloud.agent("researcher").redeem(second.handle, { expect: "anything" });
    await session.revoke({ session: child.sid });
    expect(await codeOf(child.accessToken(tickets))).toBe("request_refused");
    expect(await codeOf(session.accessToken(tickets))).toBe("done");
  });
});

describe("an answer that is not what was asked for", () => {
  test.each([
    [
      "another agent's identity",
      urls.attest,
      { agent: agentId("triage"), identity_token: "a.b.c", assurance: "fresh", expires_in: 300 },
    ],
    ["no identity", urls.attest, { agent: agentId("planner"), assurance: "fresh", expires_in: 300 }],
    ["no life", urls.attest, { agent: agentId("planner"), identity_token: "a.b.c", assurance: "fresh" }],
    [
      "a session token for an access token",
      urls.token,
      { access_token: "a.b.c", issued_token_type: "lanyard:token-type:session", expires_in: 300 },
    ],
    [
      "a token that is no JWT",
      urls.token,
      { access_token: "abc", issued_token_type: "urn:ietf:params:oauth:token-type:access_token", expires_in: 300 },
    ],
  ])("is refused: %s", async (_, url, body) => {
    cloud.intercept.answer = (sent) => (sent.url === url ? json(body) : undefined);
    expect(await codeOf(open())).toBe("answer_malformed");
  });

  test("is refused: a good token said to be of another kind", async () => {
    cloud.intercept.answer = async ({ url, headers, body }) => {
      if (url !== urls.token) return undefined;
      cloud.intercept.answer = undefined;
      const answer = await cloud.fetch(url, { method: "POST", headers, body });
      return json({ ...((await answer.json()) as object), issued_token_type: "lanyard:token-type:session" });
    };
    expect(await codeOf(open())).toBe("answer_malformed");
  });

  test("is refused: a token bound to another key, though it is the same agent's", async () => {
    const thief = await open("planner");
    const { token } = await thief.accessToken(tickets);
    const body = {
      access_token: token,
      issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
      expires_in: 300,
    };
    cloud.intercept.answer = (sent) => (sent.url === urls.token ? json(body) : undefined);
    expect(await codeOf(open())).toBe("answer_malformed");
  });

  test.each([
    ["HTML", () => new Response("<html>", { status: 200 }), "answer_malformed"],
    [
      "a redirect",
      () => new Response(null, { status: 307, headers: { location: "https://evil.example/" } }),
      "answer_malformed",
    ],
    ["a list", () => json([]), "answer_malformed"],
    ["more than any answer", () => new Response(`{"a":"${"x".repeat(200_000)}"}`), "answer_malformed"],
    ["the platform's own 502", () => new Response("Bad Gateway", { status: 502 }), "unavailable"],
    ["the platform's own 429", () => new Response("Rate Exceeded.", { status: 429 }), "unavailable"],
    ["a broken connection", () => Promise.reject(new TypeError("fetch failed")), "unreachable"],
    ["silence", () => Promise.reject(new DOMException("late", "TimeoutError")), "timeout"],
  ])("%s is a typed error", async (_, answer, code) => {
    cloud.intercept.answer = (sent) => (sent.url === urls.token ? answer() : undefined);
    expect(await codeOf(open())).toBe(code);
    expect(cloud.sent.every(({ url }) => !url.includes("evil"))).toBe(true);
  });
});

describe("threat 29: where tokens go", () => {
  test.each([
    ["another issuer's", { issuer: "https://evil.example" }, "metadata_invalid"],
    ["without a token endpoint", { token_endpoint: undefined }, "metadata_invalid"],
    ["with an endpoint in clear", { token_endpoint: "http://tok.example/" }, "insecure_url"],
    ["with a user name in an endpoint", { token_endpoint: "https://x@evil.example/" }, "insecure_url"],
    ["with a script for an endpoint", { token_endpoint: "javascript:alert(1)" }, "insecure_url"],
  ])("metadata %s is refused before anything is sent", async (_, change, code) => {
    const good = {
      issuer,
      token_endpoint: urls.token,
      introspection_endpoint: urls.introspect,
      revocation_endpoint: urls.revoke,
      lanyard_attestation_endpoint: urls.attest,
    };
    cloud.intercept.answer = (sent) => (sent.url.includes("well-known") ? json({ ...good, ...change }) : undefined);
    expect(await codeOf(open())).toBe(code);
    expect(cloud.sent.every(({ url }) => url.includes("well-known"))).toBe(true);
  });

  test("pinned endpoints and issuers in clear are refused when the agent is made", () => {
    const evidence = evidenceOf("planner");
    const agent = agentId("planner");
    for (const bad of ["http://id.example", "ftp://id.example", "nonsense", "http://127.0.0.1.evil.example"])
      expect(() => cloud.agent("planner", { issuer: bad, agent, evidence })).toThrow(LanyardError);
    expect(() => cloud.agent("planner", { endpoints: { ...urls, token: "http://tok.example/" } })).toThrow(
      LanyardError,
    );
    expect(() => cloud.agent("planner", { issuer: "http://127.0.0.1:8080" })).not.toThrow();
  });

  test("an access token is not sent in clear, nor to where a resource server redirects", async () => {
    const session = await open();
    expect(await codeOf(session.fetch("http://tickets.example/", { resource: tickets }))).toBe("insecure_url");
    const inits: RequestInit[] = [];
    const watched = cloud.agent("planner", {
      fetch: async (url, init = {}) => {
        if (!String(url).startsWith(tickets)) return cloud.fetch(String(url), init);
        inits.push(init);
        return new Response(null, { status: 302, headers: { location: "https://evil.example/" } });
      },
    });
    const second = await watched.open({ onBehalfOf: { idToken: cloud.idToken("planner-app") }, grants });
    expect((await second.fetch(`${tickets}/`, { resource: tickets, redirect: "follow" })).status).toBe(302);
    expect(inits.map(({ redirect }) => redirect)).toEqual(["manual"]);
  });
});

describe("refusals", () => {
  test("an agent that cannot prove itself is told so", async () => {
    const impostor = cloud.agent("planner", { evidence: evidenceOf("triage") });
    expect(await codeOf(impostor.identity())).toBe("attestation_refused");
  });

  test("say what happened, the wire's error and the request, and never repeat a secret", async () => {
    const idToken = cloud.idToken("triage-app");
    const failure = await cloud
      .agent("planner")
      .open({ onBehalfOf: { idToken }, grants })
      .catch((error: unknown) => error);
    if (!(failure instanceof LanyardError)) throw new Error("no refusal");
    expect(failure).toMatchObject({
      code: "request_refused",
      status: 400,
      error: "invalid_request",
      requestId: "request-1",
      retryable: false,
    });
    expect(failure.advice).not.toBe("");
    const secrets = cloud.sent.flatMap(({ form, headers }) => [
      form.get("client_assertion"),
      headers.get("dpop"),
      idToken,
    ]);
    const shown = inspect(failure, { depth: 10, showHidden: true }) + JSON.stringify(failure) + failure.stack;
    for (const secret of secrets) if (secret) expect(shown).not.toContain(secret);
  });

  test("a server's text cannot forge a line of a log", async () => {
    cloud.intercept.answer = (sent) =>
      sent.url === urls.token
        ? json({ error: "invalid_scope\n2026 admin", error_description: `a\r\nb${"x".repeat(999)}` }, 400)
        : undefined;
    const failure = await open().catch((error: unknown) => error);
    expect(failure instanceof LanyardError && [failure.message, failure.error].join("")).not.toMatch(/[\r\n]/);
    expect(failure instanceof LanyardError && failure.message.length).toBeLessThan(500);
  });

  test("evidence that cannot be fetched is named by its kind, without the platform's words", async () => {
    const evidence = { type: "aws-sts-web-identity", collect: () => Promise.reject(new Error("secret AKIA123")) };
    const failure = await cloud
      .agent("planner", { evidence })
      .identity()
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "evidence_failed" });
    expect(inspect(failure, { showHidden: true })).not.toContain("AKIA123");
  });

  test.each([
    ["scopes beyond the registration", { grants: [{ resource: tickets, scopes: ["tickets:admin"] }] }, "scope_refused"],
    [
      "an unknown resource",
      { grants: [{ resource: "https://other.example", scopes: ["tickets:read"] }] },
      "target_refused",
    ],
    ["an unknown detail", { grants: [{ ...grants[0], details: [{ type: "nonsense" }] }] }, "details_refused"],
  ])("%s: %j", async (_, more, code) => {
    expect(await codeOf(open("planner", more))).toBe(code);
  });

  test("policy's no is not to be asked again", async () => {
    cloud.policy.engine = {
      decide: () => ({ allowed: false, policies: ["no"], missing: { who: "agent" }, why: "forbidden" }),
    };
    const failure = await open().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "access_refused", status: 403, retryable: false });
  });

  test("an identity that was cut while it was held is attested again, once", async () => {
    const planner = cloud.agent("planner");
    await planner.identity();
    cloud.store.epochs.set(`agent:${agentId("planner")}`, { epoch: 1, blocked: false });
    const session = await planner.open({ onBehalfOf: { idToken: cloud.idToken("planner-app") }, grants });
    expect(session.agent).toBe(agentId("planner"));
    expect(cloud.sentTo(urls.attest)).toHaveLength(2);
    cloud.intercept.answer = (sent) => (sent.url === urls.token ? json({ error: "invalid_client" }, 401) : undefined);
    expect(await codeOf(planner.open({ grants }))).toBe("identity_refused");
    expect(cloud.sentTo(urls.attest)).toHaveLength(3);
  });

  test("an ended session hands out nothing, not even what it kept", async () => {
    const session = await open();
    await session.accessToken(tickets);
    await session.end();
    await session.end();
    expect(await codeOf(session.accessToken(tickets))).toBe("session_over");
    expect(await codeOf(session.offer({ to: agentId("researcher"), grants }))).toBe("session_over");
    expect(cloud.sentTo(urls.revoke)).toHaveLength(1);
  });
});
