/**
 * The prover itself is tried where it was built (`scripts/policy-prover`): name it in LANYARD_PROVER, and cvc5 in CVC5. What
 * surrounds it is tried everywhere.
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { proofLines, prove } from "../../../bin/lanyard/policy/prove.ts";
import { createProver } from "../../../bin/lanyard/policy/prover.ts";
import type { PolicyRegistration } from "../../../core/model/registry.ts";

const policies = (texts: Readonly<Record<string, string>>, mode?: "log"): PolicyRegistration[] =>
  Object.entries(texts).map(([name, cedar]) => ({ kind: "policy", name, cedar, ...(mode ? { mode } : {}) }));
const at = (resource: string, more = "") =>
  `permit (principal, action, resource) when { resource == Resource::"${resource}"${more} };`;
const proved = '{"result":"proved","environments":8}';
const agent = { type: "Agent", id: "planner" };

/** The example of a prover: an agent at a resource, at a depth. */
const shown = (resource: string, depth: number) => ({
  ...{ result: "newly-allowed", principal: agent, action: { type: "Action", id: "open" } },
  resource: { type: "Resource", id: resource },
  context: {
    ...{ agent: { __entity: agent }, principal: { __entity: { type: "Principal", id: "p" } }, step: "open", depth },
    ...{ assurance: 2, scopes: [], detailTypes: [], evidence: { __entity: { type: "Evidence", id: "e" } }, now: 0 },
    asserted: {},
  },
  entities: [],
});

/** What is asked of a prover, and what is made of its answer. */
async function proof(before: readonly PolicyRegistration[], after: readonly PolicyRegistration[], answer: string) {
  let question: { before: object; after: object } | undefined;
  const made = await prove(before, after, async (text) => {
    question = JSON.parse(text);
    return answer;
  });
  return { made, question };
}

describe("what is proved of policies", () => {
  test("is what the prover says of those that permit and forbid at once", async () => {
    const before = [...policies({ a: at("x") }), ...policies({ l: at("y") }, "log")];
    const after = policies({ a: at("x"), waits: `@approval("leads") ${at("z")}` });
    const { made, question } = await proof(before, after, proved);
    expect(made).toEqual({ result: "proved", kinds: 8 });
    expect(question).toMatchObject({ before: { a: at("x") }, after: { a: at("x") } });
    expect(Object.keys({ ...question?.before, ...question?.after })).toEqual(["a"]);
  });

  test("is a request that Cedar itself permits by the one and refuses by the other", async () => {
    const [before, after] = [policies({ a: at("x", " && context.depth < 2") }), policies({ a: at("x") })];
    const { made } = await proof(before, after, JSON.stringify(shown("x", 3)));
    expect(made).toMatchObject({ result: "newly-allowed", context: { depth: 3 } });
    expect(proofLines(made)[0]).toBe(
      '+ would permit a request that the present policies refuse: Agent::"planner", open, Resource::"x"',
    );
  });

  test.each([
    ["is permitted already", 1],
    ["is refused still", 3],
  ])("is nothing where the request that the prover shows %s", async (_, depth) => {
    const same = policies({ a: at("x", " && context.depth < 2") });
    const { made } = await proof(same, same, JSON.stringify(shown("x", depth)));
    expect(made).toEqual({ result: "not-proved", why: expect.stringContaining("Cedar says otherwise") });
  });

  test.each(["", "proved", "{}", '{"result":"proved"}', '{"result":"proved","environments":0}', "[]", "null"])(
    "is nothing where the prover answers %j",
    async (answer) => {
      const { made } = await proof(policies({ a: at("x") }), policies({ a: at("x") }), answer);
      expect(made).toMatchObject({ result: "not-proved" });
    },
  );

  test("is nothing where a policy goes that reads evidence, without which it refused all of a gateway's questions", async () => {
    const before = policies({
      a: at("x"),
      e: `permit (principal, action, resource) when { context.evidence.type == "k" };`,
    });
    const { made, question } = await proof(before, policies({ a: at("x") }), proved);
    expect(made).toEqual({ result: "not-proved", why: "e reads evidence, and is changed or gone" });
    expect(question).toBeUndefined();
  });
});

describe("the prover as a program", () => {
  const folder = mkdtempSync(join(tmpdir(), "lanyard-prover-"));
  afterAll(() => rm(folder, { recursive: true }));
  const program = (name: string, lines: string) => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${lines}\n`, { mode: 0o755 });
    return createProver(path, process.env);
  };

  test("reads the question, however long it is, and answers", async () => {
    const asked = "x".repeat(3_000_000);
    expect(await program("counts", "wc -c")(asked)).toMatch(/^\s*3000000\n$/);
  });

  test.each([
    ["fails", "exit 3", /with code 3/],
    ["is killed", "kill -9 $$", /by SIGKILL/],
    ["writes without end", "yes", /ended/],
  ])("is not believed when it %s", async (name, lines, why) => {
    await expect(program(name.replaceAll(" ", "-"), lines)("x".repeat(1_000_000))).rejects.toThrow(why);
  });

  test("that is not there is told of, with where it is to be had", async () => {
    await expect(createProver("no-such-prover", process.env)("x")).rejects.toThrow(/docs\/policies\.md/);
  });
});

const real = process.env.LANYARD_PROVER;
describe.skipIf(real === undefined)("the prover that was built", () => {
  const between = (before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>) =>
    prove(policies(before), policies(after), createProver(real ?? "", process.env));

  test("proves a narrower condition, a renamed policy, a permit that is split and one that is covered", async () => {
    const split = {
      one: 'permit (principal, action == Action::"use", resource in Resource::"x") when { context.depth < 3 };',
      two: 'permit (principal, action == Action::"use", resource in Resource::"x") when { context.depth >= 3 };',
    };
    for (const [before, after] of [
      [{ a: at("x") }, { a: at("x", " && context.depth < 3") }],
      [{ a: at("x") }, { b: at("x") }],
      [{ a: 'permit (principal, action == Action::"use", resource in Resource::"x");' }, split],
      [
        { a: at("x"), b: at("y") },
        { b: at("y"), c: at("x", ' && context.agent == Agent::"a"') },
      ],
    ] as const)
      expect(await between(before, after)).toEqual({ result: "proved", kinds: 8 });
  });

  test("shows a request for a wider condition, a forbid that goes and a permit that comes", async () => {
    const forbid = 'forbid (principal, action, resource) when { context.agent == Agent::"a" };';
    for (const [before, after] of [
      [{ a: at("x", " && context.depth < 3") }, { a: at("x", " && context.depth < 4") }],
      [{ a: at("x"), f: forbid }, { a: at("x") }],
      [{ a: at("x") }, { a: at("x"), b: at("y") }],
      [{ a: at("x", ' && context.asserted has "purpose"') }, { a: at("x") }],
      [
        { a: 'permit (principal in Group::"people/leads", action, resource);' },
        { a: "permit (principal, action, resource);" },
      ],
    ] as const)
      expect(await between(before, after)).toMatchObject({ result: "newly-allowed" });
  });

  test("proves nothing where a policy goes whose evaluation may fail, since that refused", async () => {
    const before = { a: at("x"), f: "forbid (principal, action, resource) when { context.depth * 2 == 1 };" };
    expect(await between(before, { a: at("x") })).toMatchObject({ result: expect.stringMatching(/^n/) });
  });
});
