import { beforeEach, describe, expect, test } from "vitest";
import {
  createAppSyncAuthorizer,
  createHttpApiAuthorizer,
  createHttpApiPolicyAuthorizer,
  createRestAuthorizer,
} from "../../../client/adapters/authorizer.ts";
import { ada, planner } from "../../verify/issuer.ts";
import * as events from "./events.ts";
import { credentials, guarded, id, restricted, setUp, ticketType } from "./ground.ts";

setUp();

const requires = ["tickets:read"];
const stageUrl = "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/prod/things";
const httpUrl = "https://h1.execute-api.eu-west-1.amazonaws.com/things";
const endpoint = "https://graph.example.com/graphql";

/** What each kind says, in one form: let in, 401, 403 or its failure. */
type Said = "in" | "401" | "403";
interface Kind {
  readonly url: string;
  readonly method: string;
  make(more?: object): (headers: Record<string, string>) => Promise<{ readonly said: Said; readonly answer?: unknown }>;
}

const input = (more: object = {}) => {
  const { requestUrl: _, ...own } = guarded();
  return { ...own, byDomainName: true as const, requires, ...more };
};
const effectOf = (answer: { policyDocument: { Statement: readonly [{ Effect: string }] } }): Said =>
  answer.policyDocument.Statement[0].Effect === "Allow" ? "in" : "403";
const unauthorized = (error: unknown) => {
  if (error instanceof Error && error.message === "Unauthorized") return { said: "401" as const };
  throw error;
};

const kinds: Readonly<Record<string, Kind>> = {
  "of a REST API": {
    url: stageUrl,
    method: "GET",
    make(more) {
      const judge = createRestAuthorizer(input(more));
      return (headers) =>
        judge(events.restAuthorizerEvent({ headers })).then(
          (answer) => ({ said: effectOf(answer), answer }),
          unauthorized,
        );
    },
  },
  "of an HTTP API that answers simply": {
    url: httpUrl,
    method: "GET",
    make(more) {
      const judge = createHttpApiAuthorizer(input(more));
      return async (headers) => {
        const answer = await judge(events.httpAuthorizerEvent({ headers }));
        return { said: answer.isAuthorized ? "in" : "403", answer };
      };
    },
  },
  "of an HTTP API that answers by a policy": {
    url: httpUrl,
    method: "GET",
    make(more) {
      const judge = createHttpApiPolicyAuthorizer(input(more));
      return async (headers) => {
        const answer = await judge(events.httpAuthorizerEvent({ headers }));
        return { said: effectOf(answer), answer };
      };
    },
  },
  "of AppSync": {
    url: endpoint,
    method: "POST",
    make(more) {
      const { requestUrl: _, ...own } = guarded();
      const judge = createAppSyncAuthorizer({ ...own, endpoint, requires, ...more });
      return async (headers) => {
        const answer = await judge(events.appSyncEvent({ headers }));
        return { said: answer.isAuthorized ? "in" : "403", answer };
      };
    },
  },
};

describe.each(Object.entries(kinds))("an authorizer %s", (name, kind) => {
  const proved = (more: Parameters<typeof credentials>[0] = {}) =>
    credentials({ url: kind.url, method: kind.method, ...more });
  let judge: ReturnType<Kind["make"]>;
  const said = async (headers: Record<string, string>) => (await judge(headers)).said;
  const refused: Said = name === "of a REST API" ? "401" : "403";
  beforeEach(() => {
    judge = kind.make();
  });

  test("lets in who holds the token, its key and the scope, and says who calls without the token", async () => {
    const { said: outcome, answer } = await judge(proved());
    expect(outcome).toBe("in");
    const text = JSON.stringify(answer);
    expect(text).toContain(ada);
    expect(text).toContain(planner);
    expect(text).toContain('"scopes":"tickets:read tickets:write"');
    expect(text).not.toContain("eyJ");
  });

  test("refuses who holds none, another key, an old token, or proves another URL", async () => {
    expect(await said({})).toBe(refused);
    expect(await said(proved({ key: id.foreign }))).toBe(refused);
    expect(await said(proved({ claims: { exp: id.time.seconds - 1 } }))).toBe(refused);
    expect(await said(proved({ claims: { aud: "https://other.example" } }))).toBe(refused);
    for (const url of ["https://evil.example/things", `${kind.url}/x`, kind.url.replace("https", "http")])
      expect(await said(proved({ url })), url).toBe(refused);
    expect(await said(proved({ method: "PUT" }))).toBe(refused);
    const { authorization } = proved();
    expect(await said({ authorization })).toBe(refused);
    expect(await said({ ...proved(), authorization: authorization.replace("DPoP", "Bearer") })).toBe(refused);
  });

  test("lets a proof work once", async () => {
    const headers = proved();
    expect(await said(headers)).toBe("in");
    expect(await said(headers)).toBe(refused);
  });

  test("refuses what the token does not cover", async () => {
    expect(await said(proved({ claims: { scope: "tickets:write" } }))).toBe("403");
    expect((await kind.make({ requires: () => ["tickets:write"] })(proved())).said).toBe("in");
    expect((await kind.make({ requires: () => ["tickets:burn"] })(proved())).said).toBe("403");
    // no scope named is a mistake, not a permission
    expect((await kind.make({ requires: [] })(proved())).said).toBe("403");
  });

  test("threat 40: sees no body, so it refuses a restricted token", async () => {
    expect(await said(proved({ claims: restricted }))).toBe("403");
    expect(() => kind.make({ details: [ticketType] })).toThrow(/no body/);
  });

  test("admits a restricted token where what it restricts is told without the body", async () => {
    const of = (queue: string) =>
      kind.make({ details: [ticketType], permits: () => ({ ticket: { queues: queue } }) })(
        proved({ claims: restricted }),
      );
    expect((await of("a")).said).toBe("in");
    expect((await of("b")).said).toBe("403");
    const silent = kind.make({ details: [ticketType], permits: () => ({}) });
    expect((await silent(proved({ claims: restricted }))).said).toBe("403");
  });

  test("fails, and says neither yes nor no, when it cannot judge", async () => {
    const down = kind.make({ fetch: async () => new Response("", { status: 500 }) });
    await expect(down(proved())).rejects.toMatchObject({ code: "keys_unavailable" });
  });

  test("is not made with nonces, which it could never give", () => {
    expect(() => kind.make({ nonces: true })).toThrow(/middy/);
  });

  test("tells the log what was refused, once", async () => {
    const codes: string[] = [];
    const own = kind.make({ refused: (error: { code: string }) => codes.push(error.code) });
    await own({});
    await own(proved({ claims: { scope: "tickets:write" } }));
    expect(codes).toEqual([
      name === "of AppSync" ? "credentials_malformed" : "credentials_missing",
      "scope_insufficient",
    ]);
  });
});

