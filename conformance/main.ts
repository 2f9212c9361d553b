import { openEmbedded } from "./embedded.ts";
import type { Ground } from "./ground.ts";
import { type Options, readOptions, usage } from "./options.ts";
import { table } from "./rows/index.ts";
import { closing, lineOf, type Outcome, runRow } from "./run.ts";
import { readSettings } from "./settings.ts";
import { createTarget } from "./target.ts";

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  let options: Options;
  let open: () => Promise<{ ground: Ground; close(): Promise<void> }>;
  try {
    options = readOptions(args);
    open = opening(options);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  const { only, json } = options;
  const rows = table.filter(({ standard }) => only.length === 0 || only.some((name) => standard.startsWith(name)));
  if (rows.length === 0) {
    process.stderr.write(`no row is of ${only.join(" or ")}; there are: ${standards().join(", ")}\n`);
    return 2;
  }
  const { ground, close } = await open();
  try {
    const target = createTarget(ground);
    const outcomes: Outcome[] = [];
    for (const row of rows) {
      const outcome = await runRow(row, target);
      outcomes.push(outcome);
      if (!json) console.log(lineOf(outcome));
    }
    if (json) console.log(JSON.stringify(report(ground.issuer, outcomes)));
    else for (const line of closing(outcomes)) console.log(line);
    const count = (result: Outcome["result"]) => outcomes.filter((each) => each.result === result).length;
    // a run that saw nothing proves nothing
    return count("FAIL") === 0 && count("ok") > 0 ? 0 : 1;
  } finally {
    await close();
  }
}

function standards(): readonly string[] {
  return [...new Set(table.map(({ standard }) => standard))];
}

/** A wrong settings file is told before anything is started. */
function opening({ deployment, help }: Options) {
  if (!deployment || help) {
    return async () => {
      process.stderr.write("the embedded cloud starts\n");
      return openEmbedded();
    };
  }
  const ground = readSettings(deployment.settings, deployment.issuer);
  return async () => ({ ground, close: async () => undefined });
}

function report(issuer: string, outcomes: readonly Outcome[]) {
  const rows = outcomes.map(({ row: { run: _, ...row }, result, detail }) => ({ result, ...row, detail }));
  const [passed, failed, skipped] = (["ok", "FAIL", "skip"] as const).map(
    (result) => outcomes.filter((outcome) => outcome.result === result).length,
  );
  return { issuer, rows, passed, failed, skipped };
}
