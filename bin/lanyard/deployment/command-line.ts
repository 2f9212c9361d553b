import type { Command } from "commander";
import type { Terminal } from "../terminal/outcome.ts";
import type { Profile } from "./profile.ts";

/** What a group of commands adds itself to. */
export interface CommandLine {
  readonly program: Command;
  readonly terminal: Terminal;
  /** Gives a command the options that all who ask a deployment have. */
  common(command: Command): Command;
  /** A new command with those options. */
  command(name: string, description: string): Command;
  /** Gives a command that looks the option to look again and again, and how to do it. */
  watching(command: Command): Command;
  /** Finds the deployment the options mean, and lets go of it afterwards. */
  withProfile(options: object, then: (profile: Profile) => Promise<void>): Promise<void>;
}
