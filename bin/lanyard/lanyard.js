#!/usr/bin/env node
// The package contains the bundle. In a checkout the sources run directly, since a bundle there may be old or missing.
import { existsSync } from "node:fs";

const oldest = 24;
if (Number(process.versions.node.split(".")[0]) < oldest) {
  process.stderr.write(`lanyard needs Node ${oldest} or newer; this is ${process.version}\n`);
  process.exitCode = 2;
} else {
  const sources = new URL("./main.ts", import.meta.url);
  await import(existsSync(sources) ? sources.href : new URL("./dist/lanyard.js", import.meta.url).href);
}
