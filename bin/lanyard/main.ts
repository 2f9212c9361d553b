#!/usr/bin/env node
import { run } from "./program.ts";
import { openTerminal } from "./terminal/process.ts";

/** The operator's command: `lanyard --help`. */
process.exitCode = await run(process.argv.slice(2), {
  terminal: openTerminal(process),
  env: process.env,
  folder: process.cwd(),
});
