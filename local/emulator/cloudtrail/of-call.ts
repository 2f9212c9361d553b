/** Records of a call that the endpoint served. */
import { randomUUID } from "node:crypto";
import type { ServedCall } from "../front/call.ts";
import { isoSeconds } from "../iam/context.ts";
import { keyRecords } from "./by-service.ts";
import { foreignIdentity, homeOf, identityOf } from "./identity.ts";
import type { Resource } from "./parameters/described.ts";
import { describe, type Schemas } from "./parameters/of-service.ts";
import { finished, type TrailRecord } from "./record.ts";

/** Where the trail is kept. */
export interface TrailPlace {
  readonly region: string;
  /** Names of the key attributes of a table: the only ones whose values DynamoDB logs. */
  readonly schemas: Schemas;
}

/** Records of one call: its own, another account's whose resource it was about, and those of keys that S3 asked for. */
export function recordsOf(call: ServedCall, place: TrailPlace): TrailRecord[] {
  const { record, category } = describe(call, place.schemas);
  const home = homeOf(call);
  const own = finished(home, {
    eventTime: isoSeconds(call.atMillis),
    sourceIPAddress: call.sourceIp,
    userAgent: call.userAgent,
    ...record,
    ...refusedAs(call),
    eventSource: `${call.service}.amazonaws.com`,
    // IAM is one for all Regions, and logs where it lives
    awsRegion: call.service === "iam" ? "us-east-1" : place.region,
    userIdentity: identityOf(call),
    requestID: call.requestId,
    eventCategory: category,
  });
  const owner = ownerOf(record.resources) ?? home;
  const keys = call.service === "s3" && call.code === undefined ? keyRecords(call, place.region) : [];
  if (owner === home) return [own, ...keys];
  const sharedEventID = randomUUID();
  const theirs = { ...own, sharedEventID, eventID: randomUUID(), recipientAccountId: owner };
  return [{ ...own, sharedEventID }, { ...theirs, userIdentity: foreignIdentity(call) }, ...keys];
}

const ownerOf = (resources: readonly Resource[] = []): string | undefined =>
  resources.map(({ accountId }) => accountId).find((account) => account !== undefined);

/** CloudTrail has one word for what IAM refuses, whatever the service answers. */
function refusedAs({ code, message }: ServedCall): { errorCode?: string; errorMessage?: string } {
  if (code === undefined) return {};
  const errorCode = code === "AccessDeniedException" ? "AccessDenied" : code;
  return { errorCode, ...(message === undefined ? {} : { errorMessage: message }) };
}
