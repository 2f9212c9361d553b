#!/usr/bin/env node
import { enableCompileCache } from "node:module";
import { compiledSources } from "./demo/synthesize.ts";

/** Time for everything to end by itself. */
const lingerMillis = 2_000;

// keys, credentials and records: whatever this process and its functions write is their owner's alone
process.umask(0o077);
// half a second of every start is taking types out of sources; Node keeps the result by the sources' hash
enableCompileCache(compiledSources);
const { main } = await import("./demo/start/main.ts");
process.exitCode = await main(process.argv.slice(2));
// whatever is still open by mistake must not keep a finished run alive
setTimeout(() => process.exit(), lingerMillis).unref();
