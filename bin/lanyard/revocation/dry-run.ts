import type { AdminTarget } from "../../../core/model/wire.ts";
import type { CommandContext } from "../deployment/context.ts";
import { reachCount, reachTable, readReach } from "../sessions/reach.ts";

/** The options of `revoke --dry-run`. */
interface DryRunOptions {
  readonly cutOnly?: boolean;
  readonly json?: boolean;
}

/** Shows which living sessions a revocation would end and what it would block, and changes nothing. @throws Refused */
export async function dryRun(target: AdminTarget, options: DryRunOptions, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const reach = await readReach(target, context);
  const { ends, cut } = reach;
  const [kind = "", id = ""] = Object.entries(target)[0] ?? [];
  const blocks = kind === "session" || options.cutOnly === true ? null : { [kind]: id };
  if (options.json) return terminal.out(JSON.stringify({ ok: true, dryRun: true, ends, blocks, cut }));
  for (const line of reachTable(ends, terminal.columns)) terminal.out(line);
  terminal.out(reachCount(reach, "end"));
  terminal.out(blockLine(kind, id, blocks !== null));
  if (cut.length > 0)
    terminal.out(`and more than these: the trees of ${cut.join(", ")} are larger than is read at a time`);
  terminal.out("nothing was changed");
}

/** What a revocation would block. */
export const blockLine = (kind: string, id: string, blocks: boolean): string =>
  blocks ? `${kind} ${id} would get nothing new until lanyard lift --${kind} ${id}` : "nothing would be blocked";
