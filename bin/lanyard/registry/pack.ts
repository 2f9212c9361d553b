/**
 * Packs a registry's folder for a deployment: `{ folder, variables, trustDomain }` on standard input, the packed registry
 * on standard output. The cdk package ships it as a program of its own.
 */
import { text } from "node:stream/consumers";
import { packRegistry } from "./packed.ts";

const { folder, variables, trustDomain } = JSON.parse(await text(process.stdin)) as {
  readonly folder: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly trustDomain: string;
};
try {
  process.stdout.write(JSON.stringify(await packRegistry(folder, variables, trustDomain)));
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
}
