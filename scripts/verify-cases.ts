/** `node scripts/verify-cases.ts`: writes the cases that the TypeScript and the Python verifier must agree on. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { caseFiles, caseText } from "../test/kit/verify-cases/files.ts";

for (const [name, file] of await caseFiles()) {
  const text = caseText(file);
  writeFileSync(fileURLToPath(new URL(`../conformance/verify/${name}.json`, import.meta.url)), text);
  console.log(
    `${name}: ${file.cases.length} cases, ${file.cases.flatMap(({ steps }) => steps).length} requests, ${text.length} bytes`,
  );
}
