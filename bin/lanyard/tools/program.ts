import type { CommandLine } from "../deployment/command-line.ts";
import { readRegistry } from "../registry/read.ts";
import { example } from "../terminal/help.ts";
import { Usage } from "../terminal/outcome.ts";
import type { OutputOptions } from "../terminal/output.ts";
import { runChanges } from "./changes-command.ts";
import { type ImportOptions, runImport } from "./import-command.ts";
import { runTools } from "./list-command.ts";
import { type PinOptions, runPin } from "./pin-command.ts";
import type { SoughtUse } from "./uses.ts";

/** Adds `tools`, `tools pin` and `tools import`; the latter two change files alone. */
export function toolsCommands({ command, common, withDeployment, terminal, env }: CommandLine): void {
  const tools = command("tools", "which agents work with which tools, servers, skills, plugins and scripts")
    .option("--agent <agent>", "of this agent")
    .option("--server <name>", "of this resource, by name or URI, or of this server")
    .option("--tool <name>", "this tool, skill, plugin or script")
    .option("--at <version>", "at this version or digest")
    .action((options: SoughtUse & OutputOptions) =>
      withDeployment(options, async ({ profile }) => {
        const { registrations } = await readRegistry(profile);
        runTools(registrations, options, terminal);
      }),
    );
  example(tools, "tools --server tickets", "tools --tool close_ticket --output id", "tools --at sha256:0d7a…");
  example(
    common(tools.command("changes"))
      .description("tools that are served otherwise than they are pinned, and what people said of them")
      .action((options: OutputOptions) => withDeployment(options, (context) => runChanges(options, context))),
    "tools changes",
    "tools changes --output id",
  );
  example(
    tools
      .command("pin <from>")
      .description("pin a server's tools: from its address, or a file with its tools/list, to a registry's folder")
      .requiredOption("--resource <name>", "the resource that the server is")
      .requiredOption("--registry <folder>", "the registry's folder")
      .option("--token-env <name>", "environment variable with a token for the server")
      .option("--declarations <file>", "declarations that were looked at: shows what changed in them, and keeps them")
      .option("--keep", "keep the former digests beside the new ones, for a rollout")
      .option("--check", "fail when anything differs")
      .option("--write", "change the files")
      .option("--json", "print one JSON object and nothing else")
      .action((from: string, options: PinOptions) => {
        const { tokenEnv } = options;
        const token = tokenEnv === undefined ? undefined : env[tokenEnv];
        if (tokenEnv !== undefined && !token) throw new Usage(`${tokenEnv} holds no token`);
        return runPin(from, options, { terminal, token });
      }),
    "tools pin https://tickets.example/mcp --resource tickets --registry registry --declarations tickets.tools.json",
    "tools pin tickets.tools.json --resource tickets --registry registry --write",
  );
  example(
    tools
      .command("import <file>")
      .description("bring what a CycloneDX BOM or agent-bom found of agents' tools into a registry's folder")
      .requiredOption("--registry <folder>", "the registry's folder")
      .option("--as <found=agent>", "the agent that one found there is registered as; may be repeated", collect, [])
      .option("--write", "change the files")
      .option("--json", "print one JSON object and nothing else")
      .action((file: string, options: ImportOptions) => runImport(file, options, terminal)),
    "tools import agent-bom.json --registry registry --as claude-desktop=planner",
  );
}

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];
