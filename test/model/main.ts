import { parseArgs } from "node:util";
import fc from "fast-check";
import { program } from "./program.ts";
import { runProgram, type Tally } from "./run.ts";

const usage = `npm run model -- [--seed N] [--runs N] [--path P] [--help]

Runs random programs of requests against the token service in memory and against a simple reference model, and
compares every answer. The same seed gives the same programs; a difference prints the shortest program found and the
path to run it again.

  --seed N   where the programs come from (default: the clock)
  --runs N   how many programs (default 200)
  --path P   only this program, as a failed run printed it`;

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    runs: { type: "string", default: "200" },
    path: { type: "string" },
    help: { type: "boolean", short: "h" },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const seed = Number(values.seed ?? Date.now() % 2_147_483_648);
const runs = Number(values.runs);
if (!Number.isSafeInteger(seed) || !Number.isSafeInteger(runs) || runs < 1) {
  console.error("--seed and --runs are whole numbers");
  process.exit(2);
}

const tally: Tally = new Map();
let done = 0;
const progress = (): void => {
  done++;
  if (done % 100 === 0) console.error(`${done} of ${runs} programs`);
};
const result = await fc.check(
  fc.asyncProperty(program, async (commands) => {
    await runProgram(commands, { tally });
    progress();
  }),
  { seed, numRuns: runs, ...(values.path === undefined ? {} : { path: values.path }) },
);
for (const [kind, { sent, granted }] of [...tally].sort(([a], [b]) => a.localeCompare(b)))
  console.log(`${kind.padEnd(16)} ${String(sent).padStart(8)} sent ${String(granted).padStart(8)} granted`);
if (result.failed) {
  console.log(`\n${String(result.errorInstance instanceof Error ? result.errorInstance.stack : result.errorInstance)}`);
  console.log(`\nshortest program: ${JSON.stringify(result.counterexample?.[0])}`);
  console.log(`again: npm run model -- --seed ${seed} --path ${result.counterexamplePath}`);
}
console.log(`seed ${seed}: ${result.failed ? done : runs} passed, ${result.failed ? 1 : 0} failed`);
process.exitCode = result.failed ? 1 : 0;
