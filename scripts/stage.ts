/** `npm run stage -- NAME`: makes `stages/<name>.json` by asking the few questions that have no default. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { fileURLToPath } from "node:url";
import { stageOf } from "../lib/settings/stage.ts";
import { questions, readFlags, settingsOf } from "./stage/answers.ts";

const usage = `Makes stages/NAME.json, the settings of one deployment; every other setting has a default (lib/settings/stage.ts).

  npm run stage -- production            asks
  npm run stage -- production --account 111122223333 --trust-domain agents.example.com --operators role/Operator
                                         asks nothing where nobody can answer: what has a default takes it

${questions.map(({ flag, ask }) => `  --${flag.padEnd(20)} ${ask}`).join("\n")}
  --force                overwrites a file that is there

Exit codes: 0 written, 1 not written, 2 not called right.`;

/** What the command stands on; a test gives its own. */
interface StageGround {
  readonly folder: string;
  out(line: string): void;
  err(line: string): void;
  /** Undefined where nobody can answer. */
  ask?(question: string): Promise<string>;
}

/** Makes one stage's file. @returns the exit code */
export async function makeStage(args: readonly string[], ground: StageGround): Promise<number> {
  const { folder, out, err, ask } = ground;
  let flags: ReturnType<typeof readFlags>;
  let settings: Record<string, unknown>;
  try {
    flags = readFlags(args);
    if (flags.help) {
      out(usage);
      return 0;
    }
    settings = await settingsOf(flags.given, ask);
  } catch (wrong) {
    err(`${(wrong as Error).message}; npm run stage -- --help says how`);
    return 2;
  }
  try {
    // evaluated as synth evaluates it: what is written deploys. The name becomes part of a path only after this
    stageOf(flags.name, settings);
    const file = join(folder, `${flags.name}.json`);
    writeFileSync(file, `${JSON.stringify(settings, undefined, 2)}\n`, { flag: flags.force ? "w" : "wx" });
    out(`wrote ${file}; look with npx cdk diff --all -c stage=${flags.name}`);
    return 0;
  } catch (wrong) {
    const exists = (wrong as NodeJS.ErrnoException).code === "EEXIST";
    err(
      exists
        ? `stages/${flags.name}.json is there and was not touched; --force overwrites it`
        : (wrong as Error).message,
    );
    return 1;
  }
}

async function main(): Promise<number> {
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const lines = isTerminal ? createInterface({ input: process.stdin, output: process.stdout }) : undefined;
  try {
    return await makeStage(process.argv.slice(2), {
      folder: fileURLToPath(new URL("../stages", import.meta.url)),
      out: (line) => console.log(line),
      err: (line) => console.error(line),
      ...(lines ? { ask: (question: string) => lines.question(question) } : {}),
    });
  } finally {
    lines?.close();
  }
}

if (import.meta.main) process.exitCode = await main();
