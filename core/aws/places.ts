import type { AwsGrant, AwsRoleRegistration } from "../model/aws-role.ts";
import { limits } from "../model/limits.ts";
import { listBucket } from "./actions.ts";

/** ARN of the bucket or table that a grant is about. A role's partition is that of its buckets. */
export const placeOf = (grant: AwsGrant, roleArn: string): string =>
  grant.service === "dynamodb" ? grant.where.table : `arn:${roleArn.split(":")[1]}:s3:::${grant.where.bucket}`;

/**
 * What some scopes reach with a role, as the registration says it: ARNs of tables, of buckets, and of what is below a
 * prefix of one, in order, each once. The record of a vend names them, so that a trace can tell of which of them
 * CloudTrail has no data event; details narrow what is reached within them.
 */
export function placesOf(role: AwsRoleRegistration, scopes: readonly string[]): readonly string[] {
  const places = role.grants
    .filter(({ scope }) => scopes.includes(scope))
    .map((grant) => {
      const place = placeOf(grant, role.arn);
      // a listing is of the bucket, and its event names no key
      const isOfKeys = grant.service === "s3" && grant.actions.some((action) => action !== listBucket);
      return isOfKeys && grant.where.prefix !== undefined ? `${place}/${grant.where.prefix}` : place;
    });
  return [...new Set(places)].toSorted().slice(0, limits.awsRecordedPlaces);
}
