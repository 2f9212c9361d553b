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

/** Most names that are offered: a shell shows no more in a way that helps. */
const namesMost = 1_000;

/** Adds `completion`, and the command that its scripts ask for names. */
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

/** Names one a line. Whoever presses Tab wants no message: what cannot be found out is nothing. */
async function offerNames(kind: string, options: ProfileOptions, deps: ProgramDeps) {
  const names = await (kind === "profiles" ? profileNames(deps) : agentNames(options, deps)).catch(() => []);
  // a name is put into a command line by the shell: nothing that it would read as more than a word
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
