import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { oneRegion } from "./function-url.ts";
import type { Profile } from "./model.ts";

/** Temporary credentials, as the local run lends them. */
interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** Where and as whom the SDK calls; on AWS nothing but the Region, so that its usual chain decides. */
interface ClientPlace {
  readonly endpoint?: string;
  readonly region?: string;
  readonly credentials?: Credentials;
  /** Name of a profile of the AWS configuration. */
  readonly profile?: string;
}

/**
 * Completes a profile with its client. The Region is that of the functions' URLs: another one in the environment would
 * sign calls that no function takes.
 * @throws Usage for URLs of two Regions
 */
export function profileOf(known: Omit<Profile, "dynamo">, place: ClientPlace): Profile {
  const { issuer, admin, adminRead, adminWrite, adminRotate } = known;
  const addresses = [issuer, admin, adminRead, adminWrite, ...(adminRotate === undefined ? [] : [adminRotate])];
  const region = oneRegion(addresses) ?? known.region ?? place.region;
  return {
    ...known,
    ...(region === undefined ? {} : { region }),
    dynamo: new DynamoDBClient({ ...place, ...(region === undefined ? {} : { region }) }),
  };
}
