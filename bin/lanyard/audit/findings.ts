import { isAbsolute, resolve } from "node:path";
import { type FindingAsked, findingColumns, findingStatement, signUnknown } from "../../../core/lineage/findings.ts";
import { type Answer, answerOf } from "../../../core/lineage/questions/question.ts";
import type { CommandLine } from "../deployment/command-line.ts";
import type { Profile } from "../deployment/model.ts";
import { Refused, Told, Usage } from "../terminal/outcome.ts";
import { type ListOptions, limitOf, showList } from "../terminal/output.ts";
import { sinceMillis } from "../terminal/since.ts";
import { openDuckDb } from "../trace/duckdb.ts";
import type { Engine } from "../trace/engine.ts";

/** Options of `audit findings`. */
export interface FindingsOptions extends ListOptions {
  readonly since?: string;
  readonly until?: string;
  readonly audit?: string;
  readonly trail?: string;
}

const dayMillis = 86_400_000;
/** CloudTrail writes its files some minutes late, and a record may take as long: neither is missed before. */
const behindMillis = 3_600_000;

/**
 * `audit findings`: holds CloudTrail's signatures against the audit, by the caller's own rights, an hour behind. It ends
 * with 1 when anything is found.
 */
export async function runFindings(
  options: FindingsOptions,
  { withDeployment, folder, terminal }: CommandLine,
  nowMillis = Date.now(),
): Promise<void> {
  const limit = limitOf(options.limit);
  await withDeployment(options, async ({ profile }) => {
    const asked = { ...timesOf(options, nowMillis), roles: rolesOf(profile) };
    const engine = await engineOf(options, profile, { folder, asked });
    try {
      const rows = (await engine.ask(findingStatement(signUnknown, asked))).map((row) => answerOf(signUnknown, row));
      const until = new Date(asked.untilMillis).toISOString().slice(0, 19);
      terminal.err(`signatures up to ${until}Z; a later one may not be in CloudTrail or in the audit yet`);
      show(rows.slice(0, limit), rows.length > limit, options, terminal);
      if (!options.json) for (const note of engine.spent()) terminal.err(note);
      if (rows.length > 0) throw new Told(`${rows.length} findings`);
    } finally {
      engine.close();
    }
  });
}

/** @throws Usage for an order of times, or one that is not an hour ago */
function timesOf({ since = "24h", until }: FindingsOptions, nowMillis: number): Omit<FindingAsked, "roles"> {
  const from = sinceMillis(since, nowMillis);
  const newest = nowMillis - behindMillis;
  const to = until === undefined ? newest : sinceMillis(until, nowMillis, "--until");
  if (to > newest) throw new Usage("--until is less than an hour ago: what was signed since may not be recorded yet");
  if (to < from) throw new Usage("--until is before --since");
  const dayOf = (millis: number) => new Date(millis).toISOString().slice(0, 10);
  // objects lie under the day of their delivery; a session's record may be of the day before, or come days late
  const last = Math.min(to + 7 * dayMillis, nowMillis + dayMillis);
  return { days: { first: dayOf(from - dayMillis), last: dayOf(last) }, sinceMillis: from, untilMillis: to };
}

/** @throws Usage where the profile does not say which deployment's roles are ours */
function rolesOf({ account, stage, region }: Profile): string {
  if (account === undefined || stage === undefined || region === undefined)
    throw new Usage("whose roles? The profile names no account, stage or Region: give --outputs <file> or --profile");
  const partition = region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
  return `arn:${partition}:iam::${account}:role/lanyard-${stage}-${region}-`;
}

/** Athena for a deployment on AWS, DuckDB for the local run and for copies of both buckets. */
async function engineOf(
  { audit, trail }: FindingsOptions,
  profile: Profile,
  { folder, asked }: { readonly folder: string; readonly asked: Pick<FindingAsked, "days"> },
): Promise<Engine> {
  const at = (path: string) => (isAbsolute(path) ? path : resolve(folder, path));
  if (audit !== undefined && trail !== undefined)
    return openDuckDb({ audit: at(audit), trail: at(trail) }, findingColumns);
  if (audit !== undefined || trail !== undefined) throw new Usage("--audit and --trail go together: copies of both");
  if (profile.kind === "aws") return (await import("../trace/athena.ts")).openAthena(profile, asked.days);
  if (profile.audit !== undefined && "folder" in profile.audit && profile.trailFolder !== undefined)
    return openDuckDb({ audit: profile.audit.folder, trail: profile.trailFolder }, findingColumns);
  throw new Refused("this deployment has no folders of audit and CloudTrail: give --audit and --trail");
}

function show(
  items: readonly Answer[],
  more: boolean,
  options: FindingsOptions,
  terminal: Parameters<typeof showList>[2],
): void {
  const text = (value: string | number | null | undefined) => String(value ?? "");
  const findings = items.map((row) => ({ code: signUnknown.name, ...row }) as Answer);
  const shape = (["code", "eventtime", "why", "name", "rolearn", "principalid", "eventid"] as const).map((column) => ({
    title: column.toUpperCase(),
    of: (row: Answer) => text(row[column]),
  }));
  showList(
    { name: "findings", items: findings, rows: findings, shape, more, id: (row) => text(row.eventid) },
    options,
    terminal,
  );
}
