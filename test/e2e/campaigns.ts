/**
 * End-to-end suites that take long: each boots a cloud of its own or packs the packages, and some wait for keys, lists or
 * clocks. `npm test`
 * leaves them out and stays short; `npm run e2e -- all` runs them, and CI those of scripts/ci/suites.ts.
 */
export const campaigns: readonly string[] = [
  "agents",
  "audit",
  "audit-log",
  "aws-attestation",
  "canary",
  "cdk-package",
  "cli-package",
  "client-package",
  "deployed-registry",
  "domain",
  "foreign-verifiers",
  "governance",
  "halfway",
  "identity-provider",
  "install",
  "instances",
  "lineage",
  "operating",
  "own-role",
  "prove",
  "reach-grant",
  "reach-mcp",
  "restart",
  "revocation-bound",
  "rotation",
  "security-events",
  "session-aws",
  "starved",
  "stops-in-aws",
  "story",
  "uses-and-renewal",
  "vending",
];
