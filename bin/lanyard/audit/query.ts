import { isAbsolute, resolve } from "node:path";
import { type KeyOf, revealColumns } from "../../../core/audit/reveal.ts";
import {
  type Answer,
  type Asked,
  type AuditQuestion,
  answerOf,
  askable,
  columnsOf,
  statementOf,
} from "../../../core/lineage/questions/question.ts";
import { auditQuestions } from "../../../core/lineage/questions/questions.ts";
import type { CommandLine } from "../deployment/command-line.ts";
import type { Profile } from "../deployment/model.ts";
import { Refused, type Terminal, Usage } from "../terminal/outcome.ts";
import { type ListOptions, limitOf, showList } from "../terminal/output.ts";
import { sinceMillis } from "../terminal/since.ts";
import type { Column } from "../terminal/table.ts";
import { openDuckDb } from "../trace/duckdb.ts";
import type { Engine } from "../trace/engine.ts";
import { keysOf, shownText } from "./reveal.ts";

/** What is given with a question. */
export interface QueryOptions extends ListOptions, Partial<Record<(typeof askable)[number], string>> {
  readonly list?: boolean;
  readonly since?: string;
  readonly until?: string;
  readonly audit?: string;
  /** Free text and claims of persons are decrypted. */
  readonly reveal?: boolean;
}

const dayMillis = 86_400_000;

/** A question by its name. @throws Usage for any other name */
export function questionNamed(name: string): AuditQuestion {
  const found = auditQuestions.find((question) => question.name === name);
  if (found) return found;
  throw new Usage(`there is no question ${JSON.stringify(name)}: ${auditQuestions.map((one) => one.name).join(", ")}`);
}

/** Lists the questions. */
export function listQuestions(options: ListOptions, terminal: Terminal): void {
  const items = auditQuestions.map(({ name, answers, takes, since }) => ({ name, answers, takes, since }));
  type Item = (typeof items)[number];
  const asks = ({ takes }: Item) =>
    Object.entries(takes)
      .map(([name, need]) => (need === "must" ? `--${name}` : `[--${name}]`))
      .join(" ");
  const shape: readonly Column<Item>[] = [
    { title: "QUESTION", of: ({ name }) => name, whole: true },
    { title: "WITH", of: asks, whole: true },
    { title: "SINCE", of: ({ since }) => since, whole: true },
    { title: "ANSWERS", of: ({ answers }) => answers, least: 40 },
  ];
  showList({ name: "questions", items, rows: items, shape, id: ({ name }) => name }, options, terminal);
}

/** Asks one question, and shows its rows. @throws Usage, Refused */
export async function runQuery(
  question: AuditQuestion,
  options: QueryOptions,
  { withDeployment, folder, terminal }: CommandLine,
): Promise<void> {
  const asked = askedBy(question, options, Date.now());
  const answer = async (open: () => Engine | Promise<Engine>, profile?: Profile) => {
    const engine = await open();
    try {
      const found = (await engine.ask(statementOf(question, asked))).map((row) => answerOf(question, row));
      const rows = profile ? await revealed(found, keysOf(profile)) : found;
      show(question, rows, { options, terminal });
      if (!options.json) for (const note of engine.spent()) terminal.err(note);
    } finally {
      engine.close();
    }
  };
  const { audit, reveal } = options;
  const copied = audit === undefined ? undefined : isAbsolute(audit) ? audit : resolve(folder, audit);
  if (copied !== undefined && !reveal) return answer(() => files(copied, question));
  return withDeployment(options, ({ profile }) => {
    const open = () => (copied === undefined ? engineOf(profile, question, asked) : files(copied, question));
    return answer(open, reveal ? profile : undefined);
  });
}

/** Answers with what they have of persons decrypted, where a row says which record a text is of. */
const revealed = (rows: readonly Answer[], keyOf: KeyOf): Promise<readonly Answer[]> =>
  Promise.all(
    rows.map(async (row) => {
      const { uid, target = row.subject, principal, purpose, reason } = row;
      const { purpose: said, reason: why } = await revealColumns(
        { target, principal, purpose: purpose ?? undefined, reason: reason ?? undefined },
        String(uid ?? ""),
        keyOf,
      );
      return {
        ...row,
        ...(said === undefined ? {} : { purpose: said }),
        ...(why === undefined ? {} : { reason: why }),
      } as Answer;
    }),
  );

/** @throws Usage for what the question does not ask for, or asks for and was not given */
function askedBy(question: AuditQuestion, options: QueryOptions, nowMillis: number): Asked {
  for (const name of askable) {
    if (options[name] !== undefined && question.takes[name] === undefined)
      throw new Usage(`question ${question.name} asks for no --${name}`);
    if (options[name] === undefined && question.takes[name] === "must")
      throw new Usage(`question ${question.name} asks for --${name}`);
  }
  const since = sinceMillis(options.since ?? question.since, nowMillis);
  const untilMillis = options.until === undefined ? nowMillis : sinceMillis(options.until, nowMillis);
  if (untilMillis < since) throw new Usage("--until is before --since");
  const dayOf = (millis: number) => new Date(millis).toISOString().slice(0, 10);
  // objects lie under the day of their delivery, which may be the next
  const days = { first: dayOf(since - question.beforeMillis), last: dayOf(untilMillis + dayMillis) };
  const named = Object.fromEntries(
    askable.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  );
  const asked = { days, sinceMillis: since, untilMillis, named };
  try {
    statementOf(question, asked);
  } catch (cause) {
    if (cause instanceof RangeError) throw new Usage(`what was given is no id of anybody's (${cause.message})`);
    throw cause;
  }
  return asked;
}

const files = (audit: string, question: AuditQuestion): Promise<Engine> => openDuckDb({ audit }, columnsOf(question));

/** Athena for a deployment on AWS, DuckDB for the local run. */
async function engineOf(profile: Profile, question: AuditQuestion, { days }: Asked): Promise<Engine> {
  if (profile.kind === "aws") return (await import("../trace/athena.ts")).openAthena(profile, days);
  if (profile.audit !== undefined && "folder" in profile.audit) return files(profile.audit.folder, question);
  throw new Refused("this deployment has no folder of audit objects: give --audit <folder>");
}

function show(
  { name, columns }: AuditQuestion,
  rows: readonly Answer[],
  { options, terminal }: { readonly options: QueryOptions; readonly terminal: Terminal },
): void {
  const limit = limitOf(options.limit);
  const items = rows.slice(0, limit);
  const text = (value: string | number | null | undefined, kind: string | undefined): string =>
    value === null || value === undefined
      ? ""
      : kind === "millis"
        ? new Date(Number(value)).toISOString().replace("T", " ").slice(0, 19)
        : shownText(String(value));
  // a column in which no row says anything is no help to people
  const filled = Object.keys(columns).filter((column) =>
    items.some((row) => row[column] !== null && row[column] !== ""),
  );
  const shape = filled.map((column): Column<Answer> => {
    const title = column
      .replace(/_(ms|millis)$/, "")
      .replaceAll("_", " ")
      .toUpperCase();
    return { title, of: (row) => text(row[column], columns[column]) };
  });
  const more = rows.length > limit;
  showList(
    { name, items, rows: items, shape, more, id: (row) => String(row.uid ?? row.sid ?? row.agent ?? "") },
    options,
    terminal,
  );
}
