/** Every number that a comment, a test or a page cites is that of a threat or decision that stands in docs/. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { files } from "./tree.ts";

/** Something cited that is not there, or a threat that no test tries. */
interface Miss {
  readonly file: string;
  readonly line: number;
  readonly what: string;
}

/** One threat of the page. */
interface Threat {
  readonly id: string;
  readonly line: number;
  /** Tests that the row names. */
  readonly tests: readonly string[];
  /** The row says that this, or a part of it, is not built yet. */
  readonly notBuilt: boolean;
}

const page = "docs/threats.md";
const decisions = "docs/decisions";
const citing = /\.(ts|mts|cts|js|mjs|cjs|md|py|ya?ml)$/;
const cited = /\b(threat|decision)s?\s+((?:\d+)(?:(?:, | and |, and | or | to |–|-)\d+)*)/gi;
const link = /\]\(([^)#\s]+)(?:#[^)\s]*)?\)/g;

/** The threats of a repository; none where the page is not there. */
export function threatsOf(root: string): readonly Threat[] {
  const path = join(root, page);
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((row, index) => {
      const id = /^\|\s*(\d+)\s*\|/.exec(row)?.[1];
      if (id === undefined) return [];
      const last = row.split("|").at(-2) ?? "";
      const tests = [...last.matchAll(/`([^`]+)`/g)].map(([, test = ""]) => test);
      return [{ id, line: index + 1, tests, notBuilt: row.includes("*not built yet*") }];
    });
}

/** Whether a test's text cites a threat. */
const cites = (text: string, id: string): boolean =>
  [...text.matchAll(cited)].some(([, kind, ids = ""]) => kind?.toLowerCase() === "threat" && idsOf(ids).includes(id));

/** Tests of a threat that are there and cite it. */
export function testsOf(root: string, { id, tests }: Threat): readonly string[] {
  return tests.filter((test) => {
    const path = join(root, test);
    return existsSync(path) && cites(readFileSync(path, "utf8"), id);
  });
}

/** Everything cited that is not there, in the order of the files, and what is wrong with the page of threats. */
export function citationOffences(root: string): readonly Miss[] {
  const threats = threatsOf(root);
  const pages = decisionsOf(root);
  const known = {
    threat: new Set(threats.map(({ id }) => id)),
    decision: new Set(pages.map(({ id }) => id)),
  };
  return [
    ...files(root, citing).flatMap((file) => misses(root, file, known)),
    ...threats.flatMap((one) => faults(root, one)),
    ...pages.flatMap((one) => decisionFaults(root, one)),
  ];
}

/** A decision's page. */
interface Decision {
  readonly id: string;
  readonly name: string;
}

function decisionsOf(root: string): readonly Decision[] {
  const folder = join(root, decisions);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const digits = /^(\d+)-.*\.md$/.exec(name)?.[1];
    return digits === undefined ? [] : [{ id: String(Number(digits)), name }];
  });
}

/** A decision without status and date cannot be told from one that was given up; one that no list has is not found. */
function decisionFaults(root: string, { id, name }: Decision): Miss[] {
  const file = `${decisions}/${name}`;
  const text = readFileSync(join(root, file), "utf8");
  const index = join(root, decisions, "README.md");
  const stated = /^Status: (accepted|replaced by \[?\d+).*\bDate: \d{4}-\d{2}-\d{2}\b/m.test(text);
  const listed = existsSync(index) && readFileSync(index, "utf8").includes(`](${name})`);
  return [
    ...(stated ? [] : [{ file, line: 1, what: `decision ${id} says neither or not both of Status and Date` }]),
    ...(listed ? [] : [{ file, line: 1, what: `decision ${id} is not in ${decisions}/README.md` }]),
  ];
}

const idsOf = (list: string): readonly string[] => list.match(/\d+/g)?.map((id) => String(Number(id))) ?? [];

function misses(
  root: string,
  file: string,
  known: Readonly<Record<"threat" | "decision", ReadonlySet<string>>>,
): Miss[] {
  const text = readFileSync(join(root, file), "utf8");
  const lineOf = (offset: number) => text.slice(0, offset).split("\n").length;
  const found = [...text.matchAll(cited)].flatMap(({ 1: kind = "", 2: ids = "", index }): Miss[] => {
    const word = kind.toLowerCase() as "threat" | "decision";
    return idsOf(ids)
      .filter((id) => !known[word].has(id))
      .map((id) => ({
        file,
        line: lineOf(index),
        what: `there is no ${word} ${id}${word === "threat" ? ` in ${page}` : ""}`,
      }));
  });
  if (!file.endsWith(".md")) return found;
  const broken = [...text.matchAll(link)].flatMap(({ 1: target = "", index }): Miss[] =>
    /^[a-z]+:/.test(target) || existsSync(join(root, posix.dirname(file), target))
      ? []
      : [{ file, line: lineOf(index), what: `leads to ${target}, which is not there` }],
  );
  return [...found, ...broken];
}

function faults(root: string, threat: Threat): Miss[] {
  const { id, line, tests, notBuilt } = threat;
  const at = (what: string): Miss => ({ file: page, line, what: `threat ${id} ${what}` });
  const good = new Set(testsOf(root, threat));
  const untrue = tests
    .filter((test) => !good.has(test))
    .map((test) => at(`names ${test}, which is not there or does not cite it`));
  return tests.length > 0 || notBuilt ? untrue : [at("names no test, and does not say *not built yet*")];
}
