import { S3Client } from "@aws-sdk/client-s3";
import type { Credentials } from "../../../local/emulator/iam/caller.ts";
import { cloud, settings } from "../cloud/ground.ts";

/** The real client, as every function of the cloud would make it. */
export const s3 = (credentials?: Credentials): S3Client => new S3Client(settings(cloud, credentials));

/** Name and status of what a call was refused with; "ok" when it was not. */
export const refused = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => "ok",
    (thrown: { name: string; $metadata?: { httpStatusCode?: number } }) => [
      thrown.name,
      thrown.$metadata?.httpStatusCode,
    ],
  );

/** Credentials of a role that may do this much and nothing else. */
export const roleWith = (name: string, ...Statement: object[]): Credentials =>
  cloud.addOperator(`arn:aws:iam::${cloud.account}:role/${name}`, { Statement });

/** The fixture's bucket without versions. */
export const plain = (): string => cloud.outputs.BucketName ?? "";
export const locked = "fixture-locked";
export const encrypted = "fixture-encrypted";
