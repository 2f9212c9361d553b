import { describe, expect, it } from "vitest";
import { idTokenType } from "../../../core/model/wire.ts";
import { customers, tickets } from "../../kit/registry.ts";
import { dpopProof } from "../../kit/wire/key.ts";
import { issuer } from "../../kit/world/ground.ts";
import { type Answer, type Tokens, tokenUrl } from "../../kit/world/tokens.ts";
import type { World } from "../../kit/world/world.ts";
import { own, planner, refused, refusedAsStolen, researcher, setUp, triage, world } from "./ground.ts";

setUp();

const lastAggregated = () => world.aggregated.at(-1)?.denial?.code;

/** The same for a caller that never proved who it is. */
async function aggregated(attempt: () => Promise<Answer>, status: number, error: string, reason: string) {
  const { status: got, body } = await attempt();
  expect([got, body.error, lastAggregated()]).toEqual([status, error, reason]);
  expect(world.store.sessions.size).toBe(0);
  expect(world.store.records).toEqual([]);
  expect(world.signers.session.signatures).toBe(0);
}

describe("a request nobody can be held to", () => {
  const form =
    (more: Partial<Parameters<World<Tokens>["call"]>[2]>, body = "grant_type=client_credentials") =>
    () =>
      world.endpoints.token(world.call(body, [], more)).then(world.answer);

  it("is refused by content type", () =>
    aggregated(form({ contentType: "application/json" }), 400, "invalid_request", "content_type_unsupported"));
  it("is refused without a content type", () =>
    aggregated(form({ contentType: undefined }), 400, "invalid_request", "content_type_unsupported"));
  it("is refused by size", () =>
    aggregated(form({}, `a=${"x".repeat(70_000)}`), 413, "invalid_request", "body_too_large"));
  it("is refused by method", () => aggregated(form({ method: "GET" }), 405, "invalid_request", "method_not_allowed"));
  it("is refused off the path", () => aggregated(form({ path: "/token" }), 404, "not_found", "not_found"));
  it("is refused for a repeated parameter", () =>
    aggregated(
      form({}, "grant_type=client_credentials&grant_type=client_credentials"),
      400,
      "invalid_request",
      "parameter_repeated",
    ));
  it.each(["password", "refresh_token", "authorization_code", "urn:ietf:params:oauth:grant-type:saml2-bearer"])(
    "is refused for grant %s",
    (grant) =>
      aggregated(
        () => world.send("token", planner, { ...own, grant_type: grant }),
        400,
        "unsupported_grant_type",
        "grant_unsupported",
      ),
  );
  it("is refused without a grant", () =>
    aggregated(
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
    aggregated(() => world.send("token", planner, { ...own, ...more }), 400, "invalid_request", reason),
  );
  it.each([
    ["[{", "not JSON"],
    ['{"type":"x"}', "no array"],
    ['[{"type":1}]', "no type"],
    [`${"[".repeat(20)}${"]".repeat(20)}`, "deep"],
    ['[{"type":"x","type":"y"}]', "twice"],
  ])("is refused with details %s (%s)", (text) =>
    aggregated(
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
    aggregated(
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
    aggregated(
      () =>
        world.send("token", planner, own, {
          proof: dpopProof(triage.key, { url: tokenUrl, atSeconds: world.time.seconds }),
        }),
      400,
      "invalid_dpop_proof",
      "dpop_key_mismatch",
    ));
  it("is refused with a proof for another URL", () =>
    aggregated(
      () =>
        world.send("token", planner, own, {
          proof: dpopProof(planner.key, { url: `${issuer}/`, atSeconds: world.time.seconds }),
        }),
      400,
      "invalid_dpop_proof",
      "dpop_invalid",
    ));
  it("is refused with an old proof", () =>
    aggregated(
      () =>
        world.send("token", planner, own, {
          proof: dpopProof(planner.key, { url: tokenUrl, atSeconds: world.time.seconds - 61 }),
        }),
      400,
      "invalid_dpop_proof",
      "dpop_invalid",
    ));
  it("is refused with an expired identity token", () =>
    aggregated(assertion(planner.identity({ exp: world.time.seconds })), 401, "invalid_client", "assertion_expired"));
  it("is refused with an identity token for another audience", () =>
    aggregated(assertion(planner.identity({ aud: tickets })), 401, "invalid_client", "assertion_invalid"));
  it("is refused with an identity token for two audiences", () =>
    aggregated(assertion(planner.identity({ aud: [issuer, tickets] })), 401, "invalid_client", "assertion_invalid"));
  it("threat 14: is refused with a name from another trust domain under our key", () =>
    aggregated(
      assertion(planner.identity({ sub: "spiffe://agents.evil.example/agent/planner" })),
      401,
      "invalid_client",
      "assertion_invalid",
    ));
  it("is refused with an identity token of another typ", () =>
    aggregated(assertion(planner.identity({}, { typ: "at+jwt" })), 401, "invalid_client", "assertion_invalid"));
  it("threat 14: is refused when a session token stands in for the identity token", async () => {
    const token = (await world.send("token", researcher, own)).body.access_token;
    const { status, body } = await world.send("token", researcher, { ...own, client_assertion: token });
    expect([status, body.error, lastAggregated()]).toEqual([401, "invalid_client", "assertion_invalid"]);
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
    return aggregated(assertion(forged), 401, "invalid_client", "assertion_invalid");
  });
  it("is refused when client_id names another agent", () =>
    aggregated(
      () => world.send("token", planner, { ...own, client_id: triage.id }),
      401,
      "invalid_client",
      "assertion_invalid",
    ));
  it("consumes its proof: the second use of one is refused and signs nothing", async () => {
    const proof = dpopProof(researcher.key, { url: tokenUrl, atSeconds: world.time.seconds });
    expect((await world.send("token", researcher, own, { proof })).status).toBe(200);
    const { signatures } = world.signers.session;
    await refused(() => world.send("token", researcher, own, { proof }), 400, "invalid_dpop_proof", "dpop_replayed");
    expect(world.signers.session.signatures).toBe(signatures);
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
    refusedAsStolen(
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
    expect(world.signers.session.signatures).toBe(0);
  });
  it("is slowed down before a signature is paid for", async () => {
    world.limiter.allowed = false;
    await aggregated(() => world.send("token", researcher, own), 429, "slow_down", "rate_exceeded");
    expect(world.signers.session.signatures).toBe(0);
  });
});
