import { configDefaults, defineConfig } from "vitest/config";
import { campaigns } from "./test/e2e/campaigns.ts";

const longStopMillis = 600_000;

/**
 * Unit and stack tests, and the shorter end-to-end ones, in one run; every file in its own process, since some start
 * servers. `LANYARD_CAMPAIGNS` lets the long ones in.
 */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: [
      ...configDefaults.exclude,
      ...(process.env.LANYARD_CAMPAIGNS ? [] : campaigns.map((name) => `test/e2e/${name}.test.ts`)),
    ],
    pool: "forks",
    // one more than the two cores of a small machine: some suites wait for clocks and sockets
    maxWorkers: 3,
    // long stops: a test waits for what it wants, and a busy machine alone fails none
    testTimeout: longStopMillis,
    hookTimeout: longStopMillis,
    expect: { poll: { timeout: longStopMillis / 2, interval: 50 } },
    reporters: ["default"],
  },
});
