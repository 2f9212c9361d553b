/** A team's own stack in the account: a bucket with files, and a role that sessions of Lanyard may get. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Stack, Template } from "../emulator/cloudformation/assembly.ts";
import type { RunningCloud } from "./boot.ts";

const template = fileURLToPath(new URL("../../examples/target-role/template.json", import.meta.url));
/** The registry that knows the role. */
export const registryWithArchive = fileURLToPath(new URL("../../examples/support-desk-aws", import.meta.url));
/** Name of the bucket. */
export const archiveBucket = "support-desk-archive";

/** Files of the archive: one a ticket, in a folder of its customer's. */
export const archived = { "C-7": "customers/C-7/T-1.txt", "C-9": "customers/C-9/T-2.txt" } as const;

/** The team's stack, in the deployment's own account. */
export const teamStack = (): Stack => ({
  name: "TicketArchive",
  account: "111122223333",
  region: "eu-west-1",
  template: JSON.parse(readFileSync(template, "utf8")) as Template,
  assets: new Map(),
});

/** Puts the files there, as the team would. */
export async function fillArchive({ aws, operator }: RunningCloud): Promise<void> {
  // loaded only where it is needed: a start has enough to read
  const { PutObjectCommand, S3Client } = await import("@aws-sdk/client-s3");
  const s3 = new S3Client({ ...aws, credentials: { ...operator }, forcePathStyle: true });
  for (const Key of Object.values(archived))
    await s3.send(new PutObjectCommand({ Bucket: archiveBucket, Key, Body: `what was said about ${Key}\n` }));
  s3.destroy();
}
