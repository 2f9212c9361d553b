import { beforeEach, describe, expect, it } from "vitest";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../core/model/wire.ts";
import { agent, agentId, customers, idp, otherIdp, tickets } from "../kit/registry.ts";
import { dpopProof } from "../kit/wire/key.ts";
import { type Answer, createWorld, issuer, type Params, type TestAgent, tokenUrl, type World } from "../kit/world.ts";

let world: World;
let planner: TestAgent;
let researcher: TestAgent;
let triage: TestAgent;
beforeEach(async () => {
  world = await createWorld();
  [planner, researcher, triage] = await Promise.all([
    world.newAgent("planner"),
    world.newAgent("researcher"),
    world.newAgent("triage"),
  ]);
});

const own: Params = { grant_type: "client_credentials", resource: tickets, scope: "tickets:read" };
const forTickets: Params = { resource: tickets, scope: "tickets:read" };
const lastDenial = () => {
  const body = world.store.records.at(-1)?.body;
  return body === undefined ? undefined : JSON.parse(body).status_code;
};
const lastFolded = () => world.folded.at(-1)?.denial?.code;

/** Expects this wire error, this reason in the record of an authenticated caller, and not one session more. */
async function refused(attempt: () => Promise<Answer>, status: number, error: string, reason: string) {
  const before = world.store.sessions.size;
  const { status: got, body } = await attempt();
  expect([got, body.error, lastDenial()]).toEqual([status, error, reason]);
  expect(world.store.sessions.size).toBe(before);
  expect(JSON.stringify(body)).not.toMatch(/eyJ|stack|Error:/);
}

/** The same for a caller that never proved who it is. */
async function folded(attempt: () => Promise<Answer>, status: number, error: string, reason: string) {
  const { status: got, body } = await attempt();
  expect([got, body.error, lastFolded()]).toEqual([status, error, reason]);
  expect(world.store.sessions.size).toBe(0);
  expect(world.store.records).toEqual([]);
  expect(world.signer.signatures).toBe(0);
}

const open = async (more: Params = {}) =>
  (
    await world.exchange(planner, world.idToken("planner-app"), idTokenType, {
      resource: [tickets, customers],
      scope: "tickets:read customers:read",
      requested_token_type: sessionTokenType,
      ...more,
    })
  ).body.access_token as string;
const offer = (session: string, to: string, more: Params = {}) =>
  world.exchange(planner, session, sessionTokenType, {
    audience: to,
    requested_token_type: offerTokenType,
    ...forTickets,
    ...more,
  });
const redeem = (by: TestAgent, handle: string, more: Params = {}) => world.exchange(by, handle, offerTokenType, more);

