/**
 * A function's page among the endpoints is the list in its comment and the same list in its code: each item of the comment
 * (`1. **read** …`) has its mark above the step (`// 1. read`), by the same number and name and in the same order. Where a
 * page tells of several ways, the marks below a list are its own.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A page that is not there, is nobody's, or says something else than its code. */
interface Miss {
  readonly file: string;
  readonly line: number;
  readonly what: string;
}

/** An item of a list, or the mark of a step. */
interface Step {
  readonly line: number;
  /** As `1. read`. */
  readonly step: string;
}

/** One list of a comment, and the marks below it. */
interface Way {
  readonly items: Step[];
  readonly marks: Step[];
}

const endpoints = "core/endpoints";
const item = /^\s*\* (\d+)\. (?:\*\*([^*]+)\*\*)?/;
const mark = /^\s*\/\/ (\d+)\. ([^:]+)/;

/**
 * Everything that is wrong with the pages of a repository's functions.
 * @param root folder of the repository; one without pages has nothing to say
 */
export function pageOffences(root: string): readonly Miss[] {
  if (!existsSync(join(root, endpoints))) return [];
  const functions = namesIn(join(root, "lambdas")).filter((name) =>
    existsSync(join(root, "lambdas", name, "index.ts")),
  );
  const pages = namesIn(join(root, endpoints)).map((name) => name.replace(/\.ts$/, ""));
  const at = (name: string) => `${endpoints}/${name}.ts`;
  return [
    ...functions
      .filter((name) => !pages.includes(name))
      .map((name) => ({ file: `lambdas/${name}/index.ts`, line: 1, what: `this function has no page ${at(name)}` })),
    ...pages
      .filter((name) => !functions.includes(name))
      .map((name) => ({ file: at(name), line: 1, what: `there is no function lambdas/${name}/index.ts` })),
    ...pages.flatMap((name) => wrongIn(at(name), readFileSync(join(root, at(name)), "utf8"))),
  ];
}

const namesIn = (folder: string): readonly string[] => (existsSync(folder) ? readdirSync(folder).sort() : []);

function wrongIn(file: string, text: string): readonly Miss[] {
  const ways = waysOf(text);
  if (ways.length === 0) return [{ file, line: 1, what: "this page has no list of its steps" }];
  return ways.flatMap(({ items, marks }) => {
    const count = Math.max(items.length, marks.length);
    for (let i = 0; i < count; i++) {
      const [said, done] = [items[i], marks[i]];
      const line = (done ?? said)?.line ?? 1;
      if (said && !said.step.startsWith(`${i + 1}. `))
        return [{ file, line: said.line, what: `step ${i + 1} of the list is called "${said.step}"` }];
      if (said?.step !== done?.step)
        return [{ file, line, what: `the list says ${quoted(said)} where the code says ${quoted(done)}` }];
    }
    return [];
  });
}

const quoted = (step: Step | undefined): string => (step ? `"${step.step}"` : "nothing more");

/** Each list begins at its item 1, and ends where the next one begins. */
function waysOf(text: string): readonly Way[] {
  const ways: Way[] = [];
  for (const [index, row] of text.split("\n").entries()) {
    const [, number, name = "(no name in bold)"] = item.exec(row) ?? [];
    if (number === "1" || (number !== undefined && ways.length === 0)) ways.push({ items: [], marks: [] });
    if (number !== undefined) ways.at(-1)?.items.push({ line: index + 1, step: `${number}. ${name}` });
    const [, step, called = ""] = mark.exec(row) ?? [];
    if (step !== undefined && ways.length === 0) ways.push({ items: [], marks: [] });
    if (step !== undefined) ways.at(-1)?.marks.push({ line: index + 1, step: `${step}. ${called.trim()}` });
  }
  return ways;
}
