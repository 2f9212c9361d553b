#!/usr/bin/env node
import { openTerminal } from "./process-terminal.ts";
import { run } from "./program.ts";

/** The operator's command: `lanyard --help`. */
process.exitCode = await run(process.argv.slice(2), {
  terminal: openTerminal(process),
  env: process.env,
  folder: process.cwd(),
});
