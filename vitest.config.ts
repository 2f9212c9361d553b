import { configDefaults, defineConfig } from "vitest/config";
import { campaigns } from "./test/e2e/campaigns.ts";

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
    testTimeout: 20_000,
    hookTimeout: 60_000,
    reporters: ["default"],
  },
});
