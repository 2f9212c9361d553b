import { Logger } from "@aws-lambda-powertools/logger";
import { S3Client } from "@aws-sdk/client-s3";
import { createObjectReader } from "../../core/endpoints/object-reader.ts";
import { documentClient } from "../aws/dynamodb/dynamo.ts";
import { createTrail } from "../aws/dynamodb/leaves/notes.ts";
import { objectLines } from "../aws/s3/object-lines.ts";
import { retaining } from "../aws/s3/retention.ts";
import { ownFindings } from "../findings.ts";
import { clock, lock, setting, tables } from "../ground.ts";

const logger = new Logger();
const dynamo = documentClient();
const s3 = new S3Client({ maxAttempts: 5 });
const bucket = setting("auditBucket");
const { mode, days } = lock();
const read = createObjectReader({
  bucket,
  retentionDays: days,
  retain: retaining(s3, bucket, mode),
  lines: (version) => objectLines(s3, bucket, version),
  trail: createTrail(dynamo, tables, clock.nowMillis),
  findings: ownFindings(dynamo, logger),
});

/**
 * Retains every object of the trail whose creation S3 reports, and compares its lines with the records. After an error
 * Lambda tries again, and then puts the event into the queue that an alarm watches.
 */
export const handler = (event: unknown): Promise<void> => read(event);
