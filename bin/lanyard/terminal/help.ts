import type { Command } from "commander";

/**
 * Adds examples to a command's help.
 * @param lines the arguments after `lanyard`
 */
export const example = (command: Command, ...lines: readonly string[]): Command =>
  command.addHelpText("after", `\nExamples:\n${lines.map((line) => `  $ lanyard ${line}`).join("\n")}`);
