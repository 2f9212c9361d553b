import { expect, test } from "vitest";
import { personId } from "../../core/model/person-id.ts";
import { agent, idp } from "../kit/registry.ts";
import { deployment, json, lanyard, reading, setUp } from "./reading-ground.ts";

setUp();
const olga = personId(idp, "olga");
const owner = { issuer: idp, sub: "olga" };
const put = () =>
  reading.put([
    agent("planner", { owner, ownerConfirmedDays: 30 }),
    agent("sorter", { owner, ownerConfirmedDays: 90 }),
    agent("good", { owner: { issuer: idp, sub: "otto" } }),
    agent("text", { owner: "team@support.example" }),
  ]);

test("agents --orphaned lists those for whom nobody answers, and says how their owners stand", async () => {
  await put();
  const { out, code } = await lanyard(["agents", "--orphaned"]);
  expect(code).toBe(0);
  expect(out).toContain(`olga at ${idp}, UNCONFIRMED`);
  expect(out).toContain("team@support.example (unverified)");
  expect(out).not.toContain("otto");
  expect((await json("agents", "--orphaned")).agents.map(({ name }: { name: string }) => name)).toEqual([
    "planner",
    "sorter",
    "text",
  ]);
});

test("agents <name> says until when the owner's word counts", async () => {
  await put();
  const { seconds } = reading.world.time;
  reading.world.store.confirmations.set(olga, seconds);
  const until = new Date((seconds + 30 * 86_400) * 1000).toISOString();
  expect((await lanyard(["agents", "planner"])).out).toContain(`confirmed    until ${until}`);
});

test("agents confirm shows which agents the owner answers for, asks, and sends one order about the owner", async () => {
  await put();
  const { code, err } = await lanyard(["agents", "confirm", "planner", "--reason", "spoke with Olga"]);
  expect(code).toBe(0);
  expect(err).toMatch(/planner\n.*sorter/);
  expect(err).not.toContain("good");
  expect(deployment.admin.calls.map(({ body }) => body)).toEqual([
    { confirm: { principal: olga }, reason: "spoke with Olga" },
  ]);
});

test.each<[string, readonly string[], object]>([
  ["without a reason", ["planner"], {}],
  ["for an owner who is a text", ["text", "--reason", "r"], {}],
  ["for an agent that is not there", ["nobody", "--reason", "r"], {}],
  ["when the answer is no", ["planner", "--reason", "r"], { answer: false }],
])("agents confirm sends nothing %s", async (_, args, more) => {
  await put();
  expect((await lanyard(["agents", "confirm", ...args], more)).code).not.toBe(0);
  expect(deployment.admin.calls).toEqual([]);
});
