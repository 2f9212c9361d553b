/** `npm run prove -- --stage NAME`: tries on a real account what no documentation answers (docs/before-production.md). */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readStage } from "../lib/settings/stage-file.ts";
import { clientsOf, type ProveGround } from "./prove/ground.ts";
import { type Proved, probes, prove } from "./prove/run.ts";

const usage = `Tries on a deployment what only its account can answer, by calls of the AWS SDK under your own credentials.

  npm run prove -- --stage production --outputs outputs.json
                       the file is that of: cdk deploy --all --outputs-file outputs.json

  --only NAME,NAME     these probes alone
  --json               one JSON array at the end, nothing else
  --help               print this

Probes:
${probes.map(({ name, asks }) => `  ${name.padEnd(18)} ${asks}`).join("\n")}

Exit codes: 0 all ok, 1 something differs or could not be tried, 2 not called right.`;

/** What the command stands on; a test gives its own. */
export interface ProveDeps {
  readonly stages: string;
  out(line: string): void;
  err(line: string): void;
  clients?(region: string): ProveGround["clients"];
  readonly fetch?: typeof fetch;
  readonly signal?: AbortSignal;
}

/** Runs the command. @returns the exit code */
export async function runProve(args: readonly string[], deps: ProveDeps): Promise<number> {
  const { out, err, stages } = deps;
  let options: { stage?: string; outputs?: string; only?: string; json?: boolean; help?: boolean };
  let region: string;
  let outputs: Record<string, string>;
  try {
    const flag = { type: "string" } as const;
    const on = { type: "boolean" } as const;
    options = parseArgs({
      args: [...args],
      options: { stage: flag, outputs: flag, only: flag, json: on, help: on },
    }).values;
    if (options.help) {
      out(usage);
      return 0;
    }
    const { stage = "production", outputs: file = "outputs.json" } = options;
    region = readStage(stages, stage).region;
    outputs = outputsOf(file, stage);
  } catch (wrong) {
    err(`${(wrong as Error).message}; npm run prove -- --help says how`);
    return 2;
  }
  const names = options.only?.split(",");
  const unknown = names?.find((name) => !probes.some((probe) => probe.name === name));
  if (unknown !== undefined) {
    err(`there is no probe ${JSON.stringify(unknown)}; npm run prove -- --help lists them`);
    return 2;
  }
  const wanted = probes.filter(({ name }) => names === undefined || names.includes(name));
  const clients = (deps.clients ?? clientsOf)(region);
  const ground = { outputs, clients, fetch: deps.fetch ?? fetch, nowMillis: () => Date.now() };
  const each = (one: Proved) => {
    if (!options.json) out(lineOf(one));
  };
  const { signal } = deps;
  const all = await prove(wanted, ground, signal === undefined ? { each } : { each, signal });
  for (const client of Object.values(clients)) client.destroy();
  if (options.json) out(JSON.stringify(all));
  return all.length === wanted.length && all.every(({ is, left }) => is === "ok" && left === undefined) ? 0 : 1;
}

const lineOf = ({ probe, asks, is, says, left }: Proved): string =>
  `${is.padEnd(18)} ${probe}: ${asks}: ${says}${left ? `; NOT TAKEN BACK: ${left.join("; ")}` : ""}`;

/** The outputs of one stage's stacks, by name. */
function outputsOf(file: string, stage: string): Record<string, string> {
  const read = JSON.parse(readFileSync(file, "utf8")) as Record<string, Record<string, string>>;
  const own = Object.entries(read).filter(([stack]) => stack.startsWith(`lanyard-${stage}-`));
  if (own.length === 0) throw new Error(`${file} holds no stack of stage ${stage}`);
  return Object.assign({}, ...own.map(([, outputs]) => outputs)) as Record<string, string>;
}

async function main(): Promise<number> {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
  return runProve(process.argv.slice(2), {
    stages: fileURLToPath(new URL("../stages", import.meta.url)),
    out: (line) => console.log(line),
    err: (line) => console.error(line),
    signal: stop.signal,
  });
}

if (import.meta.main) process.exitCode = await main();
