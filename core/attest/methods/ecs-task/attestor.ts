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
 * Attestor of evidence `{ "type": "ecs-task", "cluster", "region", "endpoint"?, "headers" }`: a signed GetCallerIdentity
 * request as of `aws-sts-caller-identity`, whose session name is the task's id. ECS sets that name, but whoever may
 * assume the role can set any: it counts only where the role's trust policy lets in ECS alone (threat 30). Family,
 * revision and image digests are what ECS says of the task, never what the task says of itself.
 * @returns facts of the caller, `roleArn` with its path, and `taskId`, `taskArn`, `cluster`, `family`, `revision`,
 * `launchType`?, `service`?; the images by container; `build` where the task has one container. Denials: those of
 * `aws-sts-caller-identity`
 */
export function ecsTask(deps: EcsTaskDeps): Attestor {
  return {
    type,
    attest: async (evidence, expect) => {
      // before STS is asked: garbage must not cost a call
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

/** A hint of the caller's where to look; the task found there must be the one whose id STS named. */
const clusterOf = ({ cluster }: Evidence): Step<string> =>
  typeof cluster === "string" && /^[A-Za-z0-9_-]{1,255}$/.test(cluster)
    ? ok(cluster)
    : fault("shape", "cluster is not the name of a cluster");

function taskOf(cluster: string, { facts }: ProvenCaller): Step<{ cluster: string; taskId: string }> {
  if (!/^[0-9a-f]{32}$/.test(facts.sessionName)) return fault("task-id", "the session's name is not a task's id");
  return ok({ cluster, taskId: facts.sessionName });
}

function trustedRole(role: RoleDescription, { facts }: ProvenCaller): Step<RoleDescription> {
  // the name could have been given to another role since
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
  // PENDING containers run already or are about to; a stopped task's credentials outlive it
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
    // a container whose digest is not known yet must not go missing from those that code binding looks at
    ...(digests.length === task.containers.length ? { images } : {}),
    ...(alone ? { build: only } : {}),
  };
}
