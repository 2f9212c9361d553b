import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, vi } from "vitest";
import { run } from "../../../bin/lanyard/program.ts";

const folder = mkdtempSync(join(tmpdir(), "lanyard-explain-"));

/** Writes a document, a key set or settings (an object as JSON, which is YAML) where the command can read it. */
export const file = (name: string, content: string | Uint8Array | object): string => {
  const path = join(folder, name);
  const raw = typeof content === "string" || content instanceof Uint8Array ? content : JSON.stringify(content);
  writeFileSync(path, raw);
  return path;
};

/** A vector as it is on disk. */
export const vector = (path: string): Buffer => readFileSync(new URL(`../../vectors/${path}`, import.meta.url));

/** What came of `lanyard attest --explain`, run as a person would. */
interface Explained {
  readonly code: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

/** Runs the command by its words. */
export async function lanyard(...args: readonly string[]): Promise<Explained> {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
  const code = await run(args, { terminal, env: {}, folder });
  return { code, out, err };
}

/** The explanation as `--json` gives it, and the exit code. */
export async function explain(document: string | Uint8Array | object, ...more: readonly string[]) {
  const { code, out } = await lanyard("attest", "--explain", file("document", document), "--json", ...more);
  const told = JSON.parse(out.join("\n")) as {
    readonly type: string;
    readonly accepted: boolean;
    readonly assurance: string | null;
    readonly checks: readonly { name: string; ok: boolean; detail: string }[];
    readonly facts: Readonly<Record<string, string>>;
    readonly message?: string;
  };
  const failed = told.checks?.find((check) => !check.ok)?.name;
  return { code, told, failed, outcome: [code, told.accepted, failed ?? ""] };
}

/** Options that evaluate as of this second. */
export const at = (seconds: number) => ["--at", String(seconds)];

/** Options that read these settings. */
export const settings = (content: object) => ["--settings", file("settings.json", content)];

/** Gives back, behind each test of the calling file, what it spied on. */
export function setUp(): void {
  afterEach(() => vi.restoreAllMocks());
}
