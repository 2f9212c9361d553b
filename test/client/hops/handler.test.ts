import { describe, expect, test } from "vitest";
import { LanyardError } from "../../../client/error.ts";
import { createFetchHandler, type HandlerInput, type Hop } from "../../../client/handler.ts";
import { decodeUnverified } from "../../../core/jose/jwt.ts";
import { agentId, customers, tickets } from "../../kit/registry.ts";
import { urls } from "../deployment.ts";
import { cloud, forAda, headersOf, setUp } from "./ground.ts";

setUp();

const grants = [{ resource: customers, scopes: ["customers:read"] }];
const refused: LanyardError[] = [];
const seen: Hop[] = [];

/** The ticket API's handler, which remembers what it was given. */
function wrapped(more: Partial<HandlerInput> = {}, agentName = "ticket-api") {
  refused.length = 0;
  seen.length = 0;
  const input: HandlerInput = {
    server: cloud.server(tickets),
    agent: cloud.agent(agentName),
    grants,
    refused: (error) => refused.push(error),
    ...more,
  };
  return createFetchHandler(input, async (_, hop) => {
    seen.push(hop);
    return new Response("done", { status: 201 });
  });
}

const requestOf = (headers: Record<string, string>, path = "/things") => new Request(`${tickets}${path}`, { headers });
const hops = () =>
  cloud.sentTo(urls.token).filter(({ form }) => form.get("subject_token_type")?.endsWith("access_token"));
const codes = () => refused.map(({ code }) => code);

describe("a handler that is called with an access token of its resource", () => {
  test("gets a session of its own agent below the caller's, and who calls", async () => {
    const planner = await forAda();
    const response = await wrapped()(requestOf(await headersOf(planner)));
    expect([response.status, await response.text()]).toEqual([201, "done"]);
    expect(seen[0]?.caller.access).toMatchObject({ agent: agentId("planner"), resource: tickets });
    expect(seen[0]?.session).toMatchObject({
      ...{ agent: agentId("ticket-api"), root: planner.sid, depth: 1, principal: planner.principal },
      offeredBy: agentId("planner"),
    });
    const token = await seen[0]?.session.accessToken(customers);
    expect(token?.scopes).toEqual(["customers:read"]);
  });

  test("shares one session between the requests of one token, however many come at once, and none with another's", async () => {
    const handler = wrapped();
    const [ada, bob] = [await forAda(), await forAda()];
    const ofAda: Record<string, string>[] = [];
    for (let i = 0; i < 8; i++) ofAda.push(await headersOf(ada));
    await Promise.all(ofAda.map((headers) => handler(requestOf(headers))));
    await handler(requestOf(await headersOf(bob)));
    const sids = seen.map(({ session }) => session.sid);
    expect(new Set(sids.slice(0, 8)).size).toBe(1);
    expect(sids[8]).not.toBe(sids[0]);
    expect(seen[8]?.session.root).toBe(bob.sid);
    expect(hops()).toHaveLength(2);
  });

  test("gives another session to a request that needs something else", async () => {
    const details = { type: "customer-record", customers: ["a"] };
    let more: object = {};
    const handler = wrapped({ grants: () => [{ resource: customers, scopes: ["customers:read"], ...more }] });
    const planner = await forAda();
    await handler(requestOf(await headersOf(planner)));
    more = { details: [details] };
    await handler(requestOf(await headersOf(planner)));
    expect(hops()).toHaveLength(2);
    const { token = "" } = (await seen[1]?.session.accessToken(customers)) ?? {};
    expect(decodeUnverified(token)?.payload.authorization_details).toEqual([details]);
  });

  test("ends nothing: neither the caller's session nor its own, when the handler is done or fails", async () => {
    const planner = await forAda();
    const handler = createFetchHandler(
      { server: cloud.server(tickets), agent: cloud.agent("ticket-api"), grants },
      async () => {
        throw new RangeError("a bug of the handler's");
      },
    );
    await expect(handler(requestOf(await headersOf(planner)))).rejects.toThrow(RangeError);
    await wrapped()(requestOf(await headersOf(planner)));
    expect(cloud.sentTo(urls.revoke)).toEqual([]);
    expect((await planner.accessToken(customers)).scopes).toEqual(["customers:read"]);
    expect((await seen[0]?.session.accessToken(customers))?.scopes).toEqual(["customers:read"]);
  });

  test("gets a new session after it ended the one it had, or found it dead", async () => {
    const planner = await forAda();
    const handler = wrapped();
    await handler(requestOf(await headersOf(planner)));
    await seen[0]?.session.end();
    await handler(requestOf(await headersOf(planner)));
    expect(seen[1]?.session.sid).not.toBe(seen[0]?.session.sid);

    let fails = true;
    const sids: string[] = [];
    const fragile = createFetchHandler(
      { server: cloud.server(tickets), agent: cloud.agent("ticket-api"), grants },
      async (_, { session }) => {
        sids.push(session.sid);
        if (fails) throw new LanyardError("request_refused", "token");
        return new Response();
      },
    );
    await expect(fragile(requestOf(await headersOf(planner)))).rejects.toMatchObject({ code: "request_refused" });
    fails = false;
    await fragile(requestOf(await headersOf(planner)));
    expect(sids[1]).not.toBe(sids[0]);
  });

  test("passes on what its own checks refuse, as the guard would answer it", async () => {
    const planner = await forAda();
    const handler = createFetchHandler(
      { server: cloud.server(tickets), agent: cloud.agent("ticket-api"), grants },
      async (_, { caller }) => {
        caller.requires("tickets:delete");
        return new Response("never");
      },
    );
    const response = await handler(requestOf(await headersOf(planner)));
    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")).toContain('scope="tickets:delete"');
  });

  test("puts the guard's headers on the answer, also on one that came from elsewhere", async () => {
    const handler = createFetchHandler(
      { server: cloud.server(tickets), agent: cloud.agent("ticket-api"), grants },
      async () => Response.redirect("https://elsewhere.example/"),
    );
    const response = await handler(requestOf({ ...(await headersOf(await forAda())), origin: "https://page.example" }));
    expect([response.status, response.headers.get("location")]).toEqual([302, "https://elsewhere.example/"]);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
  });
});

