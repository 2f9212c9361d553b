/** List prices of us-east-1 in dollars, without free tiers, each with the page it stands on. */

/** One price. */
interface Price {
  readonly dollars: number;
  /** What so many dollars buy. */
  readonly per: string;
  readonly page: string;
}

/** When the pages were last compared. */
export const pricesAsOf = "2026-11-30";

const kms = "https://aws.amazon.com/kms/pricing/";
const dynamodb = "https://aws.amazon.com/dynamodb/pricing/on-demand/";
const cloudwatch = "https://aws.amazon.com/cloudwatch/pricing/";
const lambda = "https://aws.amazon.com/lambda/pricing/";
const million = "million";

/** Everything a deployment is charged for that is not next to nothing. */
export const prices = {
  signRsa2048: { dollars: 3, per: million, page: kms },
  /** Every other asymmetric key's: ECC of any curve, RSA of 3,072 bits and more. */
  signEcc: { dollars: 15, per: million, page: kms },
  /** DescribeKey, GetKeyPolicy, GetPublicKey of RSA-2048, Decrypt, GenerateMac. */
  otherKeyRequest: { dollars: 3, per: million, page: kms },
  /** A disabled key costs the same; one that waits for its deletion costs nothing. */
  key: { dollars: 1, per: "month", page: kms },
  writeUnit: { dollars: 0.625, per: million, page: dynamodb },
  readUnit: { dollars: 0.125, per: million, page: dynamodb },
  /** PUT, COPY, POST and LIST of the class Standard, by which the thousand is $0.005. */
  objectPut: { dollars: 5, per: million, page: "https://aws.amazon.com/s3/pricing/" },
  objectGet: { dollars: 0.4, per: million, page: "https://aws.amazon.com/s3/pricing/" },
  event: { dollars: 1, per: million, page: "https://aws.amazon.com/eventbridge/pricing/" },
  deliveredGigabyte: { dollars: 0.029, per: "GB", page: "https://aws.amazon.com/firehose/pricing/" },
  invocation: { dollars: 0.2, per: million, page: lambda },
  gigabyteSecondArm: { dollars: 0.0000133334, per: "GB-second", page: lambda },
  loggedGigabyte: { dollars: 0.5, per: "GB", page: cloudwatch },
  alarmMetric: { dollars: 0.1, per: "month", page: cloudwatch },
  metric: { dollars: 0.3, per: "month", page: cloudwatch },
  /** An account's first three, of at most 50 metrics each, are free. */
  dashboard: { dollars: 3, per: "month", page: cloudwatch },
  httpRequest: { dollars: 1, per: million, page: "https://aws.amazon.com/api-gateway/pricing/" },
} as const satisfies Readonly<Record<string, Price>>;
