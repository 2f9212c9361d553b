import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { copyOf, folderWith, rewrite, tried } from "../readers.ts";

const file = "tests/multi/1.json";
const inline = {
  id: "made-here",
  policies:
    "permit(principal, action, resource) when { context.n > 1 };\nforbid(principal, action, resource) when { principal.k == 7 };",
  schema: "entity U { k?: Long }; action go appliesTo { principal: [U], resource: [U], context: { n: Long } };",
  entities: [{ uid: { type: "U", id: "a" }, attrs: {}, parents: [] }],
  shouldValidate: false,
  requests: [
    {
      description: "asked",
      principal: { type: "U", id: "a" },
      action: { type: "Action", id: "go" },
      resource: { type: "U", id: "a" },
      context: { n: 2 },
      decision: "allow",
      reason: ["policy0"],
      errors: ["policy1"],
    },
  ],
};

describe("Cedar's own tests", () => {
  it.each<[string, (one: Record<string, unknown>) => void, RegExp]>([
    ["another decision", (one) => Object.assign(one, { decision: "deny" }), /: valid: permitted by policy0/],
    [
      "another reason",
      (one) => Object.assign(one, { reason: ["policy1"] }),
      /: error: decided by policy0, where the note says policy1/,
    ],
    [
      "another principal",
      (one) => Object.assign(one, { principal: { type: "User", id: "nobody" } }),
      /: error: decided by no policy/,
    ],
    ["no shape of a request", (one) => Object.assign(one, { principal: "alice" }), /: error: no case: principal/],
  ])("fail one request with %s, and only that", async (_what, change, why) => {
    const folder = copyOf("cedar");
    const before = await tried(folder);
    rewrite(folder, file, ({ requests }) => change(requests[0]));
    const after = await tried(folder);
    expect(after.why).toEqual([expect.stringMatching(why)]);
    expect(after.trials).toHaveLength(before.trials.length);
    expect(before.failed).toEqual([]);
  });

  it("fail policies whose validity is not as the note says, by what the registry would store", async () => {
    const folder = copyOf("cedar");
    rewrite(folder, file, (test) => Object.assign(test, { shouldValidate: false }));
    expect((await tried(folder)).why).toEqual([expect.stringMatching(/^policies: valid: every policy may be stored/)]);
  });

  it("read every file of the collection, from the folder that each says it lies in", async () => {
    expect((await tried(copyOf("cedar"))).unread).toEqual([]);
    const folder = copyOf("cedar");
    expect((await tried(join(folder, file))).failed).toEqual([]);
    mkdirSync(join(folder, "elsewhere"));
    renameSync(join(folder, file), join(folder, "elsewhere/1.json"));
    expect((await tried(join(folder, "elsewhere"))).why).toEqual([expect.stringContaining("it is not in tests/multi")]);
    const deep = { policies: "a/b/c/d/p.cedar", schema: "s", entities: "e", shouldValidate: true, requests: [] };
    const far = folderWith({});
    mkdirSync(join(far, "a/b/c/d"), { recursive: true });
    renameSync(join(folderWith({ "1.json": deep }), "1.json"), join(far, "a/b/c/d/1.json"));
    expect((await tried(join(far, "a/b/c/d"))).why).toEqual([expect.stringContaining("too far above")]);
  });

  it("refuse where Cedar would allow over a policy that cannot be evaluated", async () => {
    const corpus = folderWith({ "corpus-made.json": [inline] });
    expect((await tried(corpus)).trials).toMatchObject([
      { expected: "invalid", outcome: "invalid", passed: true },
      { expected: "allow: invalid", outcome: "invalid", passed: true, reason: "could not be evaluated: policy1" },
    ]);
    const other = folderWith({
      "corpus-made.json": [{ ...inline, requests: [{ ...inline.requests[0], errors: [] }] }],
    });
    expect((await tried(other)).failed).toHaveLength(1);
    expect((await tried(folderWith({ "corpus-made.json": [{ id: "odd" }] }))).why).toEqual([
      expect.stringContaining("no case"),
    ]);
  });
});