describe("threat 14: nobody is let in by another document, and the handler does not run", () => {
  const rejected = async (headers: Record<string, string>, handler = wrapped()) => {
    const { status } = await handler(requestOf(headers));
    expect(seen).toEqual([]);
    expect(hops()).toEqual([]);
    return [status, ...codes()];
  };

  test("a token for another audience", async () => {
    const headers = await headersOf(await forAda(), { resource: customers });
    expect(await rejected(headers)).toEqual([401, "token_invalid"]);
  });

  test("a person's ID token, as DPoP and as Bearer", async () => {
    const { dpop = "" } = await headersOf(await forAda());
    const idToken = await cloud.idToken("planner-app");
    expect(await rejected({ authorization: `DPoP ${idToken}`, dpop })).toEqual([401, "token_invalid"]);
    expect(await rejected({ authorization: `Bearer ${idToken}` })).toEqual([401, "bearer_not_accepted"]);
  });

  test("an identity token, and an offer's handle", async () => {
    const planner = await forAda();
    const { dpop = "" } = await headersOf(planner);
    const { token } = await cloud.agent("planner").identity();
    expect(await rejected({ authorization: `DPoP ${token}`, dpop })).toEqual([401, "token_invalid"]);
    const { handle } = await planner.offer({
      to: agentId("ticket-api"),
      grants: [{ resource: tickets, scopes: ["tickets:read"] }],
    });
    const [status] = await rejected({ authorization: `DPoP ${handle}`, dpop });
    expect(status).toBe(401);
  });

  test("nothing, two tokens in one header, a token without its proof", async () => {
    const headers = await headersOf(await forAda());
    const { authorization = "", dpop = "" } = headers;
    expect(await rejected({})).toEqual([401, "credentials_missing"]);
    expect(await rejected({ authorization: `${authorization}, ${authorization}`, dpop })).toEqual([
      400,
      "credentials_malformed",
    ]);
    expect(await rejected({ authorization })).toEqual([401, "proof_missing"]);
  });

  test("a copied request, a second time", async () => {
    const handler = wrapped();
    const headers = await headersOf(await forAda());
    expect((await handler(requestOf(headers))).status).toBe(201);
    expect((await handler(requestOf(headers))).status).toBe(401);
    expect([seen.length, ...codes()]).toEqual([1, "proof_replayed"]);
  });

  test("a request without the scopes that every request needs", async () => {
    const headers = await headersOf(await forAda(), { scopes: ["tickets:read"] });
    expect(await rejected(headers, wrapped({ requires: ["tickets:write"] }))).toEqual([403, "scope_insufficient"]);
  });
});

describe("an exchange that is refused", () => {
  test("for what the caller's access does not stand for is 403, and says nothing more", async () => {
    const handler = wrapped({ grants: [{ resource: customers, scopes: ["customers:notes"] }] });
    const response = await handler(requestOf(await headersOf(await forAda())));
    expect([response.status, await response.json()]).toEqual([403, { error: "insufficient_scope" }]);
    expect(response.headers.get("www-authenticate")).toBe('DPoP error="insufficient_scope"');
    expect([seen, codes()]).toEqual([[], ["scope_refused"]]);
  });

  test("threat 5: since the caller's session ended a moment ago is 401, and the handler does not run", async () => {
    const planner = await forAda();
    const headers = await headersOf(planner);
    await planner.end();
    const response = await wrapped()(requestOf(headers));
    expect([response.status, seen]).toEqual([401, []]);
    expect(codes()[0]).toMatch(/^(?:request_refused|session_over)$/);
  });

  test("by an agent that does not serve the resource is 401: it was not shown that token", async () => {
    const response = await wrapped({}, "researcher")(requestOf(await headersOf(await forAda())));
    expect([response.status, seen, codes()]).toEqual([401, [], ["request_refused"]]);
  });

  test("for now is 503 with a time to come back, is not remembered, and is no token's fault", async () => {
    const handler = wrapped();
    const planner = await forAda();
    const headers = await headersOf(planner);
    cloud.intercept.answer = ({ form }) =>
      form.get("subject_token_type")?.endsWith("access_token") ? new Response("{}", { status: 503 }) : undefined;
    const response = await handler(requestOf(headers));
    expect([response.status, response.headers.get("retry-after"), seen]).toEqual([503, "1", []]);
    expect((await handler(requestOf(await headersOf(planner)))).status).toBe(201);
  });

  test("since this server cannot prove itself is 500, without a word of why", async () => {
    const evidence = {
      type: "aws-sts-web-identity",
      collect: async (): Promise<never> => {
        throw new Error("arn:aws:iam::111122223333:role/secret");
      },
    };
    const handler = wrapped({ agent: cloud.agent("ticket-api", { evidence }) });
    const response = await handler(requestOf(await headersOf(await forAda())));
    expect([response.status, await response.json()]).toEqual([500, { error: "server_error" }]);
    expect(codes()).toEqual(["evidence_failed"]);
  });
});
