import { describe, expect, it, test } from "vitest";
import { jwtBearerGrant, sessionTokenType } from "../../../core/model/wire.ts";
import { agent, agentId, customers, idp, tickets } from "../../kit/registry.ts";
import { testKey } from "../../kit/wire/key.ts";
import { issuer } from "../../kit/world/ground.ts";
import { type Params, tokenUrl } from "../../kit/world/tokens.ts";
import {
  alias,
  asserting,
  ci,
  ciKey,
  claimsOf,
  forTickets,
  idJag,
  planner,
  plannerId,
  plannerRow,
  platform,
  post,
  refusal,
  refusedBy,
  setUp,
  sidOf,
  triage,
  workloadToken,
  world,
} from "./ground.ts";

setUp();

const show = (assertion: string, more: Params = {}, key = planner.key) =>
  post({ grant_type: jwtBearerGrant, assertion, ...forTickets, ...more }, key);
const outcome = async (assertion: string, more: Params = {}, key = planner.key) => {
  const { status, body } = await show(assertion, more, key);
  return [status, body.error, refusal().code];
};

describe("a platform's token as assertion", () => {
  it("authenticates its workload by itself, which acts on its own account", async () => {
    const { status, body } = await show(workloadToken());
    expect([status, body.token_type]).toEqual([200, "DPoP"]);
    expect(claimsOf(body.access_token)).toMatchObject({
      sub: plannerId,
      client_id: plannerId,
      assurance: "document",
      cnf: { jkt: planner.key.jkt },
    });
    const record = JSON.parse(world.store.records.at(-1)?.body ?? "{}").unmapped.lanyard;
    expect(record).toMatchObject({ evidence_type: "oidc", evidence: { issuer: ci, subject: "repo:acme/planner" } });
  });

  test.each<[string, () => unknown]>([
    ["the issuer", () => issuer],
    ["the issuer, as a list of one", () => [issuer]],
    ["the token endpoint", () => tokenUrl],
  ])("may be for %s", async (_, aud) => {
    expect((await show(workloadToken({ aud: aud() }))).status).toBe(200);
  });

  it("opens a session each time it is shown with its key, as a client's own work does", async () => {
    const document = workloadToken();
    const [one, two] = [await show(document), await show(document)];
    expect(sidOf(one.body.access_token)).not.toBe(sidOf(two.body.access_token));
    expect((await show(document, { requested_token_type: sessionTokenType })).body.token_type).toBe("N_A");
  });

  it("gives what the agent lends itself, and no more", async () => {
    expect((await show(workloadToken(), { scope: "tickets:write" })).body.error).toBe("invalid_scope");
    expect((await show(workloadToken(), { resource: customers, scope: "customers:read" })).body.error).toBe(
      "invalid_scope",
    );
    expect((await show(workloadToken(), { resource: undefined })).body.error).toBe("invalid_target");
  });

  it("may name its client, by id or alias, if it is that client", async () => {
    expect((await show(workloadToken(), { client_id: plannerId })).status).toBe(200);
    expect((await show(workloadToken(), { client_id: alias })).status).toBe(200);
    expect(await outcome(workloadToken(), { client_id: agentId("triage") })).toEqual(refusedBy("workload_unknown"));
  });
});

