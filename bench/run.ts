/**
 * `npm run bench [-- section …] [--json]`: CPU of an issued session, verifications a second, documents a second of every
 * attestor, what a policy decision costs, size and import time of every bundle and package, AWS calls, write units and dollars of a session, how long a revoked agent takes to reach the status lists, what applying 1,000 agents takes. Ratios are
 * within one run.
 */
import { benchAttest } from "./attest.ts";
import { benchBundles } from "./bundles.ts";
import { benchCost } from "./cost.ts";
import { benchIssue } from "./issue.ts";
import type { Row } from "./measure.ts";
import { benchPackages } from "./packages.ts";
import { benchPolicy } from "./policy.ts";
import { benchPublish } from "./publish.ts";
import { benchRegistry } from "./registry.ts";
import { benchVerify } from "./verify.ts";

const sections: Readonly<Record<string, () => Promise<Row[]>>> = {
  issue: benchIssue,
  verify: benchVerify,
  attest: benchAttest,
  bundle: benchBundles,
  package: benchPackages,
  cost: benchCost,
  policy: benchPolicy,
  publish: benchPublish,
  registry: benchRegistry,
};

const wanted = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));
const unknown = wanted.find((name) => !(name in sections));
if (unknown !== undefined) {
  console.error(`there is no section ${unknown}; choose from ${Object.keys(sections).join(", ")}`);
  process.exit(2);
}

const rows: Row[] = [];
for (const [name, section] of Object.entries(sections)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  process.stderr.write(`measuring ${name} …\n`);
  rows.push(...(await section()));
}

if (process.argv.includes("--json")) console.log(JSON.stringify(rows, null, 2));
else
  for (const { name, value, unit, ratio } of rows) {
    const number = value.toLocaleString("en", { maximumFractionDigits: value < 0.1 ? 4 : value < 10 ? 2 : 0 });
    const times = ratio ? `  (${ratio.value.toFixed(ratio.value < 1 ? 2 : 1)} × ${ratio.of})` : "";
    console.log(`${name.padEnd(66)} ${number.padStart(8)} ${unit}${times}`);
  }