describe("a request nobody can be held to", () => {
  const form =
    (more: Partial<Parameters<World["call"]>[2]>, body = "grant_type=client_credentials") =>
    () =>
      world.endpoints.token(world.call(body, [], more)).then(world.answer);

  it("is refused by content type", () =>
    folded(form({ contentType: "application/json" }), 400, "invalid_request", "content_type_unsupported"));
  it("is refused without a content type", () =>
    folded(form({ contentType: undefined }), 400, "invalid_request", "content_type_unsupported"));
  it("is refused by size", () => folded(form({}, `a=${"x".repeat(70_000)}`), 413, "invalid_request", "body_too_large"));
  it("is refused by method", () => folded(form({ method: "GET" }), 405, "invalid_request", "method_not_allowed"));
  it("is refused off the path", () => folded(form({ path: "/token" }), 404, "not_found", "not_found"));
  it("is refused for a repeated parameter", () =>
    folded(
      form({}, "grant_type=client_credentials&grant_type=client_credentials"),
      400,
      "invalid_request",
      "parameter_repeated",
    ));
  it.each(["password", "refresh_token", "authorization_code", "urn:ietf:params:oauth:grant-type:jwt-bearer"])(
    "is refused for grant %s",
    (grant) =>
      folded(
        () => world.send("token", planner, { ...own, grant_type: grant }),
        400,
        "unsupported_grant_type",
        "grant_unsupported",
      ),
  );
  it("is refused without a grant", () =>
    folded(
      () => world.send("token", planner, { ...own, grant_type: undefined }),
      400,
      "invalid_request",
      "parameter_missing",
    ));
  it.each([
    ["a subject in client_credentials", { subject_token: "x", subject_token_type: idTokenType }, "parameter_invalid"],
    [
      "an unknown requested type",
      { requested_token_type: "urn:ietf:params:oauth:token-type:refresh_token" },
      "parameter_invalid",
    ],
    ["an actor token without a type", { actor_token: "x" }, "parameter_missing"],
    [
      "an actor type without a token",
      { actor_token_type: "urn:ietf:params:oauth:token-type:jwt" },
      "parameter_missing",
    ],
    ["a life of zero", { lifetime_seconds: "0" }, "parameter_invalid"],
    ["a life in hexadecimal", { lifetime_seconds: "0x10" }, "parameter_invalid"],
    ["a purpose of 257 characters", { purpose: "x".repeat(257) }, "parameter_invalid"],
  ])("is refused with %s", (_, more, reason) =>
    folded(() => world.send("token", planner, { ...own, ...more }), 400, "invalid_request", reason),
  );
  it.each([
    ["[{", "not JSON"],
    ['{"type":"x"}', "no array"],
    ['[{"type":1}]', "no type"],
    [`${"[".repeat(20)}${"]".repeat(20)}`, "deep"],
    ['[{"type":"x","type":"y"}]', "twice"],
  ])("is refused with details %s (%s)", (text) =>
    folded(
      () => world.send("token", planner, { ...own, authorization_details: text }),
      400,
      "invalid_authorization_details",
      "details_invalid",
    ),
  );
});

