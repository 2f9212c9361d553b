import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type FunctionName, functionNames } from "../../lambdas/manifest.ts";
import { firstLoad, firstLoadBytes, keepFunctions } from "../../scripts/kept/functions.ts";
import { filesBelow } from "../../scripts/kept/hash.ts";
import { usualStore } from "../../scripts/kept/store.ts";
import { noFormats } from "../../scripts/lean-json-schema.ts";

/** The most that a cold start may read, in kB: what each reads today and a little, so that no growth goes unseen. */
const budgets: Readonly<Record<FunctionName, number>> = {
  attest: 365,
  "attest-iam": 310,
  token: 399,
  introspect: 315,
  revoke: 305,
  credentials: 389,
  decide: 380,
  "decide-iam": 380,
  approve: 320,
  "approve-token": 350,
  signals: 350,
  "admin-revoke": 260,
  "admin-write": 270,
  "admin-read": 330,
  discovery: 262,
  relay: 255,
  publisher: 287,
  "aws-stop": 307,
  rotator: 262,
  transmitter: 312,
  notices: 245,
  federation: 30,
  "admin-rotate": 246,
  "registry-applier": 262,
  "lifecycle-watch": 262,
  sealer: 380,
  "object-reader": 380,
  reconciler: 270,
  "drift-watch": 323,
  canary: 400,
};

const bundles = await keepFunctions(usualStore, functionNames);

describe("a function's bundle", () => {
  it.each(functionNames)("%s reads no more at a cold start than it is allowed, and never more than 400 kB", (name) => {
    const bytes = firstLoadBytes(bundles[name] ?? "");
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes / 1000).toBeLessThanOrEqual(budgets[name]);
    expect(budgets[name]).toBeLessThanOrEqual(400);
  });

  it.each(functionNames)(
    "%s imports no module of Node's at a cold start, and so evaluates no getter of one",
    (name) => {
      const texts = [...firstLoad(bundles[name] ?? "").values()].join("\n");
      expect(texts).toContain("getBuiltinModule");
      expect(texts.match(/(?:from|import)\s*"(?:node:)?[a-z_]+(?:\/[a-z_]+)?"/g)).toBeNull();
    },
  );

  it.each(functionNames.filter((name) => name !== "attest"))(
    "%s carries nothing that proves evidence, which attest alone loads when it is first presented",
    (name) => {
      const chunks = filesBelow(bundles[name] ?? "").join("\n");
      expect(chunks).not.toMatch(/attestor-/);
      expect(filesBelow(bundles.attest ?? "").join("\n")).toMatch(/attestor-/);
    },
  );

  it.each([
    ["admin-write", "what holds registrations against their schemas", "use letters, digits and '_', a letter first"],
    [
      "registry-applier",
      "what holds registrations against their schemas",
      "use letters, digits and '_', a letter first",
    ],
    ["token", "what fetches keys of issuers", "the name leads to an address that is not public"],
    ["attest", "what fetches keys of issuers", "the name leads to an address that is not public"],
  ] as const)("%s loads %s when it first needs it, and not at a cold start", (name, _what, mark) => {
    const folder = bundles[name] ?? "";
    const holding = filesBelow(folder).filter((file) => readFileSync(join(folder, file), "utf8").includes(mark));
    expect(holding).not.toEqual([]);
    expect(holding.filter((file) => firstLoad(folder).has(file))).toEqual([]);
  });

  it("knows no format of JSON Schema, so that a schema which names one is met by nothing", async () => {
    const formats = "date-time|json-pointer-uri-fragment";
    const texts = filesBelow(bundles.token ?? "").map((file) => readFileSync(join(bundles.token ?? "", file), "utf8"));
    expect(texts.filter((text) => new RegExp(`["'](?:${formats})["']\\s*:`).test(text))).toEqual([]);
    const { format } = (await import(`data:text/javascript,${encodeURIComponent(noFormats)}`)) as {
      format: Record<string, (text: string) => boolean>;
    };
    expect(["email", "uuid", "a-new-one"].map((name) => format[name]?.("a@example.com"))).toEqual([
      false,
      false,
      false,
    ]);
  });
});
