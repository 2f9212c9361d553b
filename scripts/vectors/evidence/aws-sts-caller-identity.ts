import { z } from "zod";
import type { StsAnswer } from "../../../core/attest/contract/aws.ts";
import { parseAssumedRole } from "../../../core/attest/formats/assumed-role.ts";
import { readCallerIdentity } from "../../../core/attest/formats/caller-identity/answer.ts";
import { awsStsCallerIdentity } from "../../../core/attest/methods/aws-sts-caller-identity/attestor.ts";
import { callerEvidence, expectation, StubSts } from "../../../test/kit/evidence/caller-identity.ts";
import { accepts, denialText, type Evaluated, eachCase, type Outcome, topic } from "../document.ts";

/** The same request in our form, which has no room for line, host and body: what is odd there becomes a member. */
function inOurForm(request: string): Record<string, unknown> {
  const [head = "", body = ""] = request.split("\n\n");
  const [line = "", ...lines] = head.split("\n");
  const header = (name: string) => lines.find((l) => l.startsWith(`${name}: `))?.slice(name.length + 2) ?? "";
  const host = header("Host");
  const region = host === "sts.amazonaws.com" ? "us-east-1" : (host.split(".")[1] ?? "");
  const said = header("Authorization");
  const signed = /SignedHeaders=([^,]*),/.exec(said)?.[1] ?? "";
  const bound = signed.includes("x-teleport-challenge");
  const scope = /Credential=[A-Z]+\/([^,]*),/.exec(said)?.[1] ?? "";
  const evidence = callerEvidence({
    region,
    scope,
    date: header("X-Amz-Date"),
    signedHeaders: `content-type;host;${bound ? "lanyard-challenge;" : ""}lanyard-issuer;lanyard-jkt;x-amz-date;x-amz-security-token`,
    headers: { "lanyard-challenge": header("X-Teleport-Challenge") },
  });
  return {
    ...evidence,
    ...(line === "POST / HTTP/1.1" ? {} : { line }),
    ...(body === "Action=GetCallerIdentity&Version=2011-06-15" ? {} : { body }),
  };
}

/** A credential's scope of another Region than the host's is refused: the stricter reading. */
const decidedRequest = (said: string): Outcome | undefined =>
  said.includes("strict verifier refuses") ? "invalid" : undefined;

/** Evaluates one signed request against an STS that answers for anybody: what is refused is refused before it is asked. */
export async function evaluateRequest(request: string): Promise<Evaluated & { readonly sent: number }> {
  const sts = new StubSts();
  const at = { challenge: "CHALLENGE", nowSeconds: Date.parse("2021-11-02T20:43:00Z") / 1000 };
  const attestor = awsStsCallerIdentity({ relay: sts, partition: "aws" });
  const result = await attestor.attest({ type: "aws-sts-caller-identity", ...inOurForm(request) }, expectation(at));
  const sent = sts.sent.length;
  if (result.ok) return { outcome: "valid", reason: "rebuilt and sent; STS decides", sent };
  return { outcome: "invalid", reason: denialText(result.error), sent };
}

const requests = z.looseObject({ cases: z.array(z.unknown()) });
const request = z.looseObject({ name: z.string(), request: z.string(), expect: z.string() });

/** Signed GetCallerIdentity requests. */
export const callerRequests = topic(/^raw-requests\.json$/, requests, ({ cases }, folder, file) =>
  eachCase(cases, { folder, file, shape: request }, ({ name, request: text, expect }) => ({
    file: folder.label(file, name),
    said: expect,
    expected: accepts(expect.startsWith("accept") ? "accept" : "reject", decidedRequest(expect)),
    evaluate: () => evaluateRequest(text),
  })),
);

const answers = z.looseObject({ valid: z.array(z.unknown()), invalid: z.array(z.unknown()) });
const goodAnswer = z.looseObject({
  name: z.string(),
  xml: z.string().optional(),
  json: z.string().optional(),
  arn: z.string(),
});
const badAnswer = z.looseObject({ name: z.string(), http: z.number(), content_type: z.string(), body: z.string() });

/** Answers of STS, read as they come off the wire; that nothing is followed or read beyond its bound is the relay's. */
export const callerAnswers = topic(/^responses\.json$/, answers, ({ valid, invalid }, folder, file) => {
  const read = (said: Omit<StsAnswer, "body">, body: string, arn?: string): Evaluated => {
    const answer = readCallerIdentity({ ...said, body: Buffer.from(body) });
    if (!answer.ok) return { outcome: "invalid", reason: answer.error.why };
    if (arn !== undefined && answer.value.arn !== arn)
      return { outcome: "invalid", reason: `read as ${answer.value.arn}` };
    return { outcome: "valid", reason: answer.value.arn };
  };
  return [
    ...eachCase(valid, { folder, file, shape: goodAnswer }, ({ name, xml, json, arn }) => ({
      file: folder.label(file, name),
      said: "valid",
      expected: ["valid" as const],
      evaluate: () =>
        read({ status: 200, contentType: xml === undefined ? "application/json" : "text/xml" }, xml ?? json ?? "", arn),
    })),
    ...eachCase(invalid, { folder, file, shape: badAnswer }, ({ name, http, content_type, body }) => ({
      file: folder.label(file, name),
      said: "invalid",
      expected: ["invalid" as const],
      evaluate: () => read({ status: http, contentType: content_type }, body),
    })),
  ];
});

const arns = z.looseObject({ canonical: z.array(z.unknown()), reject: z.array(z.unknown()) });
const pair = z.tuple([z.string(), z.string()]);

/** ARNs of callers: sessions of roles and nobody else, though the notes know a canonical form for users too. */
export const callerArns = topic(/^arn-cases\.json$/, arns, ({ canonical, reject }, folder, file) => {
  const evaluate = (arn: string, roleArn?: string) => (): Evaluated => {
    const role = parseAssumedRole(arn);
    if (!role) return { outcome: "invalid", reason: "no session of a role" };
    const other = roleArn !== undefined && role.roleArn !== roleArn;
    return { outcome: other ? "invalid" : "valid", reason: `a session of ${role.roleArn}` };
  };
  return [
    ...eachCase(canonical, { folder, file, shape: pair }, ([arn, role]) => ({
      file: folder.label(file, arn),
      said: "valid",
      expected: [arn.includes(":assumed-role/") ? ("valid" as const) : ("invalid" as const)],
      evaluate: evaluate(arn, role),
    })),
    ...eachCase(reject, { folder, file, shape: z.string() }, (arn) => ({
      file: folder.label(file, JSON.stringify(arn)),
      said: "reject",
      expected: ["invalid" as const],
      evaluate: evaluate(arn),
    })),
  ];
});
