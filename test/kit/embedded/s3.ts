import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { S3Client } from "@aws-sdk/client-s3";
import { s3Error } from "../../../local/emulator/s3/errors.ts";
import { openS3 } from "../../../local/emulator/s3/service.ts";
import { ServiceError } from "../../../local/emulator/service.ts";
import { type Asked, listen } from "../wire/server.ts";

/** Name of the one bucket. */
export const bucketName = "audit";

/** The embedded S3 with one bucket, as the audit's is kept, that the real SDK speaks to over HTTP; on disk, as ever. */
export async function openBucket() {
  const folder = mkdtempSync(join(tmpdir(), "embedded-s3-"));
  const settings = { name: bucketName, arn: `arn:aws:s3:::${bucketName}`, isVersioned: true, hasLock: true };
  const s3 = openS3([{ ...settings, hasBucketKey: false }], {
    ...{ account: "111122223333", region: "eu-west-1", folder: join(folder, "s3") },
  });
  const answer = async ({ method, target, headers, bytes }: Asked) => {
    try {
      const {
        status,
        type,
        headers: more,
        body,
      } = await s3.service({ method, target, headers, body: bytes }).answer("request");
      return { status: status ?? 200, headers: { "content-type": type, ...more }, body };
    } catch (thrown) {
      if (!(thrown instanceof ServiceError)) throw thrown;
      const { status, code, message } = thrown;
      const { type, body } = s3Error({ status, code, message }, "request");
      return { status, headers: { "content-type": type }, body };
    }
  };
  const server = await listen((asked) => {
    server.asked.length = 0;
    return answer(asked);
  });
  const credentials = { accessKeyId: "AKIALOCAL", secretAccessKey: "local" };
  const client = new S3Client({ endpoint: server.origin, region: "eu-west-1", forcePathStyle: true, credentials });
  return {
    client,
    async close(): Promise<void> {
      client.destroy();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
