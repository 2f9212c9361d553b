import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { beforeEach, describe, expect, test } from "vitest";
import { withheld } from "../../core/audit/personal.ts";
import { revealColumns } from "../../core/audit/reveal.ts";
import type { PolicyRegistration, Registration } from "../../core/model/registry.ts";
import { idTokenType } from "../../core/model/wire.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { agent, idp, tickets } from "../kit/registry.ts";
import type { TestAgent } from "../kit/world/agents.ts";
import { rowsFor } from "../model/rows.ts";
import { createStage, type Stage } from "../model/stage.ts";
import { firstPublished } from "../model/state.ts";

const policy = (name: string, text: string, mode?: "log"): PolicyRegistration => ({
  kind: "policy",
  name,
  cedar: text,
  ...(mode ? { mode } : {}),
});
const everything = policy("everything", "permit (principal, action, resource);");
const people: Registration = {
  kind: "trusted-issuer",
  name: "people",
  purpose: "person",
  issuer: idp,
  algorithms: ["ES256"],
  groups: { claim: "groups", names: ["support", "admins"] },
};

/** The registry of random programs, but for what these tests are about. */
const others = rowsFor(firstPublished, []).filter(({ kind, name }) => kind !== "policy" && name !== people.name);

let stage: Stage;
let planner: TestAgent;
let version = 1;
beforeEach(async () => {
  stage = await createStage();
  stage.world.policy.engine = createCedarEngine(cedar);
  planner = stage.agents.get("planner") as TestAgent;
});

/** Makes these policies count, by real attestation, and opens a session for ada with them. */
async function openUnder(policies: readonly Registration[], more: Record<string, string> = {}) {
  const { world } = stage;
  world.publish(++version, ...others, people, ...policies);
  const client_assertion = String((await stage.attest("planner")).body.identity_token);
  const answer = await world.exchange(planner, world.idToken("planner-app"), idTokenType, {
    client_assertion,
    resource: tickets,
    scope: "tickets:read",
    ...more,
  });
  const { metadata, unmapped } = JSON.parse(world.store.records.at(-1)?.body ?? "{}");
  const keyOf = async (person: string) => world.store.people.get(person)?.key;
  return { answer, event: await revealColumns(unmapped.lanyard, metadata.uid, keyOf) };
}

describe("policies on the way of a real request", () => {
  test("decide by the facts the agent really attested, and the event holds the question as it was asked", async () => {
    const byAccount = policy(
      "by-account",
      'permit (principal, action, resource) when { context.evidence.hasTag("account") && context.evidence.getTag("account") == "123456789012" };',
    );
    const { answer, event } = await openUnder([byAccount]);
    expect(answer.status).toBe(200);
    expect(event.policies).toEqual(["by-account"]);
    expect(event.asked).toEqual([
      expect.objectContaining({
        action: "open",
        agent: planner.id,
        principal_kind: "person",
        groups: ["people/support"],
        resource: tickets,
        scopes: ["tickets:read"],
        evidence_type: "aws-sts-web-identity",
        facts: expect.objectContaining({ account: "123456789012" }),
      }),
    ]);
  });

  test("refuse what rests on facts of another account, and tell the caller which part, never which policy", async () => {
    const elsewhere = policy(
      "elsewhere",
      'permit (principal, action, resource) when { context.evidence.hasTag("account") && context.evidence.getTag("account") == "999999999999" };',
    );
    const { answer, event } = await openUnder([elsewhere]);
    expect(answer).toMatchObject({ status: 403, body: { error: "access_denied" } });
    expect(answer.body.error_description).toContain("this principal to lend");
    expect(JSON.stringify(answer.body)).not.toContain("elsewhere");
    expect(event.denial).toMatchObject({ code: "policy_denied", action: "open", missing: { who: "principal" } });
  });

  test("count the person's declared groups, whatever else the claim holds", async () => {
    const admins = policy(
      "admins",
      'permit (principal in Group::"people/admins", action == Action::"lend", resource);',
    );
    const rest = policy("rest", "permit (principal is Agent, action, resource);");
    // a person who was only ever refused has no key, and nothing of it is written
    expect((await openUnder([admins, rest])).event.asked[0].groups).toEqual([withheld]);
    expect((await openUnder([everything])).answer.status).toBe(200);
    const { answer, event } = await openUnder([admins, rest]);
    expect(answer.status).toBe(403);
    expect(event.asked[0].groups).toEqual(["people/support"]);
  });

  test("that are only logged change nothing, and the event says what they would have done", async () => {
    const forbid = policy("no-reading", 'forbid (principal, action, resource == Tool::"tickets:read");', "log");
    const { answer, event } = await openUnder([everything, forbid]);
    expect(answer.status).toBe(200);
    expect(event.policy_logged).toEqual([
      expect.objectContaining({ resource: tickets, allowed: false, policies: ["no-reading"] }),
    ]);
  });

  test("spare an agent in log-only mode its refusal, which the event tells", async () => {
    const row = others.find((one) => one.kind === "agent" && one.name === "planner");
    const lenient = agent("planner", { ...(row as ReturnType<typeof agent>), policyMode: "log" });
    const { answer, event } = await openUnder([lenient]);
    expect(answer.status).toBe(200);
    expect(event.policy_logged).toEqual([expect.objectContaining({ allowed: false, missing: { who: "principal" } })]);
  });
});
