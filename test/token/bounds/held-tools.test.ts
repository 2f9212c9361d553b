import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { beforeEach, describe, expect, test } from "vitest";
import type { HeldTool } from "../../../core/model/agent-registration.ts";
import type { Registration } from "../../../core/model/registry.ts";
import { idTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { createCedarEngine } from "../../../core/policy/cedar.ts";
import { inBase, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const [known, other, strange] = ["a", "b", "c"].map(digest) as [string, string, string];
const permitAll: Registration = { kind: "policy", name: "all", cedar: "permit(principal, action, resource);" };

let world: World<Tokens>;
let planner: TestAgent;
async function begin(held: readonly HeldTool[] | undefined, ...more: readonly Registration[]): Promise<void> {
  const row = { ...inBase("agent", "planner"), ...(held ? { tools: held } : {}) };
  world = await createWorld([row, permitAll, ...more], tokens);
  world.policy.engine = createCedarEngine(cedar);
  planner = await world.newAgent("planner");
}
const ask = (tools?: string) =>
  world.exchange(planner, world.idToken("planner-app"), idTokenType, {
    ...{ resource: tickets, scope: "tickets:read", requested_token_type: sessionTokenType },
    ...(tools === undefined ? {} : { tools }),
  });
const why = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}").status_code;
const asked = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}").unmapped.lanyard.asked;

describe("what an agent says it works with", () => {
  beforeEach(() =>
    begin([
      { kind: "skill", name: "refunds", digests: [known, other] },
      { kind: "plugin", name: "any" },
    ]),
  );

  test("gives nothing that was not there without it, and is on record as its own word", async () => {
    expect((await ask()).status).toBe(200);
    expect((await ask(`${other} ${known}`)).status).toBe(200);
    expect(JSON.stringify(asked())).toContain(`"tools":["${known}","${other}"]`);
  });

  test("threat 61: is refused where one of it is at a digest that nobody registered, which is named", async () => {
    const { status, body } = await ask(`${known} ${strange}`);
    expect([status, body.error, why()]).toEqual([403, "access_denied", "tool_unregistered"]);
    expect(body.error_description).toContain(strange);
    expect((await ask(known)).status).toBe(200);
  });

  test.each([
    ["in capitals", known.toUpperCase()],
    ["two blanks", `${known}  ${other}`],
    ["a name", "refunds"],
    ["51", Array.from({ length: 51 }, (_, i) => `sha256:${String(i).padStart(64, "0")}`).join(" ")],
  ])("is no list of digests: %s", async (_, said) => {
    expect((await ask(said)).body.error).toBe("invalid_request");
  });

  test("is held against nothing where the registration names no tools", async () => {
    await begin(undefined);
    expect((await ask(strange)).status).toBe(200);
  });
});

test("threat 61: a policy forbids a version that an agent says it works with, and no other one", async () => {
  await begin(undefined, {
    kind: "policy",
    name: "recalled",
    cedar: `forbid (principal, action, resource) when { context.asserted has tools && context.asserted.tools.contains("${strange}") };`,
  });
  expect((await ask(`${known} ${strange}`)).body.error).toBe("access_denied");
  expect(why()).toBe("policy_denied");
  expect((await ask(known)).status).toBe(200);
  expect((await ask()).status).toBe(200);
});
