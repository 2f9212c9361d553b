import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import { Usage } from "../terminal/outcome.ts";
import { canaryRegistrations } from "./registrations.ts";

interface InitOptions {
  readonly stage: string;
  readonly owner: string;
  readonly aws?: boolean;
}

const fileName = "canary.yaml";

/** Adds `canary init`. */
export function canaryCommands({ program, terminal }: CommandLine): void {
  const canary = program.command("canary").description("the revocation canary, which measures how fast refusals come");
  example(
    canary
      .command("init <folder>")
      .description(`write the canary's registrations into a registry's folder, as ${fileName}`)
      .requiredOption("--stage <stage>", "the stage whose settings have a canary")
      .option("--owner <who>", "who is responsible for it", "the operators of this deployment")
      .option("--aws", "the stage has awsCredentials and lends roles of its own account")
      .action(async (folder: string, { stage, owner, aws = false }: InitOptions) => {
        if (!/^[a-z][a-z0-9-]{0,18}[a-z0-9]$/.test(stage)) throw new Usage(`${JSON.stringify(stage)} names no stage`);
        const path = join(folder, fileName);
        await writeFile(path, canaryRegistrations({ stage, owner, aws }), { flag: "wx" }).catch((cause) => {
          if (cause.code === "EEXIST") throw new Usage(`${path} is there already; remove it to have it written anew`);
          if (cause.code === "ENOENT") throw new Usage(`there is no folder ${folder}`);
          throw cause;
        });
        terminal.out(`wrote ${path}: deploy the registry, or lanyard apply ${folder}`);
      }),
    "canary init registry --stage prod --aws",
  );
}
