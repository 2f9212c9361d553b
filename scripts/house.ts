/**
 * `npm run house [-- NAME …] [--list] [--json]`: the house in figures, the aim of each in brackets. `--list` says where
 * each figure comes from, worst first. It evaluates nothing: what must hold is in the lint (`scripts/walls.ts`).
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Figure, measure, measureNames } from "./house/measures.ts";

const usage = `npm run house [-- NAME …] [--list] [--json]; figures: ${measureNames.join(", ")}\n`;

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      list: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const unknown = positionals.find((name) => !measureNames.includes(name));
  if (unknown !== undefined || values.help) {
    process.stderr.write(usage);
    return values.help ? 0 : 2;
  }
  const figures = await measure(fileURLToPath(new URL("../", import.meta.url)), positionals);
  if (values.json) process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
  else for (const figure of figures) process.stdout.write(`${lines(figure, values.list).join("\n")}\n`);
  return 0;
}

function lines({ what, figure, aim, note, found }: Figure, withList: boolean): readonly string[] {
  const head = `${String(figure).padStart(4)}  ${what}${aim === undefined ? "" : ` (${aim})`}`;
  // not built yet is no figure, and must not be overlooked behind one
  if (!withList) return figure === 0 && note?.includes("not built yet") ? [`${head}; ${note}`] : [head];
  return [head, ...(note === undefined ? [] : [`      ${note}`]), ...found.map((one) => `        ${one}`), ""];
}
