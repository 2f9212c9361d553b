import { ask } from "../deployment/ask.ts";
import type { CommandContext } from "../deployment/context.ts";
import { Usage } from "../terminal/outcome.ts";
import { mustBeWhole, type OutputOptions } from "../terminal/output.ts";
import { plain } from "../terminal/plain.ts";
import { count, short, until } from "../terminal/words.ts";
import { readStory, type Session, type Story } from "./shapes.ts";
import { treeLines } from "./tree.ts";
import { givenLines, stateOf } from "./words.ts";

/** `story <sid>`: shows everything about one session. @throws Usage, Refused */
export async function runStory(
  sid: string,
  options: OutputOptions,
  { profile, terminal }: CommandContext,
): Promise<void> {
  mustBeWhole(options);
  if (!/^[A-Za-z0-9_-]{22}$/.test(sid))
    throw new Usage(`${JSON.stringify(sid)} is no session's id: it has 22 characters`);
  const answer = await ask(profile, `sessions/${sid}`).catch((cause: unknown) => {
    const facts = cause instanceof Error && "facts" in cause ? (cause.facts as { status?: unknown }) : {};
    if (facts.status === 404) throw new Usage(`there is no session ${sid}, or it ended more than a day ago`);
    throw cause;
  });
  if (options.json) return terminal.out(JSON.stringify({ ok: true, ...answer }));
  for (const line of storyLines(readStory(answer), Math.floor(Date.now() / 1000))) terminal.out(plain(line));
}

function storyLines(story: Story, now: number): readonly string[] {
  const { session, chain, children, offers, uses, mayEnd } = story;
  const { principal, purpose, build, assurance } = session;
  return [
    `session   ${session.sid}  ${session.live ? stateOf(session, now) : "OVER"}`,
    ...(session.why ? [`because   ${session.why.text}`] : []),
    `agent     ${session.agent}`,
    `for       ${principal.kind} ${principal.id}`,
    `since     ${new Date(session.createdAtSeconds * 1000).toISOString()}, assurance ${assurance}${build === undefined ? "" : `, build ${build}`}`,
    ...(purpose === undefined ? [] : [`purpose   ${purpose} (the agent's own word)`]),
    ...session.grants.flatMap(grantLines),
    ...(uses ? [`uses      ${uses.left} of ${uses.max} left`] : []),
    ...givenLines(session, now).map((line) => `at AWS    ${line}`),
    "tree",
    ...treeLines([...chain, ...children], now).map((line) => `  ${line}`),
    ...(story.descendants > children.length
      ? [`  and ${count(story.descendants - children.length, "session")} further below`]
      : []),
    ...offers.map(
      ({ to, state, by, expiresAtSeconds }) =>
        `offer     to ${short(to)}: ${state}${by === undefined ? "" : ` by session ${by}`}${state === "open" ? `, ends ${until(expiresAtSeconds, now)}` : ""}`,
    ),
    ...(story.handles.length > 0 ? [`handles   ${count(story.handles.length, "opaque access token")} of it`] : []),
    `may end   ${mayEnd.agents.map(short).join(", ")}; operators: lanyard revoke --session ${session.sid}`,
    ...(story.cut ? ["the tree is larger than is read at a time: children and offers may be missing"] : []),
  ];
}

const grantLines = ({ resource, scopes, details = [] }: Session["grants"][number]): readonly string[] => [
  `holds     ${scopes.join(" ")} at ${resource}`,
  ...details.map((detail) => `          restricted by ${JSON.stringify(detail)}`),
];
