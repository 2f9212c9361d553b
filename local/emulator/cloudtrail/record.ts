/** A CloudTrail record, as AWS writes them to a trail's bucket. */
import { randomUUID } from "node:crypto";
import type { Described } from "./parameters/described.ts";

/** One event of a trail. */
export interface TrailRecord extends Described {
  readonly eventVersion: string;
  readonly userIdentity: Readonly<Record<string, unknown>>;
  readonly eventTime: string;
  readonly eventSource: string;
  readonly awsRegion: string;
  readonly sourceIPAddress: string;
  readonly userAgent: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
  readonly requestID: string;
  readonly eventID: string;
  readonly eventType: "AwsApiCall";
  readonly managementEvent: boolean;
  readonly recipientAccountId: string;
  /** The same in every account's record of one call. */
  readonly sharedEventID?: string;
  readonly eventCategory: "Management" | "Data";
}

type Said = Omit<TrailRecord, "eventVersion" | "eventID" | "eventType" | "managementEvent" | "recipientAccountId">;

/** A whole record, for one account. */
export const finished = (recipientAccountId: string, said: Said): TrailRecord => ({
  eventVersion: "1.11",
  ...said,
  eventID: randomUUID(),
  eventType: "AwsApiCall",
  managementEvent: said.eventCategory === "Management",
  recipientAccountId,
});