describe("as a workload's assertion counts nothing", () => {
  it.each<[string, object, object]>([
    ["for another audience", { aud: "https://elsewhere.example" }, {}],
    ["for us and another", { aud: [issuer, "https://elsewhere.example"] }, {}],
    ["for an address below the token endpoint", { aud: `${tokenUrl}x` }, {}],
    ["for nobody", { aud: undefined }, {}],
    ["of an issuer that is not registered", { iss: "https://nobody.example" }, {}],
    ["of an issuer of people", { iss: idp }, {}],
    ["that lives for two hours", { exp: 1_785_542_400 + 7_200 }, {}],
    ["an access token", {}, { typ: "at+jwt" }],
    ["a token of no algorithm", {}, { alg: "none" }],
  ])("%s", async (_, claims, header) => {
    expect(await outcome(workloadToken(claims, header))).toEqual(refusedBy("evidence_invalid"));
    expect(world.store.sessions.size).toBe(0);
  });

  it("by another key, or after its end", async () => {
    expect(await outcome(workloadToken({}, {}, await testKey()))).toEqual(refusedBy("evidence_invalid"));
    const old = workloadToken();
    world.time.seconds += 900;
    expect(await outcome(old)).toEqual(refusedBy("evidence_expired"));
  });

  it("of a person: an ID token is not one, nor is an identity assertion without its client", async () => {
    expect(await outcome(world.idToken("planner-app"))).toEqual(refusedBy("evidence_invalid"));
    expect(await outcome(world.idToken(issuer))).toEqual(refusedBy("evidence_invalid"));
    expect((await show(idJag())).body.error).toBe("invalid_client");
  });

  it("of a subject nobody has, and who asks learns no more of one that somebody has", async () => {
    expect(await outcome(workloadToken({ sub: "repo:acme/other" }))).toEqual(refusedBy("workload_unknown"));
    const bound = {
      type: "oidc",
      exact: { issuer: ci, subject: "repo:acme/planner", "claim.environment": "production" },
    };
    world.publish(2, plannerRow({ selectors: [bound] }), ...asserting, platform);
    const [unknown, other] = [await show(workloadToken({ sub: "x" })), await show(workloadToken())];
    expect(unknown.body).toEqual(other.body);
    expect(await outcome(workloadToken({ environment: "test" }))).toEqual(refusedBy("selector_mismatch"));
    expect((await show(workloadToken({ environment: "production" }))).status).toBe(200);
  });

  it("threat 15: of a subject that two agents have, unless the request names one of them", async () => {
    const of = (environment: string) => ({
      type: "oidc",
      exact: { issuer: ci, subject: "repo:acme/planner", "claim.environment": environment },
    });
    world.publish(
      2,
      plannerRow({ selectors: [of("test")] }),
      agent("triage", {
        selectors: [of("production")],
        lends: [{ resource: tickets, scopes: ["tickets:read"] }],
        may: [{ resource: tickets, scopes: ["tickets:read"] }],
      }),
      ...asserting,
      platform,
    );
    const document = () => workloadToken({ environment: "production" });
    expect(await outcome(document())).toEqual(refusedBy("workload_unknown"));
    expect(await outcome(document(), { client_id: plannerId })).toEqual(refusedBy("selector_mismatch"));
    expect((await show(document(), { client_id: agentId("triage") })).status).toBe(200);
  });

  it("of an agent that demands more, binds its code, or is not active", async () => {
    for (const [version, more, code] of [
      [2, { minimumAssurance: "audience" }, "assurance_too_low"],
      [3, { code: { releases: ["sha256:1"] } }, "evidence_insufficient"],
      [4, { state: "suspended" }, "agent_inactive"],
    ] as const) {
      world.publish(version, plannerRow(more), ...asserting, platform);
      expect(await outcome(workloadToken())).toEqual(refusedBy(code));
    }
  });
});

describe("threat 16: a document belongs to the first key that shows it", () => {
  it("whoever shows a copy by another key is refused, and that rings", async () => {
    const document = workloadToken();
    expect((await show(document)).status).toBe(200);
    expect(await outcome(document, {}, triage.key)).toEqual(refusedBy("evidence_of_another_key"));
    expect((await show(document)).status).toBe(200);
  });

  it("in a race of two keys, one has it", async () => {
    const document = workloadToken();
    const answers = await Promise.all([show(document), show(document, {}, triage.key)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect(world.store.sessions.size).toBe(1);
  });

  it("an unspent proof does not make a second document of one with another signature", async () => {
    const document = workloadToken();
    expect((await show(document)).status).toBe(200);
    const [header, payload] = document.split(".");
    const input = `${header}.${payload}`;
    const again = `${input}.${Buffer.from(ciKey.raw(Buffer.from(input))).toString("base64url")}`;
    expect(again).not.toBe(document);
    expect(await outcome(again, {}, triage.key)).toEqual(refusedBy("evidence_of_another_key"));
  });
});
