import type { Denial } from "./denial.ts";
import type { Row, Rows } from "./row.ts";
import { adminDenials } from "./table/admin.ts";
import { approvalDenials } from "./table/approval.ts";
import { approverDenials } from "./table/approver.ts";
import { attestationDenials } from "./table/attestation.ts";
import { awsPolicyDenials } from "./table/aws-policy.ts";
import { boundDenials } from "./table/bound.ts";
import { budgetDenials } from "./table/budget.ts";
import { callerDenials } from "./table/caller.ts";
import { credentialsDenials } from "./table/credentials.ts";
import { decideDenials } from "./table/decide.ts";
import { grantDenials } from "./table/grant.ts";
import { jwtBearerDenials } from "./table/jwt-bearer.ts";
import { offerDenials } from "./table/offer.ts";
import { registryDenials } from "./table/registry.ts";
import { requestDenials } from "./table/request.ts";
import { serviceDenials } from "./table/service.ts";
import { sessionDenials } from "./table/session.ts";
import { signalDenials } from "./table/signals.ts";
import { subjectTokenDenials } from "./table/subject-token.ts";

/**
 * The row of every refusal: its rule, what the audit says and what the caller is told. A code without one does not
 * compile.
 */
export const denialTable = {
  ...requestDenials,
  ...callerDenials,
  ...attestationDenials,
  ...subjectTokenDenials,
  ...offerDenials,
  ...grantDenials,
  ...jwtBearerDenials,
  ...awsPolicyDenials,
  ...boundDenials,
  ...approvalDenials,
  ...budgetDenials,
  ...approverDenials,
  ...sessionDenials,
  ...credentialsDenials,
  ...decideDenials,
  ...adminDenials,
  ...registryDenials,
  ...signalDenials,
  ...serviceDenials,
} satisfies Rows<Denial>;

export { grantFault } from "./table/jwt-bearer.ts";

/** The row of a denial; undefined for a code that the compiler does not know. */
export const rowOf = (denial: Denial): Row<Denial> | undefined =>
  // each row takes the facts of its own code, and this row is chosen by the denial's own code
  (denialTable as Readonly<Record<string, Row<never>>>)[denial.code] as Row<Denial> | undefined;
