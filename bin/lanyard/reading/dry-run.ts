import type { AdminTarget } from "../../../core/wire.ts";
import type { Terminal } from "../outcome.ts";
import type { Profile } from "../profile.ts";
import { table } from "../table.ts";
import { askAll } from "./ask.ts";
import { type Reached, shapes } from "./shapes.ts";
import { count, short, until } from "./words.ts";

/** What `revoke --dry-run` needs of its options. */
export interface DryRunOptions {
  readonly cutOnly?: boolean;
  readonly json?: boolean;
}

/** Says which living sessions a revocation would end and what it would block, and changes nothing. @throws Refused */
export async function dryRun(
  target: AdminTarget,
  options: DryRunOptions,
  profile: Profile,
  terminal: Terminal,
): Promise<void> {
  const [kind = "", id = ""] = Object.entries(target)[0] ?? [];
  const { items, pages } = await askAll(profile, "reach", { [kind]: id }, shapes.reached, terminal);
  const ends = [...new Map(items.map((item) => [item.sid, item])).values()];
  const cut = [...new Set(pages.flatMap((page) => (Array.isArray(page.cut) ? page.cut.map(String) : [])))];
  const blocks = kind === "session" || options.cutOnly === true ? null : { [kind]: id };
  if (options.json) return terminal.out(JSON.stringify({ ok: true, dryRun: true, ends, blocks, cut }));
  const now = Math.floor(Date.now() / 1000);
  const shape = [
    { title: "SESSION", of: (row: Reached) => row.sid, whole: true },
    { title: "AGENT", of: (row: Reached) => short(row.agent) },
    { title: "FOR", of: (row: Reached) => short(row.principal) },
    { title: "HOP", of: (row: Reached) => String(row.depth) },
    { title: "ELSE ENDS", of: (row: Reached) => until(row.expiresAtSeconds, now) },
  ] as const;
  if (ends.length > 0) for (const line of table(ends, shape, terminal.columns)) terminal.out(line);
  terminal.out(`${count(ends.length, "living session")} would end`);
  terminal.out(
    blocks === null
      ? "nothing would be blocked"
      : `${kind} ${id} would get nothing new until lanyard lift --${kind} ${id}`,
  );
  if (cut.length > 0)
    terminal.out(`and more than these: the trees of ${cut.join(", ")} are larger than is read at a time`);
  terminal.out("nothing was changed");
}
