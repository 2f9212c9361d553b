import { randomBytes } from "node:crypto";
import { withInstanceIdentity } from "../../../client/evidence/aws-ec2-instance-identity.ts";
import { awsNitroEnclave } from "../../../client/evidence/aws-nitro-enclave.ts";
import { awsStsCallerIdentity } from "../../../client/evidence/aws-sts-caller-identity.ts";
import { awsStsWebIdentity } from "../../../client/evidence/aws-sts-web-identity.ts";
import { ecsTask } from "../../../client/evidence/ecs-task.ts";
import type { EvidenceSource } from "../../../client/evidence/platform/source.ts";
import type { AgentRegistration, Selector } from "../../../core/model/agent-registration.ts";
import type { AgentKind } from "../agents/kinds.ts";
import type { Credentials, RunningCloud } from "../boot.ts";

/** A workload that runs, seen from inside: where, and the document it can show. */
export interface Holding {
  readonly evidence: EvidenceSource;
  /** Where it runs and who vouches for what, for people: `as ECS task ...: ...`. */
  readonly says: string;
}

/** What an agent is started from. */
interface Held {
  readonly cloud: RunningCloud;
  /** Its registration selects the very role, task or image that is started. */
  readonly registration: AgentRegistration;
  /** Credentials of its Lambda function, made when the cloud was furnished. */
  readonly credentials: Credentials;
}

/** Starts an agent on a platform and returns what it holds there; throws when its registration knows no such platform. */
export async function hold(kind: AgentKind, held: Held): Promise<Holding> {
  return makers[kind](held);
}

const makers: Readonly<Record<AgentKind, (held: Held) => Holding | Promise<Holding>>> = {
  lambda: onLambda,
  ecs: onEcs,
  enclave: inEnclave,
  ec2: onInstance,
};

/** The role's credentials are in the function's environment; STS makes the document. */
function onLambda({ cloud, credentials, registration }: Held): Holding {
  const { functionArn } = selectorOf(registration, "aws-sts-web-identity");
  return {
    // a copy: the SDK writes marks of its own into the credentials it is given
    evidence: awsStsWebIdentity({ ...cloud.aws, credentials: { ...credentials } }),
    says: `${functionArn === undefined ? "under a role of the account" : "as a Lambda function"}: STS vouched for its role`,
  };
}

/** The task's role has the task's id as its session name; ECS says what the task was started from. */
function onEcs({ cloud, registration }: Held): Holding {
  const { roleArn = "", cluster = "", family = "" } = selectorOf(registration, "ecs-task");
  const id = randomBytes(16).toString("hex");
  const imageDigest = `sha256:${randomBytes(32).toString("hex")}`;
  const task = { cluster, definition: `${family}:1`, containers: [{ name: "agent", imageDigest }] };
  const credentials = cloud.addWorkload({ name: id, roleArn, task });
  return {
    evidence: ecsTask({ region: cloud.aws.region, credentials: { ...credentials }, cluster }),
    says: `as ECS task ${id.slice(0, 8)}…: STS vouched for its role and task, ECS for its definition ${family}:1 and its image`,
  };
}

/** No credentials at all: the hypervisor signs what it measured. */
function inEnclave({ cloud, registration }: Held): Holding {
  const { pcr0 = "" } = selectorOf(registration, "aws-nitro-enclave");
  const roleArn = `arn:aws:iam::${cloud.account}:role/agents/${registration.name}-parent`;
  const enclave = cloud.startEnclave({ pcr0, roleArn });
  return {
    evidence: awsNitroEnclave({ attest: async (request) => enclave.attestationDocument(request) }),
    says: `in a Nitro enclave: the hypervisor vouched for its image, PCR0 ${pcr0.slice(0, 8)}…`,
  };
}

/** Credentials of its instance profile, whose session EC2 named after the instance, and EC2's own word for the image. */
async function onInstance({ cloud, registration }: Held): Promise<Holding> {
  const { roleArn = "", ec2ImageId: imageId = "" } = selectorOf(registration, "aws-sts-caller-identity");
  const { instanceId, credentials, metadata } = await cloud.launchInstance({ imageId, roleArn });
  const caller = awsStsCallerIdentity({ region: cloud.aws.region, credentials: { ...credentials } });
  return {
    evidence: withInstanceIdentity(caller, { endpoint: metadata }),
    says: `on EC2 instance ${instanceId}: STS vouched for its role, EC2 for its image ${imageId}`,
  };
}

function selectorOf({ name, selectors }: AgentRegistration, type: string): Selector["exact"] {
  const found = selectors.find((selector) => selector.type === type);
  if (found === undefined) throw new Error(`agent ${name} is not registered to run so: it has no selector of ${type}`);
  return found.exact;
}
