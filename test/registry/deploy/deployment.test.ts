import { describe, expect, test } from "vitest";
import type { Registration } from "../../../core/model/registry.ts";
import { applyRegistry, documentsOfRows } from "../../../core/registry/apply.ts";
import { deployReason } from "../../../core/registry/deploy/reason.ts";
import { registryDigest } from "../../../core/registry/digest.ts";
import { deploy, deps, type Folder, folders, registry, setUp, stackId } from "./ground.ts";

setUp();

const ada = { arn: "arn:aws:sts::111122223333:assumed-role/operator/ada", uniqueId: "AROAEXAMPLE" };

const byHand = async (rows: readonly Registration[]) => {
  const facts = { timeMillis: 1_785_542_400_000, requestId: "hand" };
  const done = await applyRegistry({ documents: documentsOfRows(rows), operator: ada, facts }, deps());
  if (!done.ok) throw new Error(done.error.code);
};

const live = async () => {
  const digest = registryDigest(await registry.rows(await registry.applied()));
  return Object.entries(folders).find(([, rows]) => registryDigest(rows) === digest)?.[0] ?? "something else";
};

/** What happened before, in order: `create`/`update` a folder by this stack, `hand` by somebody. */
type Past = readonly (readonly ["create" | "update" | "hand" | "forced", Folder])[];

async function replay(past: Past) {
  for (const [how, name] of past) {
    if (how === "hand") await byHand(folders[name]);
    else if (how === "forced") await deploy("update", name, { force: true });
    else await deploy(how, name);
  }
}

