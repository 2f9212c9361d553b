/** Buckets, as the template holds them. */
import { list } from "../cloudformation/list.ts";
import type { Cloud } from "../cloudformation/template.ts";
import type { Json } from "../service.ts";

/** A bucket as far as its objects are concerned. */
export interface BucketSettings {
  readonly name: string;
  readonly arn: string;
  readonly isVersioned: boolean;
  /** Whether versions may be retained. */
  readonly hasLock: boolean;
  /** Key that objects are encrypted under unless a put names another; absent = S3's own. */
  readonly kmsKeyArn?: string;
  /** Whether KMS hears of the bucket alone and not of each object. */
  readonly hasBucketKey: boolean;
  /** Whether EventBridge hears of each object that is put. */
  readonly tellsEventBridge?: boolean;
}

/** Buckets of the template. Throws on what this S3 would only half do. */
export function bucketsOf(cloud: Cloud): BucketSettings[] {
  return cloud.ofType("AWS::S3::Bucket").map((resource) => {
    const { ref: name, attributes } = cloud.physical(resource);
    const { VersioningConfiguration, ObjectLockEnabled, ObjectLockConfiguration, BucketEncryption, ...more } =
      cloud.properties(resource);
    const { EventBridgeConfiguration } = (more.NotificationConfiguration ?? {}) as Json;
    if ((ObjectLockConfiguration as Json | undefined)?.Rule !== undefined)
      throw new Error(`bucket ${name}: a default retention is not known to the embedded S3`);
    const status = (VersioningConfiguration as Json | undefined)?.Status;
    if (status === "Suspended") throw new Error(`bucket ${name}: suspended versions are not known to the embedded S3`);
    const hasLock = ObjectLockEnabled === true;
    return {
      name,
      arn: attributes.Arn ?? "",
      isVersioned: status === "Enabled" || hasLock,
      hasLock,
      tellsEventBridge: (EventBridgeConfiguration as Json | undefined)?.EventBridgeEnabled === true,
      ...encryptionOf(BucketEncryption as Json | undefined),
    };
  });
}

function encryptionOf(encryption: Json | undefined): Pick<BucketSettings, "kmsKeyArn" | "hasBucketKey"> {
  const [rule] = list(encryption?.ServerSideEncryptionConfiguration);
  const { SSEAlgorithm, KMSMasterKeyID } = (rule?.ServerSideEncryptionByDefault ?? {}) as Json;
  const hasBucketKey = rule?.BucketKeyEnabled === true;
  const kmsKeyArn = SSEAlgorithm === "aws:kms" && KMSMasterKeyID !== undefined ? String(KMSMasterKeyID) : undefined;
  return { hasBucketKey, ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }) };
}
