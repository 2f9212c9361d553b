import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseTime, runAttest } from "../../../bin/lanyard/attest/command.ts";
import { Refused, Usage } from "../../../bin/lanyard/terminal/outcome.ts";

const vectors = new URL("../../vectors/", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "lanyard-explain-"));
const file = (name: string, text: string | Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

/** Runs the command as a person would, with `--json`. */
async function explain(path: string, more: { at?: string; settings?: string } = {}) {
  const lines: string[] = [];
  const terminal = { out: (line: string) => void lines.push(line), err: () => undefined, progress: () => undefined };
  try {
    await runAttest({ explain: path, json: true, ...more }, terminal as never);
  } catch (failure) {
    if (!(failure instanceof Refused)) throw failure;
  }
  return { told: JSON.parse(lines.join("")), text: lines.join("") };
}

interface Entry {
  readonly file: string;
  readonly expected: string;
  readonly verify_clock_ms: number;
  readonly debug_mode: boolean;
}

describe("lanyard attest --explain", () => {
  const manifest = JSON.parse(readFileSync(join(vectors, "02-nitro/manifest.json"), "utf8")) as Entry[];
  const here = manifest.filter((entry) => entry.file.endsWith(".bin") && entry.expected === "valid");

  it.each(here.map((e) => [e.file, e] as const))(
    "judges %s at its own clock and refuses it today",
    async (_, entry) => {
      const path = join(vectors, "02-nitro", entry.file);
      const then = await explain(path, { at: String(Math.floor(entry.verify_clock_ms / 1000)) });
      expect(then.told.type).toBe("aws-nitro-enclave");
      expect(then.told.accepted).toBe(!entry.debug_mode);
      expect(then.told.checks.length).toBeGreaterThan(3);
      // nothing expected was given, so nothing ties it to a moment or a key
      expect(then.told.assurance).not.toBe("measured");
      const today = await explain(path);
      expect(today.told.accepted).toBe(false);
      expect(today.told.checks.some((check: { ok: boolean }) => !check.ok)).toBe(true);
    },
  );

  it("does not understand what is no document, or no file", async () => {
    for (const path of [file("empty", ""), file("noise", new Uint8Array([0, 255, 7, 7])), join(folder, "absent")])
      await expect(explain(path)).rejects.toBeInstanceOf(Usage);
  });

  it("names the first check a forged token fails, and prints none of it", async () => {
    const { cases, now } = JSON.parse(readFileSync(join(vectors, "sts-web-identity/tokens.json"), "utf8"));
    const good = cases.find((c: { name: string }) => c.name === "good-es384").token as string;
    const { told, text } = await explain(file("token.jwt", good), { at: String(now) });
    expect(told).toMatchObject({ type: "aws-sts-web-identity", accepted: false });
    expect(text).not.toContain(good.slice(-60));
  });

  it("refuses settings it does not know", async () => {
    const settings = file("settings.yaml", "isuer: https://id.example\n");
    const path = join(vectors, "02-nitro", here[0]?.file ?? "");
    await expect(explain(path, { settings })).rejects.toBeInstanceOf(Usage);
  });

  it.each([
    ["1785542400", 1_785_542_400],
    ["2026-08-01T00:00:00Z", 1_785_542_400],
    ["2026-08-01", 1_785_542_400],
  ])("reads the time %s", (text, seconds) => expect(parseTime(text)).toBe(seconds));
  it.each(["", "yesterday", "2026-08-01T00:00:00", "1e9", "-1", "2026-13-01"])("refuses the time %j", (text) =>
    expect(() => parseTime(text)).toThrow(Usage),
  );
});
