import type { Logger } from "@aws-lambda-powertools/logger";
import type { Findings } from "../core/sealing/findings.ts";
import type { documentClient } from "./aws/dynamodb/dynamo.ts";
import { createFindings } from "./aws/dynamodb/leaves/findings.ts";
import { clock, setting, tables } from "./ground.ts";

/** Findings about the trail: a line in the function's log, and a message in the queue that wakes people. */
export function ownFindings(dynamo: ReturnType<typeof documentClient>, logger: Logger): Findings {
  const url = setting("findingsQueue");
  return createFindings(dynamo, tables.leaves, {
    nowMillis: clock.nowMillis,
    async send(finding) {
      logger.critical("the trail is not whole", { finding: finding.kind, subjects: finding.subjects });
      // hardly ever needed, so no cold start reads it
      const { createFindingsQueue } = await import("./aws/sqs/findings-queue.ts");
      await createFindingsQueue(url)(finding);
    },
  });
}
