import type { Call } from "../../../core/lineage/join.ts";
import type { AuditLine, TrailLine } from "../../../core/lineage/lines.ts";
import type { Origin } from "../../../core/lineage/origins.ts";
import type { TraceNode } from "../../../core/lineage/tree.ts";
import { shownText } from "../audit/reveal.ts";
import { plain } from "../terminal/plain.ts";
import { short } from "../terminal/words.ts";

/** A tree as lines, each session below the one it came from, with what was decided in it and what it did at AWS. */
export const treeLines = (roots: readonly TraceNode[]): readonly string[] =>
  roots.flatMap((root) => [plain(authority(root)), ...branch([root], "")]);

/** On whose authority a tree stands. */
const authority = ({ principal, agent }: TraceNode): string =>
  principal === agent ? `${short(agent)}, on its own` : principal === "" ? "principal not recorded" : principal;

/** What stands below something: a text, and what is below that. */
interface Twig {
  readonly text: string;
  readonly below: readonly Twig[];
}

const branch = (nodes: readonly TraceNode[], indent: string): readonly string[] => draw(nodes.map(twigOf), indent);

function draw(twigs: readonly Twig[], indent: string): readonly string[] {
  return twigs.flatMap(({ text, below }, at) => {
    const last = at === twigs.length - 1;
    return [plain(`${indent}${last ? "└─ " : "├─ "}${text}`), ...draw(below, `${indent}${last ? "   " : "│  "}`)];
  });
}

function twigOf(node: TraceNode): Twig {
  const { attestation } = node;
  const proof = attestation && {
    text: `${time(attestation.record.timeMillis)}  proved what it is`,
    below: attestation.calls.map(callTwig),
  };
  // CloudTrail tells time to the second: within one, what was decided comes before what was done, and a key before its use
  const said = [
    ...node.events.map((event) => ({ at: event.timeMillis, rank: 0, twig: eventTwig(event) })),
    ...node.calls.map((call) => ({ at: call.line.timeMillis, rank: rankOf(call), twig: callTwig(call) })),
  ].sort((a, b) => Math.floor(a.at / 1000) - Math.floor(b.at / 1000) || a.rank - b.rank);
  const purpose = node.purpose === undefined ? "" : `, "${shownText(node.purpose)}" (its own word)`;
  return {
    text: `${short(node.agent)}, session ${node.sid}${purpose}`,
    below: [...(proof ? [proof] : []), ...said.map(({ twig }) => twig), ...node.children.map(twigOf)],
  };
}

const rankOf = ({ by, line }: Call): number => (by === "vend" ? 1 : line.source === "sts.amazonaws.com" ? 2 : 3);

function eventTwig({ timeMillis, operation, outcome, scopes, denial, offeredTo, awsRoleArn, agent }: AuditLine): Twig {
  const parts = [
    time(timeMillis),
    operation,
    outcome === "denied" ? `DENIED ${denial ?? ""}` : "",
    operation === "introspect" ? `by ${short(agent ?? "")}` : "",
    scopes.length === 0 ? "" : `[${scopes.join(" ")}]`,
    offeredTo === undefined ? "" : `to ${short(offeredTo)}`,
    awsRoleArn ?? "",
  ];
  return { text: parts.filter((part) => part !== "").join("  "), below: [] };
}

const callTwig = ({ line, by, origin }: Call): Twig => ({
  text: `${callText(line)}${ways[by]}`,
  below: origin === undefined ? [] : originTwigs(origin),
});

/** From credentials back to whoever stands behind them. */
const originTwigs = (origin: Origin): readonly Twig[] => [
  ...origin.links.map((link) => ({ text: `with credentials of  ${callText(link)}`, below: [] })),
  { text: originText(origin), below: [] },
];

/** Who stands behind credentials that we did not give out. */
export function originText({ by, who, identityStore, tags = {} }: Origin): string {
  if (by === "delegate") return `of the product provider of account ${who}, by delegated access`;
  const told = Object.entries(tags).map(([name, value]) => `${name}=${value}`);
  const store = identityStore === undefined ? "" : ` of ${identityStore.split("/").at(-1)}`;
  return `of user ${who}${store}${told.length === 0 ? "" : ` (${told.join(", ")})`}, by the account access manager`;
}

const ways: Readonly<Record<Call["by"], string>> = {
  key: "",
  vend: "  (gave its credentials)",
  sign: "  (signed its token)",
  evidence: "  (its document)",
};

/** One line of CloudTrail in words. */
const callText = (line: TrailLine): string =>
  [
    time(line.timeMillis),
    "aws",
    `${line.source.replace(/\.amazonaws\.com$/, "")}:${line.name}`,
    line.error === undefined ? "" : `DENIED ${line.error}`,
    line.resources[0] ?? "",
    line.invokedBy === undefined ? "" : `by ${line.invokedBy} in its name`,
    `account ${line.account}`,
    line.eventId,
  ]
    .filter((part) => part !== "")
    .join("  ");

/** A line that may be nobody's of ours, with whoever stands behind it. */
export function toldOf(line: TrailLine, origins: ReadonlyMap<string, Origin>): string {
  const origin = origins.get(line.eventId);
  return origin === undefined ? callText(line) : `${callText(line)}  ${originText(origin)}`;
}

const time = (millis: number): string => new Date(millis).toISOString().slice(0, 19).replace("T", " ");
