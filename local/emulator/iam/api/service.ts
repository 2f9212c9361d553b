/** IAM in the query protocol: roles, managed policies and their versions. Each account sees its own. */
import { type QueryService, queryService } from "../../query.ts";
import type { Workloads } from "../../workloads/workloads.ts";
import type { Roles } from "../roles.ts";
import { policyOperations } from "./policies.ts";
import { roleOperations } from "./roles.ts";

/** Of IAM's answers. */
export const iamNamespace = "https://iam.amazonaws.com/doc/2010-05-08/";

/**
 * Opens IAM. What it changes counts at the next call, where AWS takes seconds, and ends with the cloud: the template is
 * read again at the next start.
 */
export function openIam({ roles, workloads }: { readonly roles: Roles; readonly workloads: Workloads }): QueryService {
  return queryService("IAM", iamNamespace, { ...roleOperations(roles, workloads), ...policyOperations(roles) });
}
