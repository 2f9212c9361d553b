/** Firehose as the bucket sees it: a role that puts objects, by the same policies as anybody. */
import type { Permissions } from "../iam/permissions.ts";
import { s3Access } from "../s3/access.ts";
import { readRequest } from "../s3/request.ts";
import type { S3 } from "../s3/service.ts";
import type { Access } from "../service.ts";
import type { Delivered, DeliveryStream } from "./service.ts";

/** What a delivery needs. */
interface DeliveryGround {
  readonly s3: S3;
  readonly permissions: Pick<Permissions, "roleRefusal">;
  /** Hears of each put, with what IAM would have been asked. */
  readonly onPut: (stream: DeliveryStream, key: string, access: readonly Access[]) => void;
}

/**
 * Makes the delivery of the streams.
 * @throws for a stream whose role may not put objects: on AWS its records would be tried for a day and then lost
 */
export function deliverToBucket(
  streams: readonly DeliveryStream[],
  { s3, permissions, onPut }: DeliveryGround,
): (stream: DeliveryStream, object: Delivered) => void {
  const accessOf = ({ bucketArn }: DeliveryStream, key: string) => {
    const bucket = s3.bucket(bucketArn);
    const target = `/${bucket.settings.name}/${key.split("/").map(encodeURIComponent).join("/")}`;
    const call = readRequest({ method: "PUT", target, headers: {}, body: Buffer.alloc(0) });
    return s3Access(call, bucket, Date.now());
  };
  for (const stream of streams) {
    for (const access of accessOf(stream, `${stream.prefix.replace(/!\{.*$/s, "")}object`)) {
      const refusal = permissions.roleRefusal(stream.roleArn, access);
      if (refusal !== undefined) throw new Error(`delivery stream ${stream.name}: ${refusal}`);
    }
  }
  return (stream, { key, bytes }) => {
    const { settings, objects } = s3.bucket(stream.bucketArn);
    objects.put({
      key,
      bytes,
      headers: { "content-type": "application/octet-stream" },
      ...(settings.kmsKeyArn === undefined ? {} : { kmsKeyArn: settings.kmsKeyArn }),
    });
    onPut(stream, key, accessOf(stream, key));
  };
}
