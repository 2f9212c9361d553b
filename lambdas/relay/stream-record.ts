import { type BusEntry, busLimits, type Carried, entryBytes, type Unreadable } from "../../core/endpoints/relay.ts";
import { unpackBody } from "../aws/dynamodb/record-body.ts";
import { type AttributeValue, unmarshall } from "../aws/dynamodb/stream-image.ts";
import { checkpointDetailType } from "../env.ts";

/** A record of a DynamoDB stream as Lambda delivers it. */
export interface StreamRecord {
  readonly eventName?: string;
  readonly dynamodb?: {
    readonly SequenceNumber?: string;
    readonly NewImage?: Readonly<Record<string, AttributeValue>>;
  };
}

/** Reads a record. For a row that is no audit record, or too large, it says why. */
export function read(record: StreamRecord): Carried | Unreadable {
  const image = record.dynamodb?.NewImage ?? {};
  const row = unmarshall(image);
  const { eventId, detailType, timeMillis, traceHeader, hash, expiresAt } = row;
  const packed = image.body?.B;
  const found = {
    sequence: record.dynamodb?.SequenceNumber ?? "",
    eventId: typeof eventId === "string" ? eventId : "unknown",
    image,
  };
  const whole =
    typeof eventId === "string" &&
    typeof packed === "string" &&
    typeof detailType === "string" &&
    // the delivery leaves these out: a record of that name would reach the bus and nobody else
    detailType !== checkpointDetailType &&
    typeof timeMillis === "number" &&
    isDate(timeMillis) &&
    typeof hash === "string" &&
    Number.isSafeInteger(expiresAt);
  if (!whole) return { ...found, why: "malformed" };
  const body = unpackBody(Buffer.from(packed, "base64"));
  if (!body.ok) return { ...found, why: body.error };
  const entry: BusEntry = {
    source: "lanyard",
    detailType,
    detail: body.value,
    timeMillis,
    ...(typeof traceHeader === "string" ? { traceHeader: traceHeader.slice(0, 500) } : {}),
  };
  return entryBytes(entry) > busLimits.bytes
    ? { ...found, why: "too large for the bus" }
    : { ...found, entry, hash, expiresAt: Number(expiresAt) };
}

/**
 * Whether a time is a valid date. An invalid one would throw inside the client and fail its whole call, each time it is
 * repeated.
 */
const isDate = (timeMillis: number): boolean => !Number.isNaN(new Date(timeMillis).getTime());
