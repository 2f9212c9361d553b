/** Records as they lie in both buckets: trees of sessions, what STS logged of their credentials, and what they did. */

const role = "arn:aws:iam::444455556666:role/targets/reader";
const account = { recipientAccountId: "444455556666", awsRegion: "eu-west-1" };
const iso = (millis: number): string => `${new Date(millis).toISOString().slice(0, 19)}Z`;

/** A session of a story. */
export interface RawSession {
  readonly sid: string;
  readonly root: string;
  readonly agent: string;
  readonly principal: string;
  readonly parent?: string;
  readonly atMillis: number;
  /** Calls it makes at AWS. */
  readonly calls: number;
}

/** A session's audit records. */
export function rawAudit({ sid, root, agent, principal, parent, atMillis }: RawSession) {
  const tree = { sid, root, agent: `spiffe://td/agent/${agent}`, principal, depth: parent === undefined ? 0 : 1 };
  const of = (operation: string, more: object) => ({
    time: atMillis,
    metadata: { uid: `${operation}-${sid}` },
    unmapped: {
      lanyard: { operation, outcome: "allowed", ...tree, ...(parent === undefined ? {} : { parent }), ...more },
    },
  });
  return [
    of(parent === undefined ? "session.open" : "session.redeem", { grants: [{ resource: "u", scopes: ["a"] }] }),
    of("credentials.vend", {
      aws_role_arn: role,
      aws_access_key_id: keyOf(sid),
      aws_request_ids: [`assume-${sid}`, `scope-${sid}`],
    }),
  ];
}

/** Access key that a session has. */
export const keyOf = (sid: string): string => `ASIA${sid.toUpperCase().replace(/[^A-Z0-9]/g, "0")}`;

/** What CloudTrail has of a session: two calls of STS, and its own. */
export function rawTrail({ sid, root, atMillis, calls }: RawSession): Record<string, unknown>[] {
  const first = `ASIAFIRST${keyOf(sid).slice(4)}`;
  const at = { eventVersion: "1.11", ...account, eventTime: iso(atMillis) };
  const sts = (eventName: string, requestID: string, more: object) => ({
    ...at,
    eventID: `${eventName}-${sid}`,
    eventSource: "sts.amazonaws.com",
    eventName,
    requestID,
    eventCategory: "Management",
    ...more,
  });
  const identity = (accessKeyId: string) => ({
    type: "AssumedRole",
    principalId: `AROAREADER:${sid}`,
    accessKeyId,
    sessionContext: { sessionIssuer: { arn: role }, sourceIdentity: `lyd.${root}.${sid}` },
  });
  return [
    sts("AssumeRole", `assume-${sid}`, {
      userIdentity: { type: "AssumedRole", accessKeyId: "ASIAFUNCTION0000" },
      requestParameters: { roleArn: role, roleSessionName: sid },
      responseElements: { credentials: { accessKeyId: first } },
    }),
    sts("GetScopedCredentials", `scope-${sid}`, {
      userIdentity: identity(first),
      responseElements: { credentials: { accessKeyId: keyOf(sid) } },
    }),
    ...Array.from({ length: calls }, (_, n) => ({
      ...at,
      eventTime: iso(atMillis + (n + 1) * 1_000),
      eventID: `call-${sid}-${n}`,
      eventSource: "s3.amazonaws.com",
      eventName: "GetObject",
      requestID: `R${n}-${sid}`,
      eventCategory: "Data",
      userAgent: "[aws-sdk-js/3]",
      userIdentity: identity(keyOf(sid)),
      requestParameters: { bucketName: "b", key: `a ${n}` },
      responseElements: null,
      resources: [{ type: "AWS::S3::Object", ARN: `arn:aws:s3:::b/a ${n}` }],
    })),
  ];
}

/** A line of somebody else. */
export const rawOther = (n: number, atMillis: number): Record<string, unknown> => ({
  eventVersion: "1.11",
  ...account,
  eventTime: iso(atMillis),
  eventID: `other-${n}`,
  eventSource: "dynamodb.amazonaws.com",
  eventName: "GetItem",
  requestID: `other-request-${n}`,
  eventCategory: "Data",
  userAgent: "aws-sdk-go-v2/1.41 md/GOOS#linux",
  userIdentity: {
    type: "AssumedRole",
    principalId: `AROAOTHER:worker-${n % 97}`,
    arn: `arn:aws:sts::444455556666:assumed-role/worker/worker-${n % 97}`,
    accountId: "444455556666",
    accessKeyId: `ASIAOTHER${String(n % 9_973).padStart(7, "0")}`,
    sessionContext: {
      sessionIssuer: { type: "Role", arn: "arn:aws:iam::444455556666:role/worker", userName: "worker" },
      attributes: { creationDate: iso(atMillis), mfaAuthenticated: "false" },
    },
  },
  requestParameters: { tableName: "orders", key: { id: `order-${n}` } },
  responseElements: null,
  resources: [
    {
      accountId: "444455556666",
      type: "AWS::DynamoDB::Table",
      ARN: "arn:aws:dynamodb:eu-west-1:444455556666:table/orders",
    },
  ],
});
