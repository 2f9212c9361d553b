import { createHash, createHmac } from "node:crypto";
import type { Expectation } from "../../../core/attest/contract/attestor.ts";
import type { StsAnswer, StsRelay } from "../../../core/attest/contract/aws.ts";
import { ok } from "../../../core/model/result.ts";
import { registry } from "../registry.ts";

export const callerIssuer = "https://abc123.lambda-url.eu-west-1.on.aws";
/** 2026-08-01T00:00:00Z */
export const callerNow = 1_785_542_400;
export const callerArn = "arn:aws:sts::123456789012:assumed-role/Planner/planner-session";
export const callerUserId = "AROAIIRR6I5NDJBWMIRQQ:planner-session";

/** An answer of STS in XML, as it sends it when nobody asks for JSON. */
export const xmlAnswer = (arn = callerArn, userId = callerUserId, account = "123456789012"): StsAnswer => ({
  status: 200,
  contentType: "text/xml",
  body: Buffer.from(
    `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">\n  <GetCallerIdentityResult>\n    <Arn>${arn}</Arn>\n    <UserId>${userId}</UserId>\n    <Account>${account}</Account>\n  </GetCallerIdentityResult>\n  <ResponseMetadata>\n    <RequestId>7f4fc40c-853a-11e6-8848-8d035d01eb87</RequestId>\n  </ResponseMetadata>\n</GetCallerIdentityResponse>`,
  ),
});

type Sent = Parameters<StsRelay["send"]>[0];

/** Answers every request alike and remembers what it was asked. */
export class StubSts implements StsRelay {
  readonly sent: Sent[] = [];
  answer: Awaited<ReturnType<StsRelay["send"]>> = ok(xmlAnswer());
  async send(request: Sent) {
    this.sent.push(request);
    return this.answer;
  }
}

export const expectation = (more: Partial<Expectation> = {}): Expectation => ({
  challenge: "c-1",
  jkt: "k-1",
  issuer: callerIssuer,
  nowSeconds: callerNow,
  registry: registry(),
  ...more,
});

/** What a test may change about the evidence. */
export interface SignedChanges {
  readonly region?: string;
  readonly scope?: string;
  readonly signedHeaders?: string;
  readonly date?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly more?: Readonly<Record<string, unknown>>;
}

const allSigned = "content-type;host;lanyard-challenge;lanyard-issuer;lanyard-jkt;x-amz-date;x-amz-security-token";

/** Evidence that is right in every way but for what a test changes; its signature is one only in form. */
export function callerEvidence(changes: SignedChanges = {}) {
  const { region = "eu-west-1", date = "20260801T000000Z", signedHeaders = allSigned } = changes;
  const scope = changes.scope ?? `${date.slice(0, 8)}/${region}/sts/aws4_request`;
  const signature = createHmac("sha256", "key").update(createHash("sha256").update(scope).digest()).digest("hex");
  return {
    type: "aws-sts-caller-identity",
    region,
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=ASIAIIRR6I5NDJBWMIRQ/${scope}, SignedHeaders=${signedHeaders}, Signature=${signature}`,
      "x-amz-date": date,
      "x-amz-security-token": "IQoJb3JpZ2luX2VjEXAMPLE+/=",
      "lanyard-challenge": "c-1",
      "lanyard-jkt": "k-1",
      "lanyard-issuer": callerIssuer,
      ...changes.headers,
    },
    ...changes.more,
  };
}
