import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import type { TrailCode } from "../../../../core/tlog/trail/finding.ts";
import { type TrailReport, verifyTrail } from "../../../../core/tlog/trail/verify-trail.ts";
import type { Env } from "../../deployment/model.ts";
import type { Profile } from "../../deployment/profile.ts";
import { type Terminal, Told, Usage } from "../../terminal/outcome.ts";
import { mustBeWhole, type OutputOptions } from "../../terminal/output.ts";
import { plain } from "../../terminal/plain.ts";
import { sinceMillis } from "../../terminal/since.ts";
import { type Known, knownLog, type LogOptions, seenAs } from "./known-log.ts";
import { readRemembered, remember } from "./remembered.ts";
import { storeOf } from "./store.ts";
import { trailOf } from "./trail.ts";

/** Options of `audit verify`. */
export interface VerifyOptions extends OutputOptions, LogOptions {
  readonly from?: string;
  readonly to?: string;
  /** Files with checkpoints that were kept elsewhere. */
  readonly against?: readonly string[];
}

/** Where a command that reads a log stands. */
export interface LogPlace {
  readonly profile?: Profile;
  readonly terminal: Terminal;
  readonly env: Env;
  readonly cwd: string;
}

/** Findings that say that the log did not continue what was seen of it: then the newer is not remembered. */
const breaks: readonly TrailCode[] = ["log.forked", "log.rolledback", "checkpoint.invalid", "checkpoint.unwitnessed"];

/**
 * `audit verify`: holds the trail of a time against its log, the log against its signed checkpoint, and that against the
 * last one that was seen here and those that were kept elsewhere. It ends with 1 when anything is found.
 */
export async function runVerify(options: VerifyOptions, place: LogPlace): Promise<void> {
  mustBeWhole(options);
  const { terminal, env, cwd, profile } = place;
  const now = Date.now();
  const [fromMillis, toMillis] = [options.from, options.to].map((text, n) =>
    text === undefined ? undefined : sinceMillis(text, now, n === 0 ? "--from" : "--to"),
  );
  if (fromMillis !== undefined && toMillis !== undefined && fromMillis >= toMillis)
    throw new Usage("--from is not before --to");
  const store = storeOf(options.log, cwd, profile);
  const known = await knownLog(options, { cwd, seen: await readRemembered(env), ...(profile ? { profile } : {}) });
  const compared = await checkpointsOf(options.against ?? [], known, cwd);
  const trail = trailOf(store);
  const lastMillis = Math.max(...(await trail.kept()).map(({ arrivedAtMillis }) => arrivedAtMillis));
  const report = await verifyTrail(
    trail,
    {
      ...{ log: known.log, isLive: store.isLive && options.to === undefined, known: compared },
      // a copy ends with its last checkpoint, whenever it is looked at
      nowMillis: store.isLive || !Number.isFinite(lastMillis) ? now : lastMillis,
      ...(fromMillis === undefined ? {} : { fromMillis }),
      ...(toMillis === undefined ? {} : { toMillis }),
    },
    (what, done) => terminal.progress?.(`${done} ${what} read…`),
  );
  terminal.progress?.("");
  const { head, findings } = report;
  const isContinued = head !== undefined && !breaks.some((code) => report.counts[code]);
  if (isContinued) await remember(env, known.log.origin, seenAs(known, head.note));
  if (options.json) terminal.out(JSON.stringify({ ok: findings.length === 0, ...jsonOf(report, known) }));
  else for (const line of linesOf(report, known)) terminal.out(plain(line));
  if (findings.length > 0) throw new Told(`${findings.length} findings`);
}

/** Checkpoints to hold the log against: the last that was seen here, and those in files. @throws Usage for a missing file */
async function checkpointsOf(files: readonly string[], { remembered }: Known, cwd: string) {
  const given = files.map(async (from) => {
    const note = await readFile(resolve(cwd, from), "utf8").catch(() => undefined);
    if (note === undefined) throw new Usage(`there is no file ${from}`);
    return { from, note };
  });
  const last = remembered?.checkpoint;
  return [...(last === undefined ? [] : [{ from: "the last seen here", note: last }]), ...(await Promise.all(given))];
}

function jsonOf({ head, ...rest }: TrailReport, { log, keyFrom }: Known) {
  const tree = head === undefined ? {} : { size: head.size, root: head.root.toString("base64") };
  return { origin: log.origin, keyFrom, ...tree, ...rest };
}

function linesOf(
  { head, checked, repeated, pending, redriven, findings, counts }: TrailReport,
  { log, keyFrom }: Known,
) {
  const count = (n: number, what: string) => `${n} ${n === 1 ? what : what.replace(/y$/, "ie").concat("s")}`;
  const { entries, records, checkpoints, known } = checked;
  const all = Object.values(counts).reduce((sum, n) => sum + n, 0);
  const read = [count(entries, "entry"), count(records, "record"), count(checkpoints, "kept checkpoint")].join(", ");
  const outside = known > 0 || log.witnesses !== undefined;
  return [
    `${log.origin}: ${head === undefined ? "no checkpoint may be believed" : `checkpoint of ${count(head.size, "entry")}`}`,
    `read ${read}; held against ${count(known, "checkpoint")} seen before or kept elsewhere`,
    ...(repeated === 0 ? [] : [`${count(repeated, "line")} repeated by delivery, byte for byte`]),
    ...(pending === 0 ? [] : [`${count(pending, "record")} of the last minutes still on the way`]),
    ...redriven.map((id) => `REDRIVEN  ${id}: sent again by an operator, its time is not judged`),
    ...findings.map(({ code, what, where, eventId, index }) =>
      [`FOUND  ${code}`, eventId, index === undefined ? undefined : `at ${index}`, where, what]
        .filter((part) => part !== undefined)
        .join("  "),
    ),
    ...(all > findings.length ? [`… and ${all - findings.length} more`] : []),
    ...(outside
      ? []
      : ["nothing from outside was compared: against the account's owner this proves nothing (--against, --witness)"]),
    ...(keyFrom === "deployment"
      ? ["the key is what the deployment itself says; compare it with one that you were given"]
      : []),
    all === 0 ? "nothing is missing, changed or added" : count(all, "finding"),
  ];
}
