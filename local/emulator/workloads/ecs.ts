/** ECS (`AmazonEC2ContainerServiceV20141113`): DescribeTasks of the tasks that this machine plays. */
import { contextOf, ok, type Service, ServiceError, textMember, unknownOperation } from "../service.ts";
import type { Workloads } from "./workloads.ts";

/** @param place account and Region of the ARNs */
export function openEcs(workloads: Workloads, place: { account: string; region: string }): Service {
  const arn = (path: string) => `arn:aws:ecs:${place.region}:${place.account}:${path}`;
  const asked = (input: Readonly<Record<string, unknown>>) => {
    const { tasks } = input;
    if (!Array.isArray(tasks) || tasks.length < 1 || tasks.length > 100 || !tasks.every((t) => typeof t === "string"))
      throw new ServiceError("InvalidParameterException", "tasks must hold 1 to 100 task ids");
    return { cluster: textMember(input, "cluster"), ids: tasks as string[] };
  };
  return {
    target: "AmazonEC2ContainerServiceV20141113",
    access(operation, input) {
      const { cluster, ids } = asked(input);
      const context = contextOf({ "ecs:cluster": arn(`cluster/${cluster}`) });
      return ids.map((id) => ({ action: `ecs:${operation}`, resource: arn(`task/${cluster}/${id}`), context }));
    },
    call(operation, input) {
      if (operation !== "DescribeTasks") throw unknownOperation("ECS", operation);
      const { cluster, ids } = asked(input);
      const found = ids.map((id) => [id, workloads.task(cluster, id)] as const);
      return ok({
        tasks: found.flatMap(([, task]) =>
          task === undefined
            ? []
            : [
                {
                  taskArn: arn(`task/${cluster}/${task.id}`),
                  clusterArn: arn(`cluster/${cluster}`),
                  taskDefinitionArn: arn(`task-definition/${task.definition}`),
                  lastStatus: task.lastStatus ?? "RUNNING",
                  launchType: "FARGATE",
                  ...(task.service === undefined ? {} : { group: `service:${task.service}` }),
                  containers: task.containers,
                },
              ],
        ),
        failures: found.flatMap(([id, task]) =>
          task === undefined ? [{ arn: arn(`task/${cluster}/${id}`), reason: "MISSING" }] : [],
        ),
      });
    },
  };
}
