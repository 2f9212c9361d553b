import type { Command } from "commander";
import type { Terminal } from "../terminal/outcome.ts";
import type { CommandContext } from "./context.ts";
import type { Env } from "./model.ts";

/** What the program stands on; a test gives its own. */
export interface ProgramDeps {
  readonly terminal: Terminal;
  readonly env: Env;
  /** The folder the command was called in. */
  readonly folder: string;
}

/** What a group of commands adds itself to. */
export interface CommandLine extends ProgramDeps {
  readonly program: Command;
  /** Gives a command the options that all who ask a deployment have. */
  common(command: Command): Command;
  /** A new command with those options. */
  command(name: string, description: string): Command;
  /** Gives a command that looks the option to look again and again, and how to do it. */
  watching(command: Command): Command;
  /** Finds the deployment the options mean, and lets go of it afterwards. */
  withDeployment(options: object, then: (context: CommandContext) => Promise<void>): Promise<void>;
}