describe("an authorizer's event", () => {
  test("has its own path where a custom domain leads to the API by a base path", async () => {
    const url = "https://api.example.com/v1/things";
    const judge = createRestAuthorizer(input());
    const event = (proof: string) =>
      events.restAuthorizerEvent({ headers: credentials({ url: proof }), domain: "api.example.com", base: "/v1" });
    expect(effectOf(await judge(event(url)))).toBe("in");
    await expect(judge(event("https://api.example.com/things"))).rejects.toThrow("Unauthorized");
  });

  test("is answered for exactly its own method and path", async () => {
    const event = events.restAuthorizerEvent({ headers: credentials({ url: stageUrl }) });
    const { policyDocument, principalId } = await createRestAuthorizer(input())(event);
    expect(principalId).toBe(ada);
    expect(policyDocument.Statement).toEqual([
      { Action: "execute-api:Invoke", Effect: "Allow", Resource: event.methodArn },
    ]);
  });

  test("in payload format 1.0 of an HTTP API is answered by a policy", async () => {
    const { body: _, isBase64Encoded: __, ...event } = events.httpV1Event({ headers: credentials({ url: stageUrl }) });
    const methodArn = "arn:aws:execute-api:eu-west-1:111122223333:h1/prod/GET/things";
    const answer = await createHttpApiPolicyAuthorizer(input())({ ...event, type: "REQUEST", methodArn });
    expect(effectOf(answer)).toBe("in");
  });

  test.each<[string, object | undefined]>([
    ["a TOKEN authorizer's", { type: "TOKEN", authorizationToken: "DPoP x", methodArn: "arn" }],
    ["a plain request's", events.httpEvent({ headers: {} })],
    ["nothing", undefined],
  ])("of another kind is a failure: %s", async (_, event) => {
    await expect(createRestAuthorizer(input())(event as never)).rejects.toThrow(TypeError);
    await expect(createHttpApiAuthorizer(input())(event as never)).rejects.toThrow(TypeError);
  });

  test("of AppSync with another Authorization beside its token is refused", async () => {
    const { requestUrl: _, ...own } = guarded();
    const judge = createAppSyncAuthorizer({ ...own, endpoint, requires });
    const headers = credentials({ url: endpoint, method: "POST" });
    const event = events.appSyncEvent({ headers });
    const both = { ...event, requestHeaders: { ...event.requestHeaders, authorization: "DPoP a.b.c" } };
    expect(await judge(both)).toEqual({ isAuthorized: false, ttlOverride: 0 });
    const { authorization: __, ...without } = event.requestHeaders;
    expect(await judge({ ...event, requestHeaders: without })).toMatchObject({ isAuthorized: true, ttlOverride: 0 });
    expect(() => createAppSyncAuthorizer({ ...own, endpoint: "graphql", requires })).toThrow(/endpoint/);
  });
});

const ask = (headers: Record<string, string>) => events.httpAuthorizerEvent({ headers });

/** API Gateway's cache of results, as documented: by the identity source's value, for the authorizer's time to live. */
function gateway(judge: ReturnType<typeof createHttpApiAuthorizer>, ttlSeconds: number) {
  const kept = new Map<
    string,
    { readonly answer: { readonly isAuthorized: boolean }; readonly untilSeconds: number }
  >();
  return async (event: ReturnType<typeof ask>) => {
    const source = String(event.identitySource);
    const found = kept.get(source);
    if (found && found.untilSeconds > id.time.seconds) return found.answer.isAuthorized;
    const answer = await judge(event);
    kept.set(source, { answer, untilSeconds: id.time.seconds + ttlSeconds });
    return answer.isAuthorized;
  };
}

describe("threat 9: an authorizer's result that is cached", () => {
  test("lets in whoever copied token and proof, and any other proof; not cached, it does not", async () => {
    for (const [ttlSeconds, stolen] of [
      [300, true],
      [0, false],
    ] as const) {
      const through = gateway(createHttpApiAuthorizer(input()), ttlSeconds);
      const headers = credentials({ url: httpUrl });
      expect(await through(ask(headers))).toBe(true);
      expect(await through(ask(headers)), `replayed, cached for ${ttlSeconds} s`).toBe(stolen);
      const byThief = credentials({ url: httpUrl, key: id.foreign, token: headers.authorization.slice(5) });
      expect(await through(ask(byThief)), `another key, cached for ${ttlSeconds} s`).toBe(stolen);
      expect(await through(ask({ authorization: headers.authorization })), "no proof").toBe(stolen);
    }
  });
});
