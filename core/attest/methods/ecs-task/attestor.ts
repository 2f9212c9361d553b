import type { Denial } from "../../../denial/denial.ts";
import type { Check } from "../../../model/check.ts";
import { err, ok, type Result } from "../../../model/result.ts";
import { parseRoleArn } from "../../../text/role-arn.ts";
import type { AttestedFacts, Attestor, Evidence } from "../../contract/attestor.ts";
import type { CodeLookup, LookupFailure, RoleDescription, TaskDescription } from "../../contract/aws.ts";
import { type CallerIdentityDeps, type ProvenCaller, proveCaller } from "../../formats/caller-identity/prove.ts";
import { trustsOnly } from "./trust-policy.ts";

const type = "ecs-task";
const members = ["type", "region", "endpoint", "headers", "cluster"];

/** What proving a task needs. */
export interface EcsTaskDeps extends CallerIdentityDeps {
  readonly lookup: CodeLookup;
}

type Step<T> = Result<T, { readonly check: string; readonly why: string } | LookupFailure>;

const fault = (check: string, why: string) => err({ check, why });

/**
 * Attestor of evidence `{ "type": "ecs-task", "cluster", "region", "endpoint"?, "headers" }`: a signed
 * GetCallerIdentity request as of `aws-sts-caller-identity`, whose session name is the task's id. ECS sets that name,
 * but anybody else who may assume the role can set any name. So it counts only where the role's trust policy admits ECS
 * alone (threat 30). Family, revision and image digests come from ECS, never from the task itself.
 * @returns facts of the caller, `roleArn` with its path, and `taskId`, `taskArn`, `cluster`, `family`, `revision`,
 * `launchType`?, `service`?; the images by container; `build` where the task has exactly one container. Denials: those
 * of `aws-sts-caller-identity`
 */
export function ecsTask(deps: EcsTaskDeps): Attestor {
  return {
    type,
    attest: async (evidence, expect) => {
      // before STS is asked, so that garbage costs no call
      const cluster = clusterOf(evidence);
      if (!cluster.ok) return told("shape", cluster, expect.onCheck);
      const proven = await proveCaller({ ...deps, type, members }, evidence, expect);
      if (!proven.ok) return proven;
      const tell = <T>(name: string, step: Step<T>): Result<T, Denial> => told(name, step, expect.onCheck);
      const asked = tell("task-id", taskOf(cluster.value, proven.value));
      if (!asked.ok) return asked;
      const { taskId } = asked.value;
      const [roleFound, taskFound] = await Promise.all([
        deps.lookup.role(proven.value.facts.roleArn.split("/").at(-1) ?? ""),
        deps.lookup.task(cluster.value, taskId),
      ]);
      const role = tell("trust", roleFound.ok ? trustedRole(roleFound.value, proven.value) : roleFound);
      if (!role.ok) return role;
      const task = tell("task", taskFound.ok ? runningTask(taskFound.value, asked.value, proven.value) : taskFound);
      return task.ok ? ok(attested(proven.value, role.value, task.value)) : task;
    },
  };
}

function told<T>(name: string, step: Step<T>, onCheck: ((check: Check) => void) | undefined): Result<T, Denial> {
  if (step.ok) {
    onCheck?.({ name, ok: true, detail: "as expected" });
    return step;
  }
  const check = "check" in step.error ? step.error.check : name;
  const why = "check" in step.error ? step.error.why : step.error.detail;
  onCheck?.({ name: check, ok: false, detail: why });
  if (!("check" in step.error) && step.error.why === "unavailable")
    return err({ code: "attestation_unavailable", type, why });
  return err({ code: "evidence_invalid", type, check, why });
}

/** The cluster to look in, named by the caller. The task found there must be the one whose id STS named. */
const clusterOf = ({ cluster }: Evidence): Step<string> =>
  typeof cluster === "string" && /^[A-Za-z0-9_-]{1,255}$/.test(cluster)
    ? ok(cluster)
    : fault("shape", "cluster is not the name of a cluster");

function taskOf(cluster: string, { facts }: ProvenCaller): Step<{ cluster: string; taskId: string }> {
  if (!/^[0-9a-f]{32}$/.test(facts.sessionName)) return fault("task-id", "the session's name is not a task's id");
  return ok({ cluster, taskId: facts.sessionName });
}

function trustedRole(role: RoleDescription, { facts }: ProvenCaller): Step<RoleDescription> {
  // a role that was created later may have the same name
  if (role.uniqueId !== facts.roleId) return fault("trust", "the role of that name is another one");
  const arn = parseRoleArn(role.arn);
  if (arn?.account !== facts.account || role.arn.split(":")[1] !== facts.roleArn.split(":")[1])
    return fault("trust", "the role is not of the caller's account");
  return trustsOnly("ecs-tasks.amazonaws.com", role.trustPolicy)
    ? ok(role)
    : fault("trust", "others than ECS may assume the role, and choose the session's name");
}

interface RunningTask {
  readonly task: TaskDescription;
  readonly family: string;
  readonly revision: string;
  readonly cluster: string;
  readonly images: Readonly<Record<string, string>>;
}

const definitionArn = /:task-definition\/([A-Za-z0-9_-]{1,255}):([1-9][0-9]{0,9})$/;

function runningTask(
  task: TaskDescription,
  { cluster, taskId }: { cluster: string; taskId: string },
  { facts: { account } }: ProvenCaller,
): Step<RunningTask> {
  const own = (arn: string, rest: string) => {
    const [, , service, , owner, ...path] = arn.split(":");
    return service === "ecs" && owner === account && path.join(":") === rest;
  };
  if (!own(task.arn, `task/${cluster}/${taskId}`)) return fault("task", "ECS describes another task");
  if (!own(task.clusterArn, `cluster/${cluster}`)) return fault("task", "the task is of another cluster");
  // PENDING containers run already or soon will; the credentials of a stopped task live longer than the task
  if (!["PENDING", "ACTIVATING", "RUNNING"].includes(task.lastStatus)) return fault("task", "the task does not run");
  const [, family, revision] = definitionArn.exec(task.taskDefinitionArn) ?? [];
  if (family === undefined || revision === undefined) return fault("task", "the task has no definition");
  const images = Object.fromEntries(
    task.containers.flatMap(({ name, imageDigest }) => (imageDigest === undefined ? [] : [[name, imageDigest]])),
  );
  return ok({ task, family, revision, cluster, images });
}

function attested(caller: ProvenCaller, role: RoleDescription, running: RunningTask): AttestedFacts {
  const { task, family, revision, cluster, images } = running;
  const service = /^service:([A-Za-z0-9_-]{1,255})$/.exec(task.group ?? "")?.[1];
  const digests = Object.values(images);
  const [only] = digests;
  const alone = task.containers.length === 1 && only !== undefined;
  return {
    facts: {
      ...caller.facts,
      roleArn: role.arn,
      taskId: caller.facts.sessionName,
      taskArn: task.arn,
      cluster,
      family,
      revision,
      ...(task.launchType === undefined ? {} : { launchType: task.launchType }),
      ...(service === undefined ? {} : { service }),
    },
    tags: {},
    assurance: "fresh",
    evidenceEntry: caller.evidenceEntry,
    // leave all images out while one digest is unknown, or code binding would miss that container
    ...(digests.length === task.containers.length ? { images } : {}),
    ...(alone ? { build: only } : {}),
  };
}
