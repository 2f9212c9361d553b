import { vectors } from "../kit/vectors.ts";

export type Sample = { readonly event: Record<string, unknown> & { eventID?: string; requestID?: string } };
/** Records of CloudTrail as others have published them. */
export const samples = vectors<{ records: readonly Sample[] }>("07-cloudtrail/panther-tests.json").records;

/** Shapes that AWS documents and no published sample has. */
export const documented = [
  {
    eventVersion: "1.11",
    eventID: "assume",
    eventTime: "2026-11-30T10:00:00Z",
    eventSource: "sts.amazonaws.com",
    eventName: "AssumeRole",
    requestID: "r-1",
    awsRegion: "eu-west-1",
    recipientAccountId: "111122223333",
    eventCategory: "Management",
    userIdentity: {
      type: "AssumedRole",
      principalId: "AROA1:fn",
      accessKeyId: "ASIA1",
      sessionContext: { sessionIssuer: { arn: "arn:role" } },
    },
    requestParameters: { roleArn: "arn:target", roleSessionName: "s", tags: [{ key: "k", value: "v" }] },
    responseElements: {
      credentials: { accessKeyId: "ASIA2", expiration: "Dec 1, 2026, 4:19:32 PM" },
      sourceIdentity: "lyd.a.b",
    },
    resources: [{ accountId: "111122223333", type: "AWS::IAM::Role", ARN: "arn:target" }],
  },
  {
    eventVersion: "1.11",
    eventID: "document",
    eventTime: "2026-11-30T10:00:01Z",
    eventSource: "sts.amazonaws.com",
    eventName: "GetWebIdentityToken",
    userIdentity: { type: "AssumedRole", sessionContext: { sourceIdentity: "lyd.a.b" } },
    responseElements: { webIdentityTokenId: "jti-1" },
  },
  {
    eventVersion: "1.11",
    eventID: "taken",
    eventTime: "2026-11-30T10:00:01Z",
    eventSource: "sts.amazonaws.com",
    eventName: "AssumeRoleWithWebIdentity",
    userIdentity: {
      type: "WebIdentityUser",
      principalId: "arn:provider:sts.amazonaws.com:spiffe://td/agent/a",
      identityProvider: "arn:provider",
    },
    requestParameters: {
      roleArn: "arn:target",
      roleSessionName: "s",
      sourceIdentity: "lyd.a.b",
      principalTags: { "lanyard-session": "b", "lanyard-token": "t-1" },
      transitiveTagKeys: ["lanyard-session"],
    },
    responseElements: {
      credentials: { accessKeyId: "ASIA3", expiration: "Dec 1, 2026, 4:19:32 PM" },
      provider: "arn:provider",
      subjectFromWebIdentityToken: "spiffe://td/agent/a",
    },
  },
  {
    eventVersion: "1.11",
    eventID: "sign",
    eventTime: "2026-11-30T10:00:01Z",
    eventSource: "kms.amazonaws.com",
    eventName: "Sign",
    userAgent: "aws-sdk-js/3 lanyard/s1",
    userIdentity: { principalId: "AROA1:fn", sessionContext: { sessionIssuer: { arn: "arn:role" } } },
  },
  {
    eventVersion: "1.11",
    eventID: "object",
    eventTime: "2026-11-30T10:00:02Z",
    eventSource: "s3.amazonaws.com",
    eventName: "GetObject",
    userAgent: "[aws-cli]",
    userIdentity: { accessKeyId: "ASIA2", sessionContext: { sourceIdentity: "lyd.a.b", webIdFederationData: {} } },
    responseElements: null,
    resources: [
      { type: "AWS::S3::Object", ARN: "arn:aws:s3:::b/a key" },
      { type: "AWS::S3::Bucket", ARN: "arn:aws:s3:::b" },
    ],
  },
];
