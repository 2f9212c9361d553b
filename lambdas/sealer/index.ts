import { S3Client } from "@aws-sdk/client-s3";
import { setting } from "../ground.ts";
import { createSealer, type LockMode } from "./sealer.ts";

const mode = setting("auditLock");
if (mode !== "GOVERNANCE" && mode !== "COMPLIANCE") throw new Error("auditLock is no mode of Object Lock");
const seal = createSealer(new S3Client({ maxAttempts: 5 }), {
  bucket: setting("auditBucket"),
  retentionDays: Number(setting("auditRetentionDays")),
  mode: mode satisfies LockMode,
});

/**
 * Retains every object whose creation S3 reports. After an error Lambda tries again, and then puts the event into the
 * queue that an alarm watches.
 */
export const handler = (event: unknown): Promise<void> => seal(event);
