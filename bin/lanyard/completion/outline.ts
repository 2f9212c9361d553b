import type { Command, Option } from "commander";
import { shells } from "./shells.ts";

/** What completion offers for a value: names from the deployment, known words, or files. */
export type Values = { readonly names: "agents" | "profiles" } | { readonly words: readonly string[] } | undefined;

/** One command as completion sees it. */
export interface Outline {
  /** Words that name it, `policy plan`; empty for the program itself. */
  readonly path: string;
  readonly description: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly {
    readonly flags: readonly string[];
    readonly description: string;
    readonly takesValue: boolean;
    readonly values: Values;
  }[];
  /** What its first argument may be. */
  readonly argument: Values;
}

/** Every command of a program, itself first: made from the same objects that parse the command line. */
export function outlineOf(command: Command, path = ""): readonly Outline[] {
  const commands = command.commands.filter((each) => !["help", "names"].includes(each.name()));
  const own: Outline = {
    path,
    description: command.description(),
    commands: commands.map((each) => ({ name: each.name(), description: each.description() })),
    argument: valuesOf(command.registeredArguments[0]?.name() ?? ""),
    options: [...command.options.filter(({ hidden }) => !hidden).map(optionOf), help],
  };
  const below = commands.flatMap((each) => outlineOf(each, path === "" ? each.name() : `${path} ${each.name()}`));
  return [own, ...below];
}

const optionOf = ({ short, long, description, required, optional, flags, argChoices }: Option) => ({
  flags: [short, long].filter((flag) => flag !== undefined),
  description,
  takesValue: required || optional,
  values: argChoices ? { words: argChoices } : valuesOf(/[<[]([^>\]]+)[>\]]/.exec(flags)?.[1] ?? ""),
});

/** What completion offers for a placeholder. */
function valuesOf(placeholder: string): Values {
  if (placeholder === "agent") return { names: "agents" };
  if (placeholder === "profile") return { names: "profiles" };
  return placeholder === "shell" ? { words: shells } : undefined;
}

const help: Outline["options"][number] = {
  flags: ["--help"],
  description: "what there is",
  takesValue: false,
  values: undefined,
};
