import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { oneRegion } from "./function-url.ts";
import type { Profile } from "./model.ts";

/** Temporary credentials, from the local run. */
interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/**
 * Endpoint, Region and credentials of the SDK; on AWS only the Region, so that its usual chain finds the credentials.
 */
interface ClientPlace {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: Credentials;
  /** Name of a profile of the AWS configuration. */
  readonly profile?: string;
}

/**
 * Completes a profile with its client. The Region is that of the functions' URLs: calls signed for another Region, from
 * the environment, would be refused.
 * @throws Usage for URLs of two Regions
 */
export function profileOf(known: Omit<Profile, "dynamo">, place: ClientPlace): Profile {
  const { issuer, admin, adminRead, adminWrite, adminRotate, approve } = known;
  const addresses = [issuer, admin, adminRead, adminWrite, ...[adminRotate, approve].flatMap((one) => one ?? [])];
  const region = oneRegion(addresses) ?? known.region ?? place.region;
  return {
    ...known,
    ...(region === undefined ? {} : { region }),
    dynamo: new DynamoDBClient({ ...place, ...(region === undefined ? {} : { region }) }),
  };
}
