/**
 * Tests that change what their whole process shares (its environment, its clock, its `fetch`), or whose subject is a
 * process, its children or its end: each file of them runs in a process of its own. All others share one a worker, so
 * that the SDK, the CDK and our own modules are loaded once a worker instead of once a file. Paths from the root.
 */
export const alone: readonly string[] = [
  "test/bin/attest/explain-*.test.ts",
  "test/bin/audit/query.test.ts",
  "test/bin/process.test.ts",
  "test/bin/deployment/profile.test.ts",
  "test/bin/trace/athena.test.ts",
  "test/canary/guards.test.ts",
  "test/client/approvals.test.ts",
  "test/client/retry.test.ts",
  "test/e2e/**/*.test.ts",
  "test/lambdas/handlers.test.ts",
  "test/lambdas/metrics.test.ts",
  "test/lambdas/sts/sts.test.ts",
  "test/lambdas/wake.test.ts",
  "test/local/**/*.test.ts",
  "test/ring/load.test.ts",
  "test/scripts/lean-sdk.test.ts",
];
