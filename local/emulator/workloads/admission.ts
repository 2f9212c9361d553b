import type { Callers, Credentials } from "../iam/caller.ts";
import type { Permissions } from "../iam/permissions.ts";
import type { Workload, Workloads } from "./workloads.ts";

/** What admitting a workload touches. */
interface AdmissionGround {
  readonly workloads: Workloads;
  readonly permissions: Permissions;
  readonly callers: Callers;
  /** ARNs of roles that the template holds: they may what it says. */
  readonly deployed: ReadonlySet<string>;
  /** What every workload may do besides asking for documents about itself. */
  readonly statements: readonly unknown[];
}

/**
 * Gives workloads temporary credentials of their role; a role that nobody deployed is made, with what every workload may do
 * here.
 */
export function admission({ workloads, permissions, callers, statements, deployed }: AdmissionGround) {
  return (workload: Workload): Credentials => {
    const { name, roleArn, functionArn, tags = {} } = workload;
    workloads.add(workload);
    if (!deployed.has(roleArn)) permissions.addRole(roleArn, workloadPolicy(statements));
    const session = { roleArn, sessionName: name, tags };
    return callers.issue({ ...session, ...(functionArn === undefined ? {} : { functionArn }) });
  };
}

/** What any workload of the account may do: ask for documents about itself, and what whoever booted the cloud adds. */
const workloadPolicy = (statements: readonly unknown[]) => ({
  Statement: [
    { Effect: "Allow", Action: ["sts:GetWebIdentityToken", "sts:TagGetWebIdentityToken"], Resource: "*" },
    ...statements,
  ],
});
