/** What the control plane knows of the workloads that this machine plays: roles and their trust, versions, tasks. */

import { roleIdOf, roleNameOf } from "../iam/context.ts";

/** A task as ECS would describe it. */
interface Task {
  readonly cluster: string;
  /** `family:revision` */
  readonly definition: string;
  readonly containers: readonly { readonly name: string; readonly imageDigest?: string }[];
  readonly lastStatus?: string;
  /** Name of the service that started it. */
  readonly service?: string;
}

/** A workload that is given an identity: a role of the account, perhaps a function's or a task's. */
export interface Workload {
  /** Its session name: of a task the task's id, 32 hexadecimal digits. */
  readonly name: string;
  readonly roleArn: string;
  readonly functionArn?: string;
  /** Published versions of its function: number → CodeSha256. */
  readonly versions?: Readonly<Record<string, string>>;
  readonly task?: Task;
  /** Whom the role trusts; by default the service that such a workload runs on, alone. */
  readonly trust?: Readonly<Record<string, unknown>>;
  /** The role's tags, which its documents carry as `principal_tags`. */
  readonly tags?: Readonly<Record<string, string>>;
}

/** The book of workloads. */
export interface Workloads {
  add(workload: Workload): void;
  /** By unqualified ARN and version. */
  version(functionArn: string, version: string): { readonly codeSha256: string; readonly roleArn: string } | undefined;
  task(cluster: string, id: string): (Task & { readonly id: string }) | undefined;
  /** By name, without path. */
  role(name: string): { readonly arn: string; readonly uniqueId: string; readonly trust: unknown } | undefined;
}

/** An empty book. */
export function openWorkloads(): Workloads {
  const roles = new Map<string, Workload>();
  const tasks = new Map<string, Task & { readonly id: string }>();
  const versions = new Map<string, { codeSha256: string; roleArn: string }>();
  return {
    add(workload) {
      const { name, roleArn, functionArn, task } = workload;
      roles.set(roleNameOf(roleArn), workload);
      if (task !== undefined) tasks.set(`${task.cluster}/${name}`, { ...task, id: name });
      for (const [version, codeSha256] of Object.entries(workload.versions ?? {}))
        versions.set(`${functionArn}:${version}`, { codeSha256, roleArn });
    },
    version: (functionArn, version) => versions.get(`${functionArn}:${version}`),
    task: (cluster, id) => tasks.get(`${cluster}/${id}`),
    role(name) {
      const found = roles.get(name);
      return found && { arn: found.roleArn, uniqueId: roleIdOf(found.roleArn), trust: trustOf(found) };
    },
  };
}

function trustOf({ trust, task }: Workload): unknown {
  const service = task === undefined ? "lambda.amazonaws.com" : "ecs-tasks.amazonaws.com";
  const principal = trust ?? { Service: service };
  const statement = { Effect: "Allow", Principal: principal, Action: "sts:AssumeRole" };
  return { Version: "2012-10-17", Statement: [statement] };
}
