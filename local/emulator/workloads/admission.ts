import type { Callers, Credentials } from "../iam/caller.ts";
import type { Permissions } from "../iam/permissions.ts";
import type { Workload, Workloads } from "./workloads.ts";

/** What admitting a workload touches. */
export interface AdmissionGround {
  readonly workloads: Workloads;
  readonly permissions: Permissions;
  readonly callers: Callers;
  /** ARN of the function whose URL IAM guards. */
  readonly attestIam: string | undefined;
}

/** Gives workloads temporary credentials of their role, and the role what every workload may do here. */
export function admission({ workloads, permissions, callers, attestIam }: AdmissionGround) {
  return (workload: Workload): Credentials => {
    const { name, roleArn, functionArn, tags = {} } = workload;
    workloads.add(workload);
    permissions.addRole(roleArn, workloadPolicy(attestIam));
    const session = { roleArn, sessionName: name, tags };
    return callers.issue({ ...session, ...(functionArn === undefined ? {} : { functionArn }) });
  };
}

/** What any workload of the account may do here: ask for documents about itself, and call the URL that IAM guards. */
const workloadPolicy = (attestIam: string | undefined) => ({
  Statement: [
    { Effect: "Allow", Action: ["sts:GetWebIdentityToken", "sts:TagGetWebIdentityToken"], Resource: "*" },
    ...(attestIam === undefined
      ? []
      : [{ Effect: "Allow", Action: ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"], Resource: attestIam }]),
  ],
});
