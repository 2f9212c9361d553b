/** Settings of the trail: how records are delivered, logged and asked about. */

/** Firehose's buffer before S3: the bound that is reached first closes an object. */
export interface DeliveryProps {
  /** 0 to 900; at most 300 where alarms are on. @default 15 */
  readonly bufferSeconds?: number;
  /** 1 to 128. @default 5 */
  readonly bufferMegabytes?: number;
}

/** The account's or organization's trail, for `lanyard trace` (docs/trace.md). */
export interface CloudTrailProps {
  /** Bucket that the trail delivers to; it may be another account's, whose policy must then let its readers in. */
  readonly bucket: string;
  /** The trail's prefix, if it has one, without slashes at its ends. */
  readonly prefix?: string;
  /** Id of the organization whose trail it is (`o-…`). */
  readonly organization?: string;
  /** Accounts whose lines are read: those of the roles that sessions get, and the deployment's own. */
  readonly accounts: readonly string[];
  /** Regions whose lines are read. */
  readonly regions: readonly string[];
  /** ARN of the KMS key that the trail's files are encrypted with, if they are. */
  readonly key?: string;
}

/** What security asks: tables over the audit bucket, a workgroup of Athena and saved queries. It costs nothing idle. */
export interface LakeProps {
  /** @default true */
  readonly enabled?: boolean;
  /** Most that one query may scan, in gigabytes; Athena charges about $5 for 1,000. @default 100 */
  readonly scanGigabytes?: number;
}

/** Somebody outside of the account who signs checkpoints of the log that continue those it signed before. */
interface WitnessProps {
  /** Its verifier key in text, `<name>+<key id>+<base64>`, of type cosignature/v1 (C2SP tlog-cosignature). */
  readonly key: string;
  /** Its submission prefix (C2SP tlog-witness), https. */
  readonly url: string;
}

/** The log over the audit records. */
export interface LogProps {
  /** Asked to sign each checkpoint; one that is down holds nothing up. How many must, verifiers say. @default none */
  readonly witnesses?: readonly WitnessProps[];
  /**
   * ARN of a KMS key (Ed25519) that signs beside the log's own, so that verifiers can be told of it before the first is
   * given up; its own policy must let the role of `sealer` sign and read its public half. @default none
   */
  readonly nextKey?: string;
}

/** A second delivery of records, as Parquet, for queries alone. */
export interface ParquetProps {
  /** For how long they are kept, in days; a bucket that is named keeps its own rules. @default 365 */
  readonly days?: number;
  /** How long Firehose collects, in seconds. @default 300 */
  readonly bufferSeconds?: number;
  /** Name of another bucket of the same Region, such as Security Lake's. @default one of its own */
  readonly bucket?: string;
  /** ARN of that bucket's KMS key, if it has one. */
  readonly key?: string;
}
