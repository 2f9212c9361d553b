import { z } from "zod";
import { ask } from "../deployment/ask.ts";
import type { CommandContext } from "../deployment/context.ts";
import { reader } from "../deployment/reader.ts";
import { Refused } from "../terminal/outcome.ts";
import { type OutputOptions, showList } from "../terminal/output.ts";
import { short, until } from "../terminal/words.ts";

const readChange = reader(
  z.object({
    id: z.string(),
    resource: z.string(),
    tool: z.string(),
    digest: z.string(),
    change: z.string(),
    from: z.string().optional(),
    agent: z.string(),
    group: z.string(),
    needed: z.number(),
    state: z.string(),
    approvals: z.number(),
    scopes: z.array(z.string()),
    expiresAtSeconds: z.number(),
  }),
  "tool",
);
type Change = ReturnType<typeof readChange>;

/**
 * `tools changes`: tools that are served otherwise than they are pinned, and what people said of them.
 * @throws Refused
 */
export async function runChanges(options: OutputOptions, { profile, terminal }: CommandContext): Promise<void> {
  const answer = await ask(profile, "tool-changes");
  if (!Array.isArray(answer.items)) throw new Refused("admin-read answered something else than a list");
  const items = answer.items.map(readChange);
  const now = Math.floor(Date.now() / 1000);
  const shape = [
    { title: "ID", of: ({ id }: Change) => id, whole: true },
    { title: "RESOURCE", of: ({ resource }: Change) => resource, whole: true },
    { title: "TOOL", of: ({ tool }: Change) => tool, whole: true },
    { title: "CHANGE", of: ({ change, from }: Change) => (from === undefined ? change : `was ${from}`) },
    { title: "STATE", of: ({ state }: Change) => state, whole: true },
    { title: "YES", of: ({ approvals, needed }: Change) => `${approvals} of ${needed}`, whole: true },
    { title: "GROUP", of: ({ group }: Change) => group },
    { title: "TOLD BY", of: ({ agent }: Change) => short(agent) },
    { title: "UNTIL", of: ({ expiresAtSeconds }: Change) => until(expiresAtSeconds, now) },
    { title: "AT", of: ({ digest }: Change) => digest, least: 20 },
  ] as const;
  const forPeople = (table: readonly string[]) =>
    items.length === 0 ? ["no tool waits for people, and none goes on by their word"] : table;
  showList({ name: "changes", items, rows: items, shape, id: ({ id }: Change) => id, forPeople }, options, terminal);
}
