/** `npm run load [-- options]`: see the usage in `options.ts`; docs/performance.md shows a run. */
import { writeFileSync } from "node:fs";
import { raiseCloud } from "./cloud/link.ts";
import { type LoadOptions, readOptions, usage } from "./options.ts";
import { pagePicture, writePage } from "./report/page.ts";
import { pictureOf } from "./report/picture.ts";
import { machine, type Report, reportOf } from "./report/report.ts";
import { machineLine, plainTable, sentences } from "./report/tables.ts";
import { runLoad } from "./run.ts";

const mostBroken = 20;
const progress = (text: string): void => void process.stderr.write(`· ${text}\n`);

async function main(args: readonly string[]): Promise<number> {
  let options: LoadOptions;
  try {
    options = readOptions(args);
  } catch (thrown) {
    process.stderr.write(`${messageOf(thrown)}\n\n${usage}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(usage);
    return 0;
  }
  const on = machine();
  const cloud = await raiseCloud(options.instances, progress);
  // Ctrl-C ends the cloud too: its process would go on for as long as this one is connected
  process.once("SIGINT", () => void cloud.close().finally(() => process.exit(130)));
  try {
    const ran = await runLoad(cloud, options, progress);
    const report = reportOf(ran, options, on);
    const picture = pictureOf(report, ran.ledger.served);
    if (options.svg !== undefined) writeFileSync(options.svg, picture);
    if (options.write) {
      writeFileSync(pagePicture, picture);
      writePage(report);
    }
    process.stdout.write(options.json ? `${JSON.stringify(report, null, 2)}\n` : tell(report));
    for (const each of report.broken.slice(0, mostBroken)) process.stderr.write(`broken: ${each}\n`);
    return report.ok ? 0 : 1;
  } finally {
    await cloud.close();
  }
}

const tell = (report: Report): string =>
  [machineLine(report), "", plainTable(report), "", ...sentences(report), ""].join("\n");

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

process.exitCode = await main(process.argv.slice(2)).catch((thrown: unknown) => {
  process.stderr.write(`${messageOf(thrown)}\n`);
  return 1;
});
