import { attestors } from "./attest.ts";
import { bundles } from "./bundles.ts";
import { carried } from "./carry.ts";
import { costBenches } from "./cost.ts";
import { decisions } from "./decide.ts";
import { clientCredentials } from "./issue/client-credentials.ts";
import { sessionForPerson } from "./issue/person.ts";
import { vending } from "./issue/vend.ts";
import { logBenches } from "./log.ts";
import { packages } from "./packages.ts";
import { policyBenches } from "./policy.ts";
import { questioned } from "./questions.ts";
import { registryApply } from "./registry.ts";
import { revocations } from "./revocation.ts";
import type { Bench } from "./row.ts";
import { traced } from "./trace.ts";
import { comparedVerifications } from "./verify/compared.ts";
import { manyKeys } from "./verify/many-keys.ts";

/** Everything that is measured, in the order of the table. */
export const benches: readonly Bench[] = [
  ...comparedVerifications,
  manyKeys,
  sessionForPerson,
  clientCredentials,
  vending,
  ...decisions,
  ...policyBenches,
  ...revocations,
  ...costBenches,
  bundles,
  packages,
  attestors,
  registryApply,
  traced,
  questioned,
  carried,
  ...logBenches,
];
