import { describe, expect, test } from "vitest";
import type { Registration } from "../../../core/model/registry.ts";
import { documentsOfRows } from "../../../core/registry/apply.ts";
import { deployReason } from "../../../core/registry/deploy/reason.ts";
import { registryDigest } from "../../../core/registry/digest.ts";
import { deploy, folders, registry, setUp, start } from "./ground.ts";

setUp();

test("a rollback of a deployment that added an agent leaves it suspended and holding nothing", async () => {
  await deploy("create", "one");
  const may = [{ resource: "https://tickets.example", scopes: ["tickets:read"] }];
  const triage = start.find((row) => row.kind === "agent" && row.name === "triage");
  const roleArn = "arn:aws:iam::123456789012:role/late";
  const selectors = [{ type: "aws-sts-web-identity", exact: { roleArn } }];
  const rows = [...folders.two, { ...triage, name: "late", selectors, clients: [], may, lends: [] }] as typeof start;
  const digest = registryDigest(rows);
  const folder = { digest, documents: documentsOfRows(rows) };
  const done = await deploy("update", "two", { digest, folder });
  expect(done.ok ? done.value.outcome : done.error).toBe("applied");
  expect(await deploy("update", "one")).toMatchObject({ ok: true, value: { outcome: "restored" } });
  const now = await registry.rows(await registry.applied());
  expect(now.filter((row) => row.name !== "late")).toEqual(folders.one);
  expect(now.find((row) => row.name === "late")).toMatchObject({ state: "suspended", may: [] });
});

test("a reason fits CloudFormation's answer, whatever it has to tell", () => {
  const values = Array.from({ length: 500 }, (_, n) => ({ path: `p${n}`, before: '"\\🦜'.repeat(99), after: n }));
  const difference = { added: [], changed: [{ name: "agent x", values }], removed: [] };
  const refusal = { kind: "changed_by_hand", version: 1, by: "a".repeat(2_000), since: "own", difference } as const;
  const said = deployReason(refusal);
  expect(Buffer.byteLength(JSON.stringify(said))).toBeLessThan(2_600);
  expect(said).toContain("Version 1");
});

describe("a digest", () => {
  test("does not know the order of registrations, nor of members", () => {
    const turned = [...start].reverse().map((row) => Object.fromEntries(Object.entries(row).reverse()));
    expect(registryDigest(turned as unknown as Registration[])).toBe(registryDigest(start));
  });
  test("knows the order of a list, and every value", () => {
    const all = Object.values(folders).map(registryDigest);
    expect(new Set(all).size).toBe(all.length);
  });
});
