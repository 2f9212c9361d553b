/** What keeps data: S3, the trail inside of it, Firehose before it, queues and tables. */
import { randomBytes } from "node:crypto";
import type { Closers } from "./closers.ts";
import type { Cloud } from "./cloudformation/template.ts";
import { openTrail, type Trail } from "./cloudtrail/trail.ts";
import { type DynamoDb, openDynamoDb } from "./dynamodb/engine.ts";
import { schemasOf } from "./dynamodb/service.ts";
import { deliverToBucket } from "./firehose/deliver.ts";
import { deliveryStreamsOf } from "./firehose/of-template.ts";
import { type DeliveryStream, type Firehose, openFirehose } from "./firehose/service.ts";
import type { Callers } from "./iam/caller.ts";
import type { Permissions } from "./iam/permissions.ts";
import { bucketsOf } from "./s3/of-template.ts";
import { openS3, type S3 } from "./s3/service.ts";
import type { Access } from "./service.ts";
import { queuesOf } from "./sqs/of-template.ts";
import { openQueues, type Queues } from "./sqs/queues.ts";
import type { StateFolder } from "./state.ts";

/** A trail that whoever boots asks for. */
export interface TrailWish {
  /** Name of the bucket that it is delivered into; the template holds none of that name. */
  readonly bucket: string;
  /** Seconds between two deliveries; 5 unless said otherwise, where AWS takes minutes. */
  readonly everySeconds?: number;
}

/** The stores of an account. */
export interface Stores {
  readonly s3: S3;
  readonly firehose: Firehose;
  readonly queues: Queues;
  readonly db: DynamoDb;
  /** Absent when nobody asked for one. */
  readonly trail?: Trail;
}

/** What they stand on. */
interface StoresGround {
  readonly place: { readonly account: string; readonly region: string; readonly state: StateFolder };
  readonly permissions: Permissions;
  readonly callers: Callers;
  readonly closers: Closers;
  readonly trail?: TrailWish | undefined;
}

/** Opens them. Throws on a delivery stream that may not write into its bucket. */
export async function openStores(cloud: Cloud, ground: StoresGround): Promise<Stores> {
  const { place, permissions, callers, closers } = ground;
  const { account, region, state } = place;
  const s3 = openS3([...bucketsOf(cloud), ...trailBucket(ground.trail)], { account, region, folder: state.buckets });
  const trail = ground.trail && trailInto(s3, cloud, { ...place, wish: ground.trail });
  if (trail !== undefined) closers.push(trail.close);
  const streams = deliveryStreamsOf(cloud);
  const onPut = noteOfPuts(streams, callers, trail);
  const deliver = deliverToBucket(streams, { s3, permissions, onPut });
  const firehose = openFirehose(streams, { deliver, spoolDirectory: state.at("firehose") });
  closers.push(firehose.close);
  const queues = openQueues(queuesOf(cloud), state.at("queues"));
  const directory = state.at("dynamodb");
  const db = await openDynamoDb({ accountId: account, region, ...(directory === undefined ? {} : { directory }) });
  closers.push(db.close);
  return { s3, firehose, queues, db, ...(trail === undefined ? {} : { trail }) };
}

const trailBucket = (wish: TrailWish | undefined) =>
  wish === undefined
    ? []
    : [
        {
          name: wish.bucket,
          arn: `arn:aws:s3:::${wish.bucket}`,
          isVersioned: false,
          hasLock: false,
          hasBucketKey: false,
        },
      ];

function trailInto(
  s3: S3,
  cloud: Cloud,
  { region, wish }: { readonly region: string; readonly wish: TrailWish },
): Trail {
  const { everySeconds = 5, bucket } = wish;
  return openTrail({ region, schemas: schemasOf(cloud), bucket: s3.bucket(bucket).objects, everySeconds });
}

/** Firehose calls with a session of its role, which STS gave it; CloudTrail names both. */
function noteOfPuts(streams: readonly DeliveryStream[], callers: Callers, trail: Trail | undefined) {
  const service = "firehose.amazonaws.com";
  const sessions = new Map(
    streams.map(({ name, roleArn }) => {
      const session = { roleArn, sessionName: name, tags: {} };
      const credentials = callers.issue(session);
      trail?.assumed(service, { ...session, accessKeyId: credentials.accessKeyId });
      return [name, { ...session, credentials, issuedAtMillis: Date.now(), expiresAtMillis: Date.now() }] as const;
    }),
  );
  return ({ name, bucketArn }: DeliveryStream, key: string, access: readonly Access[]) => {
    const caller = sessions.get(name);
    if (caller === undefined) return;
    const bucketName = bucketArn.slice(bucketArn.lastIndexOf(":") + 1);
    const from = { userAgent: service, sourceIp: service, invokedBy: service };
    const call = { service: "s3", operation: "PutObject", input: { bucketName, key }, access, caller, ...from };
    const requestId = randomBytes(8).toString("hex").toUpperCase();
    trail?.heard({ ...call, roleArn: caller.roleArn, requestId, status: 200, atMillis: Date.now() });
  };
}
