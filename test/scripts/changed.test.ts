import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { changedFiles, testFinder } from "../../scripts/test/changed.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const find = testFinder(root);
const of = (...changed: string[]) => find(changed);

describe("npm test -- --changed", () => {
  it.each([
    ["core/jose/dpop.ts", ["test/dpop/verify.test.ts", "test/token/liveness/races.test.ts", "test/walls.test.ts"]],
    // the bundles and the programs are made of it, which no import shows
    [
      "core/jose/dpop.ts",
      [
        "test/e2e/start/story.test.ts",
        "test/clients/standard-clients.test.ts",
        "test/e2e/packages/cli-package.test.ts",
      ],
    ],
    ["stages/local.json", ["test/e2e/start/story.test.ts", "test/e2e/domain.test.ts"]],
    ["lambdas/token/index.ts", ["test/e2e/attacks.test.ts", "test/scripts/bundle-size.test.ts"]],
    ["docs/errors.md", ["test/errors/errors.test.ts", "test/scripts/citations.test.ts"]],
    ["docs/attestation/oidc.md", ["test/attest/pages.test.ts", "test/attest/methods.test.ts"]],
    ["test/vectors/03-ec2-iid/testca/us-test-1.pem", ["test/lambdas/attestors.test.ts"]],
    ["test/kit/wire/server.ts", ["test/scripts/lean-sdk.test.ts"]],
    ["test/narrow/leaves.test.ts", ["test/narrow/leaves.test.ts"]],
  ])("after a change of %s runs what imports it and what reads, bundles or starts it", (changed, wanted) => {
    expect(of(changed)).toEqual(expect.arrayContaining(wanted));
  });

  it("leaves out what a change cannot reach", () => {
    const afterTest = of("test/narrow/leaves.test.ts");
    expect(afterTest.length).toBeLessThan(of("core/jose/dpop.ts").length / 2);
    expect(afterTest).not.toContain("test/e2e/start/story.test.ts");
    expect(of("docs/errors.md")).not.toContain("test/token/liveness/races.test.ts");
    expect(of("core/jose/dpop.ts")).not.toContain("test/age/age.test.ts");
  });

  it("runs everything after a change of what every test depends on", () => {
    expect(of("docs/errors.md", "package-lock.json")).toBe("all");
    expect(of("vitest.config.ts")).toBe("all");
  });
});

describe("what has changed", () => {
  let folder: string;
  const git = (...args: string[]) => {
    const settings = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"];
    const { status, stderr } = spawnSync("git", ["-C", folder, ...settings, ...args], { encoding: "utf8" });
    expect([status, stderr.replace(/^(hint|warning):.*\n/gm, "")]).toEqual([0, expect.any(String)]);
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "lanyard-changed-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("is told to be unknown where there is no repository, rather than to be nothing", () => {
    expect(changedFiles(folder)).toBeUndefined();
  });

  // without git there is nothing to compare, as the test above says
  it.skipIf(spawnSync("git", ["--version"]).status !== 0)(
    "is what differs, what is new, and both names of a move",
    () => {
      mkdirSync(join(folder, "core"));
      for (const name of ["a", "b", "c"])
        writeFileSync(join(folder, "core", `${name}.ts`), `export const ${name} = 1;\n`);
      git("init", "-q");
      git("add", ".");
      git("commit", "-qm", "one");
      expect(changedFiles(folder)).toEqual([]);
      writeFileSync(join(folder, "core/a.ts"), "export const a = 2;\n");
      writeFileSync(join(folder, "core/new.ts"), "export const d = 2;\n");
      git("mv", "core/b.ts", "core/moved.ts");
      expect([...(changedFiles(folder) ?? [])].sort()).toEqual([
        "core/a.ts",
        "core/b.ts",
        "core/moved.ts",
        "core/new.ts",
      ]);
      git("add", ".");
      git("commit", "-qm", "two");
      expect(changedFiles(folder)).toEqual([]);
      expect(changedFiles(folder, "HEAD~1")).toHaveLength(4);
      expect(changedFiles(folder, "nowhere")).toBeUndefined();
    },
  );
});
