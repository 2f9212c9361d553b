import type { Command } from "commander";
import type { Terminal } from "../terminal/outcome.ts";
import type { CommandContext } from "./context.ts";
import type { Env } from "./model.ts";

/** What the program needs; tests pass their own. */
export interface ProgramDeps {
  readonly terminal: Terminal;
  readonly env: Env;
  /** The folder the command was called in. */
  readonly folder: string;
}

/** What a group of commands needs to add itself. */
export interface CommandLine extends ProgramDeps {
  readonly program: Command;
  /** Adds the options of every command that calls a deployment. */
  common(command: Command): Command;
  /** A new command with those options. */
  command(name: string, description: string): Command;
  /** Adds option `--watch`, by which a command repeats its question. */
  watching(command: Command): Command;
  /** Finds the deployment that the options name, and closes its connections afterwards. */
  withDeployment(options: object, then: (context: CommandContext) => Promise<void>): Promise<void>;
}