describe("a caller that is not who it says", () => {
  const assertion = (token: string) => () => world.send("token", planner, { ...own, client_assertion: token });

  it("threat 9: is refused without a proof of key", () =>
    folded(
      () =>
        world.endpoints
          .token(
            world.call(
              new URLSearchParams({
                ...own,
                client_assertion: planner.identity(),
                client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe",
              } as Record<string, string>).toString(),
              [],
            ),
          )
          .then(world.answer),
      400,
      "invalid_dpop_proof",
      "dpop_missing",
    ));
  it("threat 9: is refused when a stolen identity token comes with the thief's key", () =>
    folded(
      () =>
        world.send("token", planner, own, {
          proof: dpopProof(triage.key, { url: tokenUrl, atSeconds: world.time.seconds }),
        }),
      400,
      "invalid_dpop_proof",
      "dpop_key_mismatch",
    ));
  it("is refused with a proof for another URL", () =>
    folded(
      () =>
        world.send("token", planner, own, {
          proof: dpopProof(planner.key, { url: `${issuer}/`, atSeconds: world.time.seconds }),
        }),
      400,
      "invalid_dpop_proof",
      "dpop_invalid",
    ));
  it("is refused with an old proof", () =>
    folded(
      () =>
        world.send("token", planner, own, {
          proof: dpopProof(planner.key, { url: tokenUrl, atSeconds: world.time.seconds - 61 }),
        }),
      400,
      "invalid_dpop_proof",
      "dpop_invalid",
    ));
  it("is refused with an expired identity token", () =>
    folded(assertion(planner.identity({ exp: world.time.seconds })), 401, "invalid_client", "assertion_expired"));
  it("is refused with an identity token for another audience", () =>
    folded(assertion(planner.identity({ aud: tickets })), 401, "invalid_client", "assertion_invalid"));
  it("is refused with an identity token for two audiences", () =>
    folded(assertion(planner.identity({ aud: [issuer, tickets] })), 401, "invalid_client", "assertion_invalid"));
  it("threat 14: is refused with a name from another trust domain under our key", () =>
    folded(
      assertion(planner.identity({ sub: "spiffe://agents.evil.example/agent/planner" })),
      401,
      "invalid_client",
      "assertion_invalid",
    ));
  it("is refused with an identity token of another typ", () =>
    folded(assertion(planner.identity({}, { typ: "at+jwt" })), 401, "invalid_client", "assertion_invalid"));
  it("threat 14: is refused when a session token stands in for the identity token", async () => {
    const token = (await world.send("token", researcher, own)).body.access_token;
    const { status, body } = await world.send("token", researcher, { ...own, client_assertion: token });
    expect([status, body.error, lastFolded()]).toEqual([401, "invalid_client", "assertion_invalid"]);
  });
  it("threat 3: is refused when the session key signed an identity token", () => {
    const { sessionKey, time } = world;
    const forged = sessionKey.jws(
      { alg: "ES256", kid: sessionKey.jkt, typ: "JWT" },
      {
        iss: issuer,
        sub: planner.id,
        aud: issuer,
        iat: time.seconds,
        exp: time.seconds + 300,
        jti: "x",
        cnf: { jkt: planner.key.jkt },
        assurance: "fresh",
        gen: { deployment: 0 },
      },
    );
    return folded(assertion(forged), 401, "invalid_client", "assertion_invalid");
  });
  it("is refused when client_id names another agent", () =>
    folded(
      () => world.send("token", planner, { ...own, client_id: triage.id }),
      401,
      "invalid_client",
      "assertion_invalid",
    ));
  it("burns its proof: the second use of one is refused and signs nothing", async () => {
    const proof = dpopProof(researcher.key, { url: tokenUrl, atSeconds: world.time.seconds });
    expect((await world.send("token", researcher, own, { proof })).status).toBe(200);
    const { signatures } = world.signer;
    await refused(() => world.send("token", researcher, own, { proof }), 400, "invalid_dpop_proof", "dpop_replayed");
    expect(world.signer.signatures).toBe(signatures);
  });
  it("spends one proof once, however many requests carry it at one instant", async () => {
    const proof = dpopProof(researcher.key, { url: tokenUrl, atSeconds: world.time.seconds });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => world.send("token", researcher, own, { proof })),
    );
    expect(answers.filter((a) => a.status === 200).length).toBe(1);
    expect(world.store.sessions.size).toBe(1);
  });
  it("threat 14: is refused when the actor token is another agent's", () =>
    refused(
      () =>
        world.send("token", researcher, {
          ...own,
          actor_token: triage.identity(),
          actor_token_type: "urn:ietf:params:oauth:token-type:jwt",
        }),
      400,
      "invalid_request",
      "actor_token_mismatch",
    ));
});

describe("an agent that may not", () => {
  it("is refused when it is not registered", async () => {
    const ghost = await world.newAgent("ghost");
    await refused(() => world.send("token", ghost, own), 401, "invalid_client", "agent_unknown");
  });
  it("is refused while it is suspended", async () => {
    const sleeper = await world.newAgent("sleeper");
    await refused(() => world.send("token", sleeper, own), 401, "invalid_client", "agent_inactive");
  });
  it("lends itself nothing unless its registration lists it", () =>
    refused(() => world.send("token", planner, own), 400, "invalid_scope", "scope_exceeds"));
  it("is refused a longer life than its registration allows", () =>
    refused(
      () => world.send("token", researcher, { ...own, lifetime_seconds: "901" }),
      400,
      "invalid_request",
      "lifetime_exceeds",
    ));
  it("is refused several resources without asking for a session", () =>
    refused(
      () =>
        world.exchange(planner, world.idToken("planner-app"), idTokenType, {
          resource: [tickets, customers],
          scope: "tickets:read customers:read",
        }),
      400,
      "invalid_target",
      "resource_several",
    ));
  it("is refused by policy before a signature is paid for", async () => {
    world.policy.engine = {
      decide: () => ({ allowed: false, policies: ["no-nights"], missing: { who: "agent" }, why: "forbidden at night" }),
    };
    await refused(() => world.send("token", researcher, own), 403, "access_denied", "policy_denied");
    expect(world.signer.signatures).toBe(0);
  });
  it("is slowed down before a signature is paid for", async () => {
    world.limiter.allowed = false;
    await folded(() => world.send("token", researcher, own), 429, "slow_down", "rate_exceeded");
    expect(world.signer.signatures).toBe(0);
  });
});

