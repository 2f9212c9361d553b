import { type AuditColumn, auditColumns, questionColumns } from "../columns.ts";
import { bindable, type Days, mostRows, type Statement } from "../queries.ts";
import type { Row } from "../rows.ts";

/** What people say when they ask; each stands in the texts as `:name`. */
export const askable = ["agent", "resource", "key"] as const;

/** How a column of an answer is read: Athena answers everything as text. */
type AnswerKind = "text" | "number" | "millis";

/**
 * A question that security asks. Its texts use the part of SQL that Athena (Trino) and DuckDB read alike; each engine
 * makes `lanyard_audit`. Every part that reads it begins with the days, by which Athena finds the objects that it reads,
 * and leaves out the revocation canary at its usual work. A record that was delivered twice is counted once: duplicates
 * have the same bytes, so `DISTINCT` over columns with the event's id joins them, and shows a copy that says something
 * else.
 */
export interface AuditQuestion {
  readonly name: string;
  /** What it answers, in a sentence for people. */
  readonly answers: string;
  /** What is asked with it, and whether it must be; what is left out restricts nothing. */
  readonly takes: Partial<Readonly<Record<(typeof askable)[number], "must" | "may">>>;
  /** How far back it looks unless people say. */
  readonly since: string;
  /** Records from so long before that time are read too, milliseconds: what was granted then may still count. */
  readonly beforeMillis: number;
  /** Tables that it makes for itself, in their order. */
  readonly with: readonly (readonly [name: string, sql: string])[];
  readonly select: string;
  readonly columns: Readonly<Record<string, AnswerKind>>;
}

/** Records of the days that are asked for. */
export const days = "dt >= :first AND dt <= :last AND canary IS NULL";
/** Those between both moments. */
export const between = `${days} AND time_ms >= :since AND time_ms <= :until`;
/** Whether a column is what was asked for, or nothing was. */
export const unlessAsked = (column: string, name: (typeof askable)[number]): string =>
  `(:${name} = '' OR ${column} = :${name})`;
/** The same for an agent, by its id or by its name within the trust domain. */
export const ofAgent = `(:agent = '' OR agent = :agent OR split_part(agent, '/agent/', 2) = :agent)`;
/** Whom or what a revocation ended, as {@link questionColumns}' `subjects` and `denial_subject` name it. */
export const ended = `CASE WHEN operation = 'session.end' THEN 'session:' || sid
    WHEN target LIKE 'deployment:%' THEN 'deployment' ELSE target END`;

/** What is put in place of the names in a question's texts. */
export interface Asked {
  readonly days: Days;
  readonly sinceMillis: number;
  readonly untilMillis: number;
  readonly named: Partial<Readonly<Record<(typeof askable)[number], string>>>;
}

/** A question that joins both tables, and whose every row is a finding. */
export type FindingQuestion = Pick<AuditQuestion, "name" | "answers" | "with" | "select" | "columns">;

/** Every column of `lanyard_audit` that a question reads, so that an engine makes no other. */
export function columnsOf({ with: parts, select }: AuditQuestion): readonly AuditColumn[] {
  const words = new Set([...parts.map(([, sql]) => sql), select].join(" ").match(/\w+/g));
  return [...auditColumns, ...questionColumns].filter((name) => words.has(name));
}

/**
 * A question as an engine takes it, with question marks in place of names.
 * @throws RangeError for a value that is no id of anybody's, or that a question must have and has not
 */
export function statementOf(question: AuditQuestion, { days, sinceMillis, untilMillis, named }: Asked): Statement {
  for (const [name, need] of Object.entries(question.takes)) {
    const value = named[name as keyof typeof named];
    if (value === undefined ? need === "must" : !bindable(value)) throw new RangeError(`${question.name}: ${name}`);
  }
  const known: Readonly<Record<string, string | number>> = {
    first: days.first,
    last: days.last,
    since: sinceMillis,
    until: untilMillis,
    ...Object.fromEntries(askable.map((name) => [name, named[name] ?? ""])),
  };
  return { columns: columnsOf(question), ...boundStatement(question, known, mostRows) };
}

/**
 * A question with question marks in place of its names.
 * @param known what stands behind each name
 * @param most how many rows it may answer
 */
export function boundStatement(
  { name, with: parts, select }: Pick<AuditQuestion, "name" | "with" | "select">,
  known: Readonly<Record<string, string | number>>,
  most: number,
): Statement {
  const values: (string | number)[] = [];
  const marked = (sql: string): string =>
    sql.replace(/:([a-z]+)\b/g, (_, word: string) => {
      const value = known[word];
      if (value === undefined) throw new Error(`question ${name} names ${word}, which nobody gives`);
      values.push(value);
      return "?";
    });
  const made = parts.map(([table, sql]) => [table, marked(sql)] as const);
  return { table: "audit", with: made, sql: `${marked(select)}\nLIMIT ${most}`, values };
}

/** Names of a question's values, in the order of the question marks. */
export const marksOf = ({ with: parts, select }: AuditQuestion): readonly string[] =>
  [...parts.map(([, sql]) => sql), select].flatMap((sql) =>
    [...sql.matchAll(/:([a-z]+)\b/g)].map(([, name]) => name ?? ""),
  );

/** A row of an answer, by the question's columns; `null` for what is not there. */
export type Answer = Readonly<Record<string, string | number | null>>;

/** Reads a row as either engine answers it: numbers may come as text. */
export const answerOf = ({ columns }: Pick<AuditQuestion, "columns">, row: Row): Answer =>
  Object.fromEntries(
    Object.entries(columns).map(([name, kind]) => {
      const value = row[name];
      if (value === null || value === undefined) return [name, null];
      return [name, kind === "text" ? String(value) : Number(value)];
    }),
  );
