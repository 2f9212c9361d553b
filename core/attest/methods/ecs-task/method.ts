import { type Method, only } from "../../contract/method.ts";
import { callerFacts } from "../../formats/assumed-role.ts";

/** Tasks of ECS: a caller identity, and what ECS and IAM state about it. Only where the stage grants these lookups. */
export const method: Method = {
  type: "ecs-task",
  evidence: {
    anchors: ["roleId", "roleArn"],
    states: only(
      ...callerFacts,
      ...["region", "taskId", "taskArn", "cluster", "family", "revision", "launchType", "service"],
    ),
    assurance: "fresh",
    images: true,
    family: "role",
  },
};