describe("a person's token", () => {
  const use =
    (token: string, by = planner, type = idTokenType, more: Params = {}) =>
    () =>
      world.exchange(by, token, type, { ...forTickets, ...more });

  it("threat 2: is useless to any agent but its client's", () =>
    refused(use(world.idToken("planner-app"), triage), 400, "invalid_request", "person_token_foreign_client"));
  it("threat 2: is refused when it was issued to two clients", () =>
    refused(
      use(world.idToken("x", { aud: ["planner-app", "other"] })),
      400,
      "invalid_request",
      "subject_token_invalid",
    ));
  it("is refused when it has expired", () =>
    refused(
      use(world.idToken("planner-app", { iat: world.time.seconds - 4000, exp: world.time.seconds - 61 })),
      400,
      "invalid_request",
      "subject_token_expired",
    ));
  it("is refused from an issuer nobody registered", () =>
    refused(
      use(world.idToken("planner-app", { iss: "https://evil.example" })),
      400,
      "invalid_request",
      "issuer_untrusted",
    ));
  it("two issuers with one kid: the partner's key never signs for our people", () =>
    refused(use(world.idToken("planner-app", { iss: idp }, "other")), 400, "invalid_request", "subject_token_invalid"));
  it("two people with one sub: the partner's ada borrows none of our ada's rights", async () => {
    world.publish(
      2,
      agent("planner", {
        clients: [
          { issuer: idp, clientId: "planner-app" },
          { issuer: otherIdp, clientId: "planner-app" },
        ],
        may: [{ resource: tickets, scopes: ["tickets:read"] }],
      }),
    );
    await refused(use(world.idToken("planner-app", {}, "other")), 400, "invalid_scope", "scope_exceeds");
  });
  it("threat 2: lends nothing without the claim a rule asks for", () =>
    refused(use(world.idToken("planner-app", { groups: ["sales"] })), 400, "invalid_scope", "scope_exceeds"));
  it("threat 2: never lends more than the rule, though the agent may hold more", () =>
    refused(
      () =>
        world.exchange(planner, world.idToken("planner-app"), idTokenType, {
          resource: customers,
          scope: "customers:notes",
        }),
      400,
      "invalid_scope",
      "scope_exceeds",
    ));
  it("answers 503 while its issuer's keys cannot be fetched, and opens nothing", async () => {
    world.published.clear();
    await refused(use(world.idToken("planner-app")), 503, "temporarily_unavailable", "keys_unavailable");
  });
  it("is refused as an access token when it is an ID token", () =>
    refused(
      use(world.idToken("planner-app"), planner, accessTokenType),
      400,
      "invalid_request",
      "subject_token_invalid",
    ));
  it("threat 1: opens nothing more once its root was revoked by an operator", async () => {
    const token = world.idToken("planner-app");
    expect((await use(token)()).status).toBe(200);
    const [root] = [...world.store.sessions.keys()].map((k) => world.store.sessions.get(k));
    await world.order({ revoke: { session: root?.sid }, reason: "stolen laptop" });
    await refused(use(token), 400, "invalid_request", "person_token_burnt");
    world.time.seconds += 1;
    expect((await use(world.idToken("planner-app"))()).status).toBe(200);
  });
  it("threat 1: stays good when the agent itself ended its session", async () => {
    const token = world.idToken("planner-app");
    const access = (await use(token)()).body.access_token;
    expect((await world.send("revoke", planner, { token: access })).status).toBe(200);
    expect((await use(token)()).status).toBe(200);
  });
  it("threat 1: from before a cut of the person is refused, a younger login is not", async () => {
    const token = world.idToken("planner-app");
    const principal = JSON.parse(
      atob((await use(token)()).body.access_token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")),
    ).sub;
    await world.order({ revoke: { principal }, reason: "phished", cutOnly: true });
    await refused(use(token), 400, "invalid_request", "person_token_before_cut");
    world.time.seconds += 61;
    await refused(
      use(world.idToken("planner-app", { auth_time: world.time.seconds - 61 })),
      400,
      "invalid_request",
      "person_token_before_cut",
    );
    expect((await use(world.idToken("planner-app"))()).status).toBe(200);
  });
});

describe("a token that is not the caller's", () => {
  it("is refused to an agent that neither owns nor serves it", async () => {
    const access = (await world.send("token", researcher, own)).body.access_token;
    await refused(
      () => world.exchange(triage, access, accessTokenType, forTickets),
      400,
      "invalid_request",
      "subject_token_not_yours",
    );
  });
  it("is refused to its own agent under another key", async () => {
    const access = (await world.send("token", researcher, own)).body.access_token;
    const twin = await world.newAgent("researcher");
    await refused(
      () => world.exchange(twin, access, accessTokenType, forTickets),
      400,
      "invalid_dpop_proof",
      "dpop_key_mismatch",
    );
  });
  it("is refused when its type is not what it claims", async () => {
    const session = await open();
    await refused(
      () => world.exchange(planner, session, accessTokenType, forTickets),
      400,
      "invalid_request",
      "subject_token_invalid",
    );
    const access = (await world.exchange(planner, session, sessionTokenType, forTickets)).body.access_token;
    await refused(
      () => world.exchange(planner, access, sessionTokenType, forTickets),
      400,
      "invalid_request",
      "subject_token_invalid",
    );
  });
  it("is refused when it has expired", async () => {
    const session = await open();
    world.time.seconds += 901;
    await refused(
      () => world.exchange(planner, session, sessionTokenType, forTickets),
      400,
      "invalid_request",
      "subject_token_expired",
    );
  });
  it("threat 3: is refused when the identity key signed it", async () => {
    const { identityKey, time } = world;
    const forged = identityKey.jws(
      { alg: "ES256", kid: identityKey.jkt, typ: "at+jwt" },
      {
        iss: issuer,
        sub: planner.id,
        client_id: planner.id,
        aud: tickets,
        iat: time.seconds,
        exp: time.seconds + 60,
        jti: "j",
        sid: "s",
        root: "s",
        anc: [],
        cnf: { jkt: planner.key.jkt },
        scope: "tickets:read",
      },
    );
    await refused(
      () => world.exchange(planner, forged, accessTokenType, forTickets),
      400,
      "invalid_request",
      "subject_token_invalid",
    );
  });
  it("is refused a wider scope, another resource, a dropped detail's freedom and a longer life", async () => {
    const session = await open({ resource: tickets, scope: "tickets:read" });
    const ask = (more: Params) => () => world.exchange(planner, session, sessionTokenType, more);
    await refused(
      ask({ resource: tickets, scope: "tickets:read tickets:write" }),
      400,
      "invalid_scope",
      "scope_exceeds",
    );
    await refused(ask({ resource: customers, scope: "customers:read" }), 400, "invalid_scope", "scope_exceeds");
    await refused(
      ask({ resource: "https://evil.example", scope: "tickets:read" }),
      400,
      "invalid_target",
      "resource_unknown",
    );
    await refused(ask({ ...forTickets, lifetime_seconds: "301" }), 400, "invalid_request", "lifetime_exceeds");
  });
});

describe("an offer", () => {
  it("must name its scope", async () => {
    const session = await open();
    await refused(() => offer(session, researcher.id, { scope: undefined }), 400, "invalid_scope", "scope_missing");
  });
  it("is made to registered, active agents only", async () => {
    const session = await open();
    for (const to of [agentId("ghost"), agentId("sleeper"), "spiffe://agents.evil.example/agent/researcher", tickets])
      await refused(() => offer(session, to), 400, "invalid_target", "offer_target_unknown");
  });
  it("is never wider than its session", async () => {
    const session = await open();
    await refused(
      () => offer(session, researcher.id, { resource: customers, scope: "customers:notes" }),
      400,
      "invalid_scope",
      "scope_exceeds",
    );
  });
  it("lives minutes at most", async () => {
    const session = await open();
    await refused(
      () => offer(session, researcher.id, { lifetime_seconds: "601" }),
      400,
      "invalid_request",
      "lifetime_exceeds",
    );
  });
  it("threat 17: opens nothing for the wrong agent", async () => {
    const handle = (await offer(await open(), researcher.id)).body.access_token;
    await refused(() => redeem(triage, handle), 400, "invalid_request", "offer_for_another_agent");
    expect((await redeem(researcher, handle)).status).toBe(200);
  });
  it("threat 17: opens nothing for a second key of the right agent", async () => {
    const handle = (await offer(await open(), researcher.id)).body.access_token;
    await redeem(researcher, handle);
    const twin = await world.newAgent("researcher");
    await refused(() => redeem(twin, handle), 400, "invalid_request", "offer_redeemed_by_another_key");
  });
  it("goes to exactly one of two keys at one instant", async () => {
    const handle = (await offer(await open(), researcher.id)).body.access_token;
    const twin = await world.newAgent("researcher");
    const answers = await Promise.all([redeem(researcher, handle), redeem(twin, handle)]);
    expect(answers.map((a) => a.status).sort()).toEqual([200, 400]);
    expect(world.store.sessions.size).toBe(2);
  });
  it("is refused when it is made up, shortened, expired or withdrawn", async () => {
    const handle = (await offer(await open(), researcher.id)).body.access_token as string;
    for (const wrong of [
      "lyo_x",
      handle.slice(0, -1),
      `${handle.slice(0, -1)}${handle.endsWith("A") ? "B" : "A"}`,
      handle.replace("lyo_", ""),
    ])
      await refused(() => redeem(researcher, wrong), 400, "invalid_request", "offer_unknown");
    expect((await world.send("revoke", planner, { token: handle })).status).toBe(200);
    await refused(() => redeem(researcher, handle), 400, "invalid_request", "offer_withdrawn");
    const second = (await offer(await open(), researcher.id)).body.access_token;
    world.time.seconds += 121;
    await refused(() => redeem(researcher, second), 400, "invalid_request", "offer_expired");
  });
  it("gives no more than it holds", async () => {
    const handle = (await offer(await open(), researcher.id)).body.access_token;
    await refused(
      () => redeem(researcher, handle, { resource: customers, scope: "customers:read" }),
      400,
      "invalid_scope",
      "scope_exceeds",
    );
    await refused(
      () => redeem(researcher, handle, { lifetime_seconds: "901" }),
      400,
      "invalid_request",
      "lifetime_exceeds",
    );
  });
  it("is bounded by the redeeming agent's own registration", async () => {
    const session = await open();
    world.publish(2, agent("researcher", { may: [] }));
    const handle = (await offer(session, researcher.id)).body.access_token;
    await refused(() => redeem(researcher, handle), 400, "invalid_scope", "scope_exceeds");
  });
  it("threat 7: keeps the parent's constraint when the redeemer sends none, and refuses another", async () => {
    const session = await open({
      authorization_details: JSON.stringify([{ type: "customer-record", customers: ["42"] }]),
    });
    const handle = (await offer(session, researcher.id, { resource: customers, scope: "customers:read" })).body
      .access_token;
    const wider = JSON.stringify([{ type: "customer-record", customers: ["42", "43"] }]);
    await refused(
      () => redeem(researcher, handle, { authorization_details: wider }),
      400,
      "invalid_authorization_details",
      "details_exceed",
    );
    const child = await redeem(researcher, handle);
    expect(child.body.authorization_details).toEqual([{ type: "customer-record", customers: ["42"] }]);
  });
  it("dies with its parent before it is redeemed", async () => {
    const session = await open();
    const handle = (await offer(session, researcher.id)).body.access_token;
    await world.send("revoke", planner, { token: session });
    await refused(() => redeem(researcher, handle), 400, "invalid_request", "parent_dead");
  });
  it("goes no deeper than the strictest agent of the chain", async () => {
    // triage's registration allows depth 1
    const first = (await offer(await open(), triage.id)).body.access_token;
    const child = await redeem(triage, first, { requested_token_type: sessionTokenType });
    await refused(
      () =>
        world.exchange(triage, child.body.access_token, sessionTokenType, {
          audience: researcher.id,
          requested_token_type: offerTokenType,
          ...forTickets,
        }),
      400,
      "invalid_request",
      "depth_exceeded",
    );
  });
  it("is of an own session: a person's token or somebody else's offer cannot be offered on", async () => {
    await refused(
      () =>
        world.exchange(planner, world.idToken("planner-app"), idTokenType, {
          audience: researcher.id,
          requested_token_type: offerTokenType,
          ...forTickets,
        }),
      400,
      "invalid_request",
      "parameter_invalid",
    );
  });
});

describe("the next hop", () => {
  const shown = async (more: Params = {}) =>
    (await world.exchange(planner, await open(more), sessionTokenType, forTickets)).body.access_token;

  it("is refused to a server for a token of another resource", async () => {
    const wrong = await world.newAgent("customer-api");
    const token = await shown();
    await refused(
      () => world.exchange(wrong, token, accessTokenType, { resource: customers, scope: "customers:read" }),
      400,
      "invalid_request",
      "subject_token_not_yours",
    );
  });
  it("is refused beyond what the token entails", async () => {
    const server = await world.newAgent("ticket-api");
    const token = await shown();
    await refused(
      () => world.exchange(server, token, accessTokenType, { resource: customers, scope: "customers:notes" }),
      400,
      "invalid_scope",
      "scope_exceeds",
    );
    await refused(
      () => world.exchange(server, token, accessTokenType, { resource: tickets, scope: "tickets:read" }),
      400,
      "invalid_scope",
      "scope_exceeds",
    );
  });
  it("threat 7: is refused when a detail of the token does not carry over", async () => {
    const server = await world.newAgent("ticket-api");
    const token = await shown({ authorization_details: JSON.stringify([{ type: "ticket-queue", queue: ["vip"] }]) });
    await refused(
      () => world.exchange(server, token, accessTokenType, { resource: customers, scope: "customers:read" }),
      400,
      "invalid_authorization_details",
      "details_unmapped",
    );
  });
  it("is refused when the rule the person lent by was withdrawn since", async () => {
    const server = await world.newAgent("ticket-api");
    const token = await shown();
    world.publish(2, {
      kind: "lending",
      name: "support-lends",
      issuer: idp,
      when: { claim: "groups", equals: "support" },
      lends: [{ resource: tickets, scopes: ["tickets:read"] }],
    });
    await refused(
      () => world.exchange(server, token, accessTokenType, { resource: customers, scope: "customers:read" }),
      400,
      "invalid_scope",
      "scope_exceeds",
    );
  });
});

it("threat 22: a registry change is live at the next request of an instance that never saw it", async () => {
  expect((await world.send("token", researcher, own)).status).toBe(200);
  world.publish(
    2,
    agent("researcher", { state: "suspended", lends: [{ resource: tickets, scopes: ["tickets:read"] }] }),
  );
  await refused(() => world.send("token", researcher, own), 401, "invalid_client", "agent_inactive");
});

it("answers 503 and issues nothing when liveness cannot be read", async () => {
  world.store.unreadable = true;
  await refused(() => world.send("token", researcher, own), 503, "temporarily_unavailable", "liveness_unavailable");
});

it("issues nothing when the record cannot be written", async () => {
  world.store.broken = true;
  await expect(world.send("token", researcher, own)).rejects.toThrow();
  expect(world.signer.signatures).toBe(0);
});
