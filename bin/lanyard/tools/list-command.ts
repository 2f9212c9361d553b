import type { Registration } from "../../../core/model/registry.ts";
import type { Terminal } from "../terminal/outcome.ts";
import { type OutputOptions, showList } from "../terminal/output.ts";
import { type SoughtUse, type ToolUse, usesOf } from "./uses.ts";

/** `tools`: which agents work with which tools, servers, skills, plugins and scripts. */
export function runTools(rows: readonly Registration[], options: SoughtUse & OutputOptions, terminal: Terminal): void {
  const items = usesOf(rows, options);
  const shape = [
    { title: "AGENT", of: ({ agent }: ToolUse) => agent, whole: true },
    { title: "STATE", of: ({ state }: ToolUse) => state },
    { title: "KIND", of: ({ kind }: ToolUse) => kind, whole: true },
    { title: "NAME", of: ({ name }: ToolUse) => name, whole: true },
    { title: "SERVER", of: ({ server = "" }: ToolUse) => server },
    { title: "VERSION", of: ({ version = "" }: ToolUse) => version },
    { title: "AT", of: ({ digests }: ToolUse) => (digests.length > 0 ? digests.join(" ") : "ANY"), least: 20 },
  ] as const;
  showList({ name: "tools", items, rows: items, shape, id: ({ agent }) => agent }, options, terminal);
}
