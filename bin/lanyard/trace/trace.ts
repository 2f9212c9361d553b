import type { TrailLine } from "../../../core/lineage/lines.ts";
import { type Evidence, type Question, readEvidence } from "../../../core/lineage/read.ts";
import { nodesOf, pathTo, type Trace, type TraceNode, traceOf } from "../../../core/lineage/tree.ts";
import { Refused, type Terminal } from "../terminal/outcome.ts";
import { mustBeWhole, type OutputOptions } from "../terminal/output.ts";
import { plain, plainJson } from "../terminal/plain.ts";
import type { Engine } from "./engine.ts";
import { originText, toldOf, treeLines } from "./lines.ts";
import { notesOf } from "./notes.ts";

/** Answers one question. @throws Usage, Refused where nothing of ours answers it */
export async function runTrace(
  question: Question,
  options: OutputOptions,
  { open, terminal }: { readonly open: () => Engine | Promise<Engine>; readonly terminal: Terminal },
): Promise<void> {
  mustBeWhole(options);
  const engine = await open();
  try {
    const evidence = await readEvidence(engine.ask, question, engine.reach);
    const trace = traceOf(evidence.audit, evidence.trail);
    const found = answerOf(
      question,
      trace,
      evidence.asked.map(({ eventId }) => eventId),
    );
    const notes = [...notesOf(trace, found.roots, evidence), ...daysRead(engine, evidence), ...engine.spent()];
    if (options.json && found.roots.length > 0)
      return terminal.out(plainJson({ ok: true, ...found, asked: evidence.asked, notes }));
    if (!options.json) {
      for (const line of evidence.asked) terminal.out(plain(`asked   ${toldOf(line, trace.origins)}`));
      for (const line of found.chain) terminal.out(plain(line));
      for (const line of treeLines(found.roots)) terminal.out(line);
      for (const note of notes) terminal.out(plain(note));
    }
    if (found.roots.length === 0)
      throw new Refused(`nothing of ours: ${originsOf(evidence.asked, trace) ?? reasonOf(question)}`, {
        code: "not_traced",
        notes,
        origins: Object.fromEntries(
          evidence.asked.flatMap(({ eventId }) => {
            const origin = trace.origins.get(eventId);
            return origin === undefined ? [] : [[eventId, origin]];
          }),
        ),
      });
  } finally {
    engine.close();
  }
}

/** Where not everything was read, what is missing may lie outside of it. */
const daysRead = ({ reach }: Engine, { days }: Evidence): readonly string[] =>
  reach.nearby
    ? [
        `read: our records of ${days.audit.first} to ${days.audit.last}, CloudTrail of ${days.trail.first} to ${days.trail.last}; --since reads further back`,
      ]
    : [];

const reasonOf = ({ kind }: Question): string =>
  kind === "session" || kind === "principal"
    ? "no record names it"
    : "no record of ours leads to it. A session's name in a line is no proof: whoever may assume a role can set it";

/** Whoever stands behind the lines that were asked about, each once. */
function originsOf(asked: readonly TrailLine[], { origins }: Trace): string | undefined {
  const told = new Set(asked.flatMap(({ eventId }) => origins.get(eventId) ?? []).map(originText));
  return told.size === 0 ? undefined : [...told].slice(0, mostOrigins).join("; ");
}
const mostOrigins = 5;

interface Answer {
  readonly roots: readonly TraceNode[];
  /** Of a question about a line: the way from it back to whoever started it. */
  readonly chain: readonly string[];
}

/** The trees that answer a question: all of a principal's, else the one that holds what was asked about. */
function answerOf(question: Question, { roots }: Trace, asked: readonly string[]): Answer {
  if (question.kind === "principal")
    return { roots: roots.filter(({ principal }) => principal === question.principal), chain: [] };
  const holds = holder(question, asked);
  const paths = roots
    .flatMap(nodesOf)
    .filter(holds)
    .map(({ sid }) => pathTo(roots, sid));
  const chain = question.kind === "session" ? [] : paths.flatMap(chainLines);
  return { roots: [...new Set(paths.flatMap(([root]) => root ?? []))], chain };
}

/** From a session up to whoever started it. */
const chainLines = (path: readonly TraceNode[]): readonly string[] => [
  ...path.toReversed().map(({ sid, agent }) => `of      session ${sid}, ${agent}`),
  `for     ${path[0]?.principal ?? ""}`,
];

/** Whether a session is the one that was asked about. */
function holder(question: Question, asked: readonly string[]): (node: TraceNode) => boolean {
  const madeIt = ({ calls, attestation }: TraceNode) =>
    [...calls, ...(attestation?.calls ?? [])].some(({ line }) => asked.includes(line.eventId));
  switch (question.kind) {
    case "session":
      return ({ sid }) => sid === question.sid;
    case "key":
      return (node) =>
        madeIt(node) || node.events.some(({ awsAccessKeyId }) => awsAccessKeyId === question.accessKeyId);
    case "request":
      return (node) =>
        madeIt(node) ||
        node.events.some(
          ({ requestId, awsRequestIds }) =>
            requestId === question.requestId || awsRequestIds.includes(question.requestId),
        );
    default:
      return madeIt;
  }
}
