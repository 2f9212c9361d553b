import { readAgent } from "../agents/shapes.ts";
import { askAll } from "../deployment/ask.ts";
import type { CommandLine, ProgramDeps } from "../deployment/command-line.ts";
import { loadProfile, type ProfileOptions, reservedNames } from "../deployment/profile.ts";
import { readStored } from "../deployment/stored.ts";
import { example } from "../terminal/help.ts";
import { type Terminal, Usage } from "../terminal/outcome.ts";
import { outlineOf } from "./outline.ts";
import { completionScript } from "./scripts.ts";
import { shells } from "./shells.ts";

/** Most names that are offered; a longer list would not help. */
const namesMost = 1_000;

/** Adds `completion`, and the command by which its scripts get names. */
export function completionCommands(line: CommandLine): void {
  const { program, terminal } = line;
  example(
    program
      .command("completion <shell>")
      .description(`print what makes a shell complete these commands and names: ${shells.join(", ")}`)
      .action((shell: string) => {
        const known = shells.find((each) => each === shell);
        if (known === undefined)
          throw new Usage(`there is completion for ${shells.join(", ")}, not ${JSON.stringify(shell)}`);
        terminal.out(completionScript(known, outlineOf(program)).trimEnd());
      }),
    "completion bash > ~/.local/share/bash-completion/completions/lanyard",
  );
  program
    .command("names <kind>", { hidden: true })
    .option("--profile <profile>")
    .option("--outputs <file>")
    .action((kind: string, options: ProfileOptions) => offerNames(kind, options, line));
}

/** Prints names, one in each line. A user who presses Tab wants no message, so after a failure nothing is printed. */
async function offerNames(kind: string, options: ProfileOptions, deps: ProgramDeps) {
  const names = await (kind === "profiles" ? profileNames(deps) : agentNames(options, deps)).catch(() => []);
  // the shell puts a name into the command line, so names with other characters than these are left out
  for (const name of names) if (/^[A-Za-z0-9._/@:-]+$/.test(name)) deps.terminal.out(name);
}

const profileNames = async ({ env }: ProgramDeps) => [...reservedNames, ...Object.keys(await readStored(env))];

async function agentNames(options: ProfileOptions, { env, folder }: ProgramDeps): Promise<readonly string[]> {
  const silent: Terminal = { out: () => undefined, err: () => undefined };
  const profile = await loadProfile(options, env, folder);
  try {
    const { items } = await askAll(
      { profile, terminal: silent },
      { path: "agents", read: readAgent, limit: namesMost },
    );
    return items.map(({ name }) => name);
  } finally {
    profile.dynamo.destroy();
  }
}
