import { open } from "node:fs/promises";
import { type Terminal, Told, Usage } from "../terminal/outcome.ts";
import { adviceFor } from "./advice.ts";
import { detectEvidence, documentBytesMax } from "./detect.ts";
import { explainEvidence, explainedTypes } from "./explain.ts";
import type { Explanation } from "./explanation.ts";
import { isoTime, saidBy } from "./said.ts";
import { type AttestSettings, loadAttestSettings } from "./settings.ts";
import { explanationLines, verdict } from "./table.ts";

/** Options of `attest`. */
export interface AttestOptions {
  readonly explain: string;
  readonly at?: string;
  readonly settings?: string;
  readonly type?: string;
  readonly online?: boolean;
  readonly json?: boolean;
}

/**
 * Explains one document: prints what it is, every check and the verdict.
 * @param now the time in milliseconds, used without `--at`
 * @throws Usage when the document is not understood, {@link Told} when it is refused
 */
export async function runAttest(options: AttestOptions, terminal: Terminal, now = Date.now()): Promise<void> {
  const { explain: file, type, online = false } = options;
  if (type !== undefined && !explainedTypes.includes(type))
    throw new Usage(`--type is one of ${explainedTypes.join(", ")}`);
  const nowSeconds = options.at === undefined ? Math.floor(now / 1000) : parseTime(options.at);
  const settings: AttestSettings = options.settings === undefined ? {} : await loadAttestSettings(options.settings);
  const evidence = detectEvidence(await readDocument(file), type);
  if (!evidence) throw new Usage(`${file} is no document that is known here; --type says what it should be`);
  const told = await explainEvidence({ evidence, settings, nowSeconds, online });
  if (!told) throw new Usage(`${file} is evidence of a type that is not known here`);
  if (options.json) terminal.out(machineReadable(told));
  else {
    const said = saidBy(evidence, nowSeconds);
    const advice = adviceFor(told, said, options.at !== undefined);
    const page = { file, clock: isoTime(nowSeconds), told, said, ...(advice === undefined ? {} : { advice }) };
    for (const line of explanationLines(page)) terminal.out(line);
  }
  if (!told.accepted) throw new Told(verdict(told));
}

/** The single object of `--json`. Checks that were not made are missing from it, and lower the assurance. */
function machineReadable({ type, accepted, assurance, checks, facts }: Explanation): string {
  return JSON.stringify({ type, accepted, assurance, checks, facts });
}

/**
 * Reads a moment: seconds since the epoch, or ISO 8601 with its zone.
 * @returns whole seconds since the epoch
 * @throws Usage
 */
export function parseTime(text: string): number {
  if (/^\d{1,12}(\.\d+)?$/.test(text) && Number(text) <= 253_402_300_799) return Math.floor(Number(text));
  const iso = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(iso))
    throw new Usage(`a time is seconds since the epoch or like 2026-08-01T00:00:00Z, not ${JSON.stringify(text)}`);
  return Math.floor(iso / 1000);
}

/** Reads a file up to the most that is read. @throws Usage */
async function readDocument(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path);
    try {
      const parts: Uint8Array[] = [];
      let size = 0;
      for await (const part of file.createReadStream({ end: documentBytesMax }) as AsyncIterable<Buffer>) {
        size += part.length;
        parts.push(part);
      }
      if (size > documentBytesMax) throw new Usage(`${path} is longer than ${documentBytesMax} bytes: no document is`);
      return Buffer.concat(parts);
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof Usage) throw cause;
    throw new Usage(`${path} cannot be read`);
  }
}