describe("a deployment", () => {
  test.each<[string, Past, "create" | "update", Folder, string, string, boolean?]>([
    ["a first one fills an empty registry", [], "create", "one", "applied", "one"],
    ["a next one moves it on", [["create", "one"]], "update", "two", "applied", "two"],
    ["an event that comes twice finds its work done", [["create", "one"]], "create", "one", "unchanged", "one"],
    [
      "a rollback restores what was",
      [
        ["create", "one"],
        ["update", "two"],
      ],
      "update",
      "one",
      "restored",
      "one",
    ],
    [
      "a rollback of a rollback does too",
      [
        ["create", "one"],
        ["update", "two"],
        ["update", "one"],
      ],
      "update",
      "two",
      "restored",
      "two",
    ],
    [
      "a rollback of a deployment that was refused changes nothing",
      [
        ["create", "one"],
        ["update", "broken"],
      ],
      "update",
      "one",
      "unchanged",
      "one",
    ],
    [
      "a rollback leaves what somebody changed since",
      [
        ["create", "one"],
        ["update", "two"],
        ["hand", "three"],
      ],
      "update",
      "one",
      "left",
      "three",
    ],
    [
      "a rollback of a deployment that was refused for a change by hand leaves that change",
      [
        ["create", "one"],
        ["hand", "three"],
        ["update", "two"],
      ],
      "update",
      "one",
      "left",
      "three",
    ],
    [
      "what somebody changed and changed back is untouched",
      [
        ["create", "one"],
        ["hand", "three"],
        ["hand", "one"],
      ],
      "update",
      "two",
      "applied",
      "two",
    ],
    [
      "force overwrites what somebody changed",
      [
        ["create", "one"],
        ["hand", "three"],
      ],
      "update",
      "two",
      "applied",
      "two",
      true,
    ],
    [
      "force brings back registrations of before, over what somebody changed",
      [
        ["create", "one"],
        ["hand", "three"],
      ],
      "update",
      "one",
      "applied",
      "one",
      true,
    ],
    ["a first one takes over what is the same already", [["hand", "one"]], "create", "one", "applied", "one"],
    [
      "and its rollback is known then",
      [
        ["hand", "one"],
        ["create", "one"],
        ["update", "two"],
      ],
      "update",
      "one",
      "restored",
      "one",
    ],
    [
      "a change by hand that anticipates the folder is taken over",
      [
        ["create", "one"],
        ["hand", "two"],
      ],
      "update",
      "two",
      "applied",
      "two",
    ],
    [
      "a rollback cannot bring a retired agent back, and does not fail for it",
      [
        ["create", "one"],
        ["update", "retired"],
      ],
      "update",
      "one",
      "left",
      "retired",
    ],
    [
      "a stack made anew goes on where the deleted one ended",
      [
        ["create", "one"],
        ["update", "two"],
      ],
      "create",
      "three",
      "applied",
      "three",
    ],
  ])("%s", async (_, past, step, name, outcome, after, force = false) => {
    await replay(past);
    expect(await deploy(step, name, { force })).toMatchObject({ ok: true, value: { outcome } });
    expect(await live()).toBe(after);
  });

  test.each<[string, Past, "create" | "update", Folder]>([
    [
      "a base changed by hand",
      [
        ["create", "one"],
        ["hand", "three"],
      ],
      "update",
      "two",
    ],
    ["a registry that somebody filled before", [["hand", "three"]], "create", "one"],
    [
      "a stack made anew over a change by hand",
      [
        ["create", "one"],
        ["hand", "three"],
      ],
      "create",
      "one",
    ],
  ])("refuses %s and leaves it", async (_, past, step, name) => {
    await replay(past);
    const refused = await deploy(step, name);
    expect(refused).toMatchObject({ ok: false, error: { kind: "changed_by_hand", by: ada.arn } });
    expect(await live()).toBe("three");
  });

  test("says whose version is in the way and what they changed", async () => {
    await replay([
      ["create", "one"],
      ["hand", "three"],
    ]);
    const refused = await deploy("update", "two");
    const said = refused.ok ? "" : deployReason(refused.error);
    expect(said).toContain(ada.arn);
    expect(said).toContain("maxDepth: 1 → 5");
  });

  test("refuses what does not validate, with every problem's place, and writes nothing", async () => {
    await replay([["create", "one"]]);
    const refused = await deploy("update", "broken");
    expect(refused.ok ? "" : deployReason(refused.error)).toMatch(/registry_invalid[\s\S]*agent triage:1: may\.0/);
    expect(registry.versions.size).toBe(1);
  });

  test("refuses a package that is not what the template asks for", async () => {
    await replay([["create", "one"]]);
    const asked = await deploy("update", "two", { digest: registryDigest(folders.three) });
    expect(asked).toMatchObject({ ok: false, error: { kind: "folder_missing" } });
    expect(await live()).toBe("one");
  });

  test("restores from the store when the package holds other registrations", async () => {
    await replay([
      ["create", "one"],
      ["update", "two"],
    ]);
    const digest = registryDigest(folders.one);
    expect(await deploy("update", "three", { digest })).toMatchObject({ value: { outcome: "restored" } });
    expect(await live()).toBe("one");
  });

  test("another stack's version counts as changed by hand", async () => {
    await deploy("create", "one", { stackId: stackId.replace("prod", "test") });
    expect(await deploy("create", "two")).toMatchObject({ error: { kind: "changed_by_hand" } });
  });

  test("refuses when somebody comes between, not overwriting what they did", async () => {
    await replay([["create", "one"]]);
    registry.beforeApply = () => byHand(folders.three);
    expect(await deploy("update", "two")).toMatchObject({ error: { kind: "changed_by_hand" } });
    expect(await live()).toBe("three");
  });

  test("of one event delivered twice at one instant, one applies and the other finds it done", async () => {
    await replay([["create", "one"]]);
    let other: Awaited<ReturnType<typeof deploy>> | undefined;
    registry.beforeApply = async () => {
      other = await deploy("update", "two");
    };
    expect(await deploy("update", "two")).toMatchObject({ value: { outcome: "unchanged", version: 2 } });
    expect(other).toMatchObject({ value: { outcome: "applied", version: 2 } });
  });

  test("names the stack as actor, and the history keeps stack and digest", async () => {
    await deploy("create", "one");
    expect(JSON.parse(registry.records[0]?.body ?? "")).toMatchObject({
      actor: { user: { uid: "6f1f-1", name: stackId } },
      unmapped: { lanyard: { operation: "registry.apply", operator_arn: stackId, request_id: "r-1" } },
    });
    expect(registry.entries[0]).toMatchObject({
      by: stackId,
      source: "arn:aws:cloudformation:eu-west-1:111122223333:stack/lanyard-prod-service",
      digest: registryDigest(folders.one),
    });
  });
});
