import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { canaryLines } from "../../../bin/lanyard/canary/measured.ts";
import { canaryRegistrations } from "../../../bin/lanyard/canary/registrations.ts";
import { run } from "../../../bin/lanyard/program.ts";

const nowMillis = 1_785_542_400_000;
const place = { place: "offline", runs: 288, p50Millis: 2_411, p99Millis: 6_900, maxMillis: 7_001 };

describe("lanyard status", () => {
  test("shows p50 and p99 of each place", () => {
    const lines = canaryLines({ watches: true, newestAtSeconds: nowMillis / 1_000 - 60, places: [place] }, nowMillis);
    expect(lines).toEqual(["refusals       offline: p50 2.41 s, p99 6.90 s after a revocation (288 within a day)"]);
  });

  test("says that nothing is measured any more, or nothing yet", () => {
    const newestAtSeconds = nowMillis / 1_000 - 3_600;
    expect(canaryLines({ watches: true, newestAtSeconds, places: [place] }, nowMillis)[0]).toContain("for 60 minutes");
    expect(canaryLines({ watches: true, places: [] }, nowMillis)[0]).toContain("lanyard canary init");
  });
});

describe("lanyard canary init", () => {
  const called = async (...args: string[]) => {
    const said: string[] = [];
    const terminal = { out: (line: string) => void said.push(line), err: (line: string) => void said.push(line) };
    return { code: await run(["canary", "init", ...args], { terminal, env: {}, folder: tmpdir() }), said };
  };

  test("writes the registrations, and never over a file that is there", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lanyard-canary-"));
    expect((await called(folder, "--stage", "prod", "--owner", "platform")).code).toBe(0);
    const text = readFileSync(join(folder, "canary.yaml"), "utf8");
    expect(text).toBe(canaryRegistrations({ stage: "prod", owner: "platform", aws: false }));
    const again = await called(folder, "--stage", "prod", "--aws");
    expect([again.code, again.said[0]]).toEqual([2, expect.stringContaining("is there already")]);
    expect(readFileSync(join(folder, "canary.yaml"), "utf8")).toBe(text);
  });

  test("refuses what is no stage, and a folder that is not there", async () => {
    expect((await called(tmpdir(), "--stage", "Prod stage")).code).toBe(2);
    expect((await called(join(tmpdir(), "no-such-folder"), "--stage", "prod")).code).toBe(2);
  });
});
