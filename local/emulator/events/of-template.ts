/** Rules and their targets, as the template holds them. */
import { list } from "../cloudformation/list.ts";
import type { Cloud } from "../cloudformation/template.ts";
import type { Json } from "../service.ts";
import { checkPattern } from "./pattern.ts";
import { rateMillis } from "./schedule.ts";
import type { Rule, Target } from "./service.ts";

/** Rules of the template; patterns are checked now. */
export function rulesOf(cloud: Cloud): Rule[] {
  return cloud.ofType("AWS::Events::Rule").flatMap((resource) => {
    const { ref, attributes } = cloud.physical(resource);
    const {
      EventBusName = "default",
      EventPattern,
      ScheduleExpression,
      State = "ENABLED",
      Targets,
    } = cloud.properties(resource);
    if (State === "DISABLED" || isServiceRule(EventPattern, EventBusName)) return [];
    if (EventPattern !== undefined) checkPattern(EventPattern);
    return [
      {
        name: ref,
        arn: attributes.Arn ?? "",
        bus: String(EventBusName).replace(/^arn:.*\//, ""),
        ...(EventPattern === undefined ? {} : { pattern: EventPattern }),
        ...(ScheduleExpression === undefined ? {} : { everyMillis: rateMillis(String(ScheduleExpression)) }),
        targets: list(Targets).map((target) => targetOf(ref, target)),
      },
    ];
  });
}

/** Services whose own events reach the default bus here. */
const played: ReadonlySet<string> = new Set(["aws.s3"]);

/** Rules on the default bus for events of AWS's own that nothing here sends (CloudTrail's, say). */
function isServiceRule(pattern: unknown, bus: unknown): boolean {
  const sources = list((pattern as Json | undefined)?.source) as unknown as string[];
  return (
    bus === "default" &&
    sources.length > 0 &&
    sources.every((source) => typeof source === "string" && source.startsWith("aws.") && !played.has(source))
  );
}

function targetOf(rule: string, target: Json): Target {
  if (target.InputTransformer !== undefined)
    throw new Error(`rule ${rule}: InputTransformer is not known to the embedded EventBridge`);
  const deadLetter = target.DeadLetterConfig as { Arn?: string } | undefined;
  const retry = target.RetryPolicy as { MaximumRetryAttempts?: number } | undefined;
  return {
    arn: String(target.Arn),
    ...(target.RoleArn === undefined ? {} : { roleArn: String(target.RoleArn) }),
    ...(target.InputPath === undefined ? {} : { inputPath: String(target.InputPath) }),
    ...(target.Input === undefined ? {} : { input: String(target.Input) }),
    ...(deadLetter?.Arn === undefined ? {} : { deadLetterArn: deadLetter.Arn }),
    mostRetries: retry?.MaximumRetryAttempts ?? 185,
  };
}
