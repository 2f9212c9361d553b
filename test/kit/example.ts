import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The example's folder. */
export const supportDesk = fileURLToPath(new URL("../../examples/support-desk", import.meta.url));

/** Values for the example's placeholders. */
export const variables = {
  account: "111122223333",
  region: "eu-west-1",
  identityProvider: "https://login.support-desk.example",
  stsIssuer: "https://0f8c1d2e-1111-4222-8333-444455556666.tokens.sts.global.api.aws",
};

/** A copy of the example in a folder of its own, for whoever made it to take away. */
export function copiedExample() {
  const folder = mkdtempSync(join(tmpdir(), "lanyard-example-"));
  cpSync(supportDesk, folder, { recursive: true });
  return {
    folder,
    /** Replaces a text of a file once. @throws Error where the example has it no more */
    change(file: string, from: string, to: string): void {
      const text = readFileSync(join(folder, file), "utf8");
      if (!text.includes(from)) throw new Error(`${file} changed; adapt this test`);
      writeFileSync(join(folder, file), text.replace(from, to));
    },
  };
}
