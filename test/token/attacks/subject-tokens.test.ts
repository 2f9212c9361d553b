import { describe, expect, it } from "vitest";
import { accessTokenType, idTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { agent, customers, idp, otherIdp, tickets } from "../../kit/registry.ts";
import { issuer } from "../../kit/world/ground.ts";
import type { Params } from "../../kit/world/tokens.ts";
import {
  forTickets,
  open,
  own,
  planner,
  refused,
  refusedAsStolen,
  researcher,
  setUp,
  triage,
  world,
} from "./ground.ts";

setUp();

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
    world.web.documents.clear();
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
    await refusedAsStolen(
      () => world.exchange(triage, access, accessTokenType, forTickets),
      400,
      "invalid_request",
      "subject_token_not_yours",
    );
  });
  it("is refused to its own agent under another key", async () => {
    const access = (await world.send("token", researcher, own)).body.access_token;
    const twin = await world.newAgent("researcher");
    await refusedAsStolen(
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
