import type { AdminDenial } from "./table/admin.ts";
import type { ApprovalDenial } from "./table/approval.ts";
import type { ApproverDenial } from "./table/approver.ts";
import type { AttestationDenial } from "./table/attestation.ts";
import type { AwsPolicyDenial } from "./table/aws-policy.ts";
import type { BoundDenial } from "./table/bound.ts";
import type { BudgetDenial } from "./table/budget.ts";
import type { CallerDenial } from "./table/caller.ts";
import type { CredentialsDenial } from "./table/credentials.ts";
import type { DecideDenial } from "./table/decide.ts";
import type { GrantDenial } from "./table/grant.ts";
import type { JwtBearerDenial } from "./table/jwt-bearer.ts";
import type { OfferDenial } from "./table/offer.ts";
import type { RegistryDenial } from "./table/registry.ts";
import type { RequestDenial } from "./table/request.ts";
import type { ServiceDenial } from "./table/service.ts";
import type { SessionDenial } from "./table/session.ts";
import type { SignalDenial } from "./table/signals.ts";
import type { SubjectTokenDenial } from "./table/subject-token.ts";

/**
 * Every refusal Lanyard knows, as a value: a stable `code` and the facts an auditor needs. To add one, add a member to
 * the union of its subject and a row below that union, in one file of `table/`. That row alone decides what auditors
 * and callers are told.
 */
export type Denial = Refusal & {
  /**
   * Set when another key showed a genuine token of ours: whose token it is. It rings, whatever the code is (threat 41).
   */
  readonly owner?: TokenOwner;
  /** Set for a request of the `jwt-bearer` grant: what is wrong with such an assertion is answered `invalid_grant`. */
  readonly grant?: "id-jag" | "workload";
};

type Refusal =
  | RequestDenial
  | CallerDenial
  | AttestationDenial
  | SubjectTokenDenial
  | OfferDenial
  | GrantDenial
  | JwtBearerDenial
  | AwsPolicyDenial
  | BoundDenial
  | ApprovalDenial
  | BudgetDenial
  | ApproverDenial
  | SessionDenial
  | CredentialsDenial
  | DecideDenial
  | AdminDenial
  | RegistryDenial
  | SignalDenial
  | ServiceDenial;

/** Whose token it is: its agent, and its session where it has one. */
export interface TokenOwner {
  readonly agent: string;
  readonly session?: { readonly sid: string; readonly root: string; readonly depth: number };
}

/** The stable name of a refusal. */
export type DenialCode = Denial["code"];
