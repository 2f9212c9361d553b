/** The house in figures: each with what it should be, and where to begin. */
import { testsOf, threatsOf } from "../walls/citations.ts";
import { entriesOf } from "./entries.ts";
import { unimported } from "./exports.ts";
import { flatFolders } from "./folders.ts";
import type { Measured } from "./functions.ts";
import { circles, mutualRooms } from "./imports.ts";
import { readSources, type Source } from "./source.ts";
import { type Passed, tokenWay } from "./way.ts";

/** One figure. */
export interface Figure {
  /** What `npm run house -- NAME` asks for. */
  readonly name: string;
  readonly what: string;
  readonly figure: number;
  /** What it should be at most; a figure without one is for whoever reads it. */
  readonly aim?: number;
  /** What the figure does not say by itself. */
  readonly note?: string;
  /** Where to look, worst first. */
  readonly found: readonly string[];
}

type Measure = (root: string, sources: readonly Source[]) => Figure | Promise<Figure>;

/** The product; the rest is tests, tools and the embedded cloud. */
const product = /^(core|lambdas|lib|bin|client)\//;
const isTest = ({ file }: Source): boolean => file.startsWith("test/");

/** A function with the file it stands in. */
interface Placed extends Measured {
  readonly file: string;
}

const functionsIn = (sources: readonly Source[]): readonly Placed[] =>
  sources.flatMap(({ file, functions }) => functions.map((one) => ({ file, ...one })));

const most = { lines: 80, positional: 3, files: 20, passed: 40 };

const way: Measure = async (root) => {
  const { first, next } = await tokenWay(root);
  const inCore = next.filter(({ file }) => file.startsWith("core/")).length;
  return {
    name: "way",
    what: "files on the way of one token request",
    figure: next.length,
    aim: most.passed,
    note: `${inCore} of core, ${next.length - inCore} of lambdas, by V8's coverage of function token run from source in the embedded cloud: files with a function that ran between event and answer, a session for a person granted, module initialisation not counted; ${first.length} for the first request of a fresh instance, which loads keys, registry and status entries too`,
    found: [...next.map(told), ...first.filter(({ file }) => !next.some((one) => one.file === file)).map(toldFresh)],
  };
};

const told = ({ file, functions }: Passed): string => `${file}: ${[...new Set(functions)].join(", ")}`;
const toldFresh = (passed: Passed): string => `(fresh instance only) ${told(passed)}`;

const pairs: Measure = (_, sources) => {
  const found = mutualRooms(sources).toSorted((a, b) => Math.min(...a.counts) - Math.min(...b.counts));
  return {
    name: "pairs",
    what: "pairs of core's rooms that import each other",
    figure: found.length,
    aim: 0,
    note: "types count; core's root is one room; the thinner way of each is listed",
    found: found.map(
      ({ rooms, counts, thinner }) =>
        `${rooms[0]} → ${rooms[1]} ${counts[0]} times, back ${counts[1]}: ${thinner.slice(0, 6).join("; ")}${thinner.length > 6 ? "; …" : ""}`,
    ),
  };
};

const rings: Measure = (_, sources) => {
  const found = circles(sources);
  return {
    name: "circles",
    what: "circles of files that import each other, types included",
    figure: found.length,
    aim: 0,
    note: "strongly connected components of all sources' imports",
    found: found.map((circle) => circle.join(", ")),
  };
};

const longest: Measure = (_, sources) => {
  const long = functionsIn(sources.filter((source) => !isTest(source)))
    .filter(({ isTable }) => !isTable)
    .sort((a, b) => b.lines - a.lines);
  return {
    name: "longest",
    what: "lines of the longest function",
    figure: long[0]?.lines ?? 0,
    aim: most.lines,
    note: "tables (a single switch, or one literal) and test/ excepted; inner functions count with the outer",
    found: long.slice(0, 25).map(({ file, line, name, lines }) => `${lines} lines  ${file}:${line} ${name}`),
  };
};

const positional: Measure = (_, sources) => {
  const over = functionsIn(sources)
    .filter((one) => one.positional > most.positional)
    .sort((a, b) => b.positional - a.positional);
  const ours = over.filter(({ file }) => product.test(file));
  return {
    name: "positional",
    what: `functions with more than ${most.positional} positional parameters`,
    figure: ours.length,
    note: `in the product (core, lambdas, lib, bin, client); ${over.length - ours.length} more elsewhere`,
    found: [...ours, ...over.filter(({ file }) => !product.test(file))].map(
      (one) => `${one.positional} parameters  ${one.file}:${one.line} ${one.name}`,
    ),
  };
};

const exported: Measure = (root, sources) => {
  const found = unimported(sources, entriesOf(root));
  const ours = found.filter((one) => product.test(one));
  return {
    name: "exports",
    what: "exports without an importer",
    figure: ours.length,
    note: `in the product, types included, packages' entries and handlers excepted, tests counted as importers; ${found.length - ours.length} more elsewhere`,
    found: [...ours, ...found.filter((one) => !product.test(one))],
  };
};

const flat: Measure = (_, sources) => {
  const folders = flatFolders(sources);
  return {
    name: "folders",
    what: "source files in the fullest flat folder",
    figure: folders[0]?.files ?? 0,
    aim: most.files,
    note: `${folders.filter(({ files }) => files > most.files).length} folders hold more than ${most.files}`,
    found: folders.filter(({ files }) => files > most.files).map(({ folder, files }) => `${files} files  ${folder}/`),
  };
};

const threats: Measure = (root) => {
  const rows = threatsOf(root);
  const untried = rows.filter((row) => testsOf(root, row).length === 0);
  const ids = (which: readonly { readonly id: string }[]) => which.map(({ id }) => id).join(", ");
  const unbuilt = untried.filter(({ notBuilt }) => notBuilt);
  return {
    name: "threats",
    what: "threats without a test",
    figure: untried.length - unbuilt.length,
    aim: 0,
    note: `of ${rows.length} in docs/threats.md; not built yet, and so not tried: ${ids(unbuilt) || "none"}`,
    found: untried.filter(({ notBuilt }) => !notBuilt).map(({ id, line }) => `docs/threats.md:${line} threat ${id}`),
  };
};

/** Every measure by its name; the first boots the embedded cloud, the others read files. */
const measures: Readonly<Record<string, Measure>> = {
  way,
  pairs,
  circles: rings,
  longest,
  positional,
  exports: exported,
  folders: flat,
  threats,
};

/** What can be asked for by name. */
export const measureNames: readonly string[] = Object.keys(measures);

/**
 * Measures.
 * @param root the repository's folder
 * @param names which figures; all of them when empty
 */
export async function measure(root: string, names: readonly string[] = []): Promise<readonly Figure[]> {
  const sources = readSources(root);
  const figures: Figure[] = [];
  for (const [name, one] of Object.entries(measures))
    if (names.length === 0 || names.includes(name)) figures.push(await one(root, sources));
  return figures;
}
