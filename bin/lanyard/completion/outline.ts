import type { Command, Option } from "commander";

/** One command as completion sees it. */
export interface Outline {
  /** Words that lead to it, `policy plan`; empty for the program itself. */
  readonly path: string;
  readonly description: string;
  readonly commands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly {
    readonly flags: readonly string[];
    readonly description: string;
    readonly takesValue: boolean;
  }[];
}

/** Every command of a program, itself first: made from the very objects that parse the command line. */
export function outlineOf(command: Command, path = ""): readonly Outline[] {
  const commands = command.commands.filter((each) => each.name() !== "help");
  const own: Outline = {
    path,
    description: command.description(),
    commands: commands.map((each) => ({ name: each.name(), description: each.description() })),
    options: [...command.options.filter(({ hidden }) => !hidden).map(optionOf), help],
  };
  const below = commands.flatMap((each) => outlineOf(each, path === "" ? each.name() : `${path} ${each.name()}`));
  return [own, ...below];
}

const optionOf = ({ short, long, description, required, optional }: Option): Outline["options"][number] => ({
  flags: [short, long].filter((flag) => flag !== undefined),
  description,
  takesValue: required || optional,
});

const help: Outline["options"][number] = { flags: ["--help"], description: "what there is", takesValue: false };
