import type { Evidence } from "../../../core/lineage/read.ts";
import { nodesOf, type Trace, type TraceNode } from "../../../core/lineage/tree.ts";
import { count } from "../terminal/words.ts";
import { toldOf } from "./lines.ts";

/** How long CloudTrail may take: most lines come within five minutes, AWS promises none within less than fifteen. */
const lagMillis = 15 * 60_000;
const mostClaims = 20;

/** What a reader of the trees must know besides: how far they are complete, and what only looks like theirs. */
export function notesOf(trace: Trace, roots: readonly TraceNode[], evidence: Evidence): readonly string[] {
  const nodes = roots.flatMap(nodesOf);
  return [
    ...far(evidence, nodes),
    ...missing(trace, nodes),
    ...silent(nodes),
    ...trace.keys.disputed.map(
      ({ requestId, why, sids }) =>
        `DISPUTED  request ${requestId}: ${disputes[why]} (sessions ${sids.join(", ")}); joined to none`,
    ),
    ...trace.contradicted.map((name) => `DISPUTED  ${name} was told twice and differently; left out`),
    ...claims(trace),
    ...(evidence.cut ? ["there is more than is read at a time: this is not all of it"] : []),
  ];
}

const disputes = {
  held_by_two_sessions: "records of two sessions hold it",
  another_role: "its record names another role",
  another_key: "its record names another access key",
  issued_twice: "its access key was given out twice",
} as const;

function far({ newestMillis }: Evidence, nodes: readonly TraceNode[]): readonly string[] {
  if (newestMillis === undefined) return ["CloudTrail: no line at all"];
  const last = Math.max(...nodes.flatMap(({ events }) => events.map(({ timeMillis }) => timeMillis)), 0);
  const known = `CloudTrail is known up to ${new Date(newestMillis).toISOString()}`;
  return [newestMillis >= last + lagMillis ? known : `${known}; what is younger may still come`];
}

function missing({ keys }: Trace, nodes: readonly TraceNode[]): readonly string[] {
  const sids = new Set(nodes.map(({ sid }) => sid));
  const ours = keys.missing.filter(({ sid }) => sids.has(sid));
  if (ours.length === 0) return [];
  const text = `${count(ours.length, "call")} to STS that we made ${ours.length === 1 ? "is" : "are"} not in this trail yet`;
  return [
    `${text}: what was done with those credentials is not shown (requests ${ours.map(({ requestId }) => requestId).join(", ")})`,
  ];
}

/**
 * Names what was granted and has no data event. They are off unless somebody switched them on, bucket by bucket and table
 * by table: their absence says nothing of what was done. One event of any of the sessions shows that they are on there.
 */
function silent(nodes: readonly TraceNode[]): readonly string[] {
  const granted = nodes.flatMap(({ sid, events }) =>
    events.flatMap(({ operation, outcome, awsResources }) =>
      operation.startsWith("credentials.") && outcome === "allowed"
        ? awsResources.map((place) => ({ place, sid }))
        : [],
    ),
  );
  const touched = nodes.flatMap(({ calls }) =>
    calls.flatMap(({ line, by }) => (by === "key" && line.category === "Data" ? line.resources : [])),
  );
  return [...Map.groupBy(granted, ({ place }) => place)].flatMap(([place, to]) =>
    touched.some((arn) => isWithin(arn, place)) ? [] : [silence(place, [...new Set(to.map(({ sid }) => sid))])],
  );
}

/** Whether a call was about a granted place: the bucket or table, or what is below it. A prefix ends in a slash. */
const isWithin = (arn: string, place: string): boolean =>
  arn === place || arn.startsWith(place.endsWith("/") ? place : `${place}/`);

const silence = (place: string, sids: readonly string[]): string =>
  `no data event at ${place.replaceAll("%20", " ")}, which ${sids.length === 1 ? `session ${sids[0]}` : count(sids.length, "session")} ` +
  "could reach: either nothing was read or written there, or the trail does not log it";

function claims({ claims: found, origins }: Trace): readonly string[] {
  if (found.length === 0) return [];
  const more = found.length > mostClaims ? [`  and ${found.length - mostClaims} more`] : [];
  return [
    `NOT OURS  ${count(found.length, "line")} of CloudTrail that name one of these sessions, under credentials that we did not give out:`,
    ...found.slice(0, mostClaims).map((line) => `  ${toldOf(line, origins)}`),
    ...more,
  ];
}
