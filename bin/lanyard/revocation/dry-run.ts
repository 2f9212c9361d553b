import type { AdminTarget } from "../../../core/model/wire.ts";
import type { CommandContext } from "../deployment/context.ts";
import { reachCount, reachTable, readReach } from "../sessions/reach.ts";

/** What a revocation leaves: no new sessions, those of the profile for quarantine, or all. */
export type Left = "block" | "quarantine" | "nothing";

/** The options of a dry run, and what the revocation would leave. */
interface DryRunOptions {
  readonly leaves: Left;
  readonly json?: boolean;
}

/** Shows which living sessions a revocation would end and what it would block, and changes nothing. @throws Refused */
export async function dryRun(target: AdminTarget, options: DryRunOptions, context: CommandContext): Promise<void> {
  const { terminal } = context;
  const reach = await readReach(target, context);
  const { ends, cut } = reach;
  const [kind = "", id = ""] = Object.entries(target)[0] ?? [];
  const { leaves } = options;
  const blocks = leaves === "block" ? { [kind]: id } : null;
  const quarantines = leaves === "quarantine" ? { quarantines: { [kind]: id } } : {};
  if (options.json) return terminal.out(JSON.stringify({ ok: true, dryRun: true, ends, blocks, ...quarantines, cut }));
  for (const line of reachTable(ends, terminal.columns)) terminal.out(line);
  terminal.out(reachCount(reach, "end"));
  terminal.out(leftLine(kind, id, leaves));
  if (cut.length > 0)
    terminal.out(`and more than these: the trees of ${cut.join(", ")} are larger than is read at a time`);
  terminal.out("nothing was changed");
}

/** What a revocation would block, or quarantine. */
export function leftLine(kind: string, id: string, leaves: Left): string {
  if (leaves === "nothing") return "nothing would be blocked";
  return leaves === "block"
    ? `${kind} ${id} would get nothing new until lanyard lift --${kind} ${id}`
    : `${kind} ${id} would get what its registration says for quarantine until lanyard lift --${kind} ${id} --quarantine`;
}
