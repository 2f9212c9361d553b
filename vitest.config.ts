import { configDefaults, defineConfig } from "vitest/config";
import { compiledSources } from "./local/demo/synthesize.ts";
import { alone } from "./test/alone.ts";
import { campaigns } from "./test/e2e/campaigns.ts";

const longStopMillis = 600_000;
const out = [
  ...configDefaults.exclude,
  ...(process.env.LANYARD_CAMPAIGNS ? [] : campaigns.map((name) => `test/e2e/**/${name}.test.ts`)),
];

/**
 * Unit and stack tests, and the shorter end-to-end ones, in one run: files share the process of their worker, but for
 * those that change what a process shares. `LANYARD_CAMPAIGNS` lets the long ones in.
 */
export default defineConfig({
  test: {
    pool: "forks",
    // one more than the two cores of a small machine: some suites wait for clocks and sockets
    maxWorkers: 3,
    // long stops: a test waits for what it wants, and a busy machine alone fails none
    testTimeout: longStopMillis,
    hookTimeout: longStopMillis,
    expect: { poll: { timeout: longStopMillis / 2, interval: 50 } },
    reporters: ["default"],
    // for the programs that tests start: half of what one costs is taking types out of sources and compiling them
    env: { NODE_COMPILE_CACHE: compiledSources },
    projects: [
      {
        extends: true,
        test: { name: "shared", isolate: false, include: ["test/**/*.test.ts"], exclude: [...out, ...alone] },
      },
      { extends: true, test: { name: "alone", include: [...alone], exclude: out } },
    ],
  },
});
