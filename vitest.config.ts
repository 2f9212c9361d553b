import { defineConfig } from "vitest/config";

/** Unit, stack and end-to-end tests in one run; every file in its own process, since some start servers. */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    pool: "forks",
    // left alone, vitest would keep one of two cores idle
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 60_000,
    reporters: ["default"],
  },
});
