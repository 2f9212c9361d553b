import { fc, test } from "@fast-check/vitest";
import { beforeEach, describe, expect, it } from "vitest";
import { awsStsCallerIdentity } from "../../../core/attest/methods/aws-sts-caller-identity/attestor.ts";
import type { Check } from "../../../core/model/check.ts";
import { limits } from "../../../core/model/limits.ts";
import { err, ok } from "../../../core/model/result.ts";
import {
  callerEvidence,
  callerIssuer,
  callerNow,
  expectation,
  type SignedChanges,
  StubSts,
  xmlAnswer,
} from "../../kit/evidence/caller-identity.ts";
import { cpuWatch } from "../../kit/patience.ts";

const type = "aws-sts-caller-identity";
let sts: StubSts;
beforeEach(() => {
  sts = new StubSts();
});

const attest = (evidence: object = callerEvidence(), more = {}) =>
  awsStsCallerIdentity({ relay: sts, partition: "aws" }).attest({ type, ...evidence }, expectation(more));
const refused = async (evidence: object, more = {}) => {
  const result = await attest(evidence, more);
  if (result.ok) throw new Error("expected a refusal");
  return result.error;
};
const changed = (changes: SignedChanges) => refused(callerEvidence(changes));

describe("a signed GetCallerIdentity request", () => {
  it("proves account, role, its unique id and the session's name", async () => {
    expect(await attest()).toMatchObject({
      ok: true,
      value: {
        facts: {
          account: "123456789012",
          roleArn: "arn:aws:iam::123456789012:role/Planner",
          roleId: "AROAIIRR6I5NDJBWMIRQQ",
          sessionName: "planner-session",
          region: "eu-west-1",
        },
        tags: {},
        assurance: "fresh",
        evidenceEntry: { kind: "evidence", expiresAtSeconds: callerNow + 120 },
      },
    });
  });

  it("is rebuilt: line, host and body are ours, and of its headers only those on the list", async () => {
    await attest();
    const { headers } = callerEvidence();
    expect(sts.sent).toEqual([
      {
        host: "sts.eu-west-1.amazonaws.com",
        headers: {
          accept: "application/json",
          "content-type": "application/x-www-form-urlencoded; charset=utf-8",
          ...headers,
        },
        body: "Action=GetCallerIdentity&Version=2011-06-15",
      },
    ]);
  });

  it.each([
    ["dual-stack", "eu-west-1", "sts.eu-west-1.api.aws"],
    ["fips", "us-east-1", "sts-fips.us-east-1.amazonaws.com"],
    ["fips-dual-stack", "us-west-2", "sts-fips.us-west-2.api.aws"],
  ])("goes to the %s endpoint of %s where its signature is for that", async (endpoint, region, host) => {
    expect((await attest(callerEvidence({ region, more: { endpoint } }))).ok).toBe(true);
    expect(sts.sent[0]?.host).toBe(host);
  });

  it("tells every check in order, and no header of it", async () => {
    const checks: Check[] = [];
    await attest(callerEvidence(), { onCheck: (check: Check) => checks.push(check) });
    expect(checks.map(({ name, ok: passed }) => `${name} ${passed}`)).toEqual(
      [
        "shape",
        "host",
        "headers",
        "signed-headers",
        "time",
        "issuer",
        "challenge",
        "jkt",
        "caller-identity",
        "workload",
      ].map((name) => `${name} true`),
    );
    const { headers } = callerEvidence();
    for (const secret of [headers.authorization, headers["x-amz-security-token"]])
      expect(JSON.stringify(checks)).not.toContain(secret);
  });

  it("tells the check that fails last, and nothing after it", async () => {
    const checks: Check[] = [];
    const onCheck = (check: Check) => checks.push(check);
    await attest(callerEvidence({ headers: { "lanyard-jkt": "thief" } }), { onCheck });
    expect(checks.at(-1)).toMatchObject({ name: "jkt", ok: false });
  });
});

describe("nothing is asked of STS for evidence", () => {
  const signedBut = (name: string) =>
    "content-type;host;lanyard-challenge;lanyard-issuer;lanyard-jkt;x-amz-date;x-amz-security-token"
      .split(";")
      .filter((each) => each !== name)
      .join(";");

  it.each<[string, string, SignedChanges]>([
    ["that names a URL", "shape", { more: { url: "https://sts.amazonaws.com/" } }],
    ["that names a host", "shape", { more: { host: "sts.eu-west-1.amazonaws.com" } }],
    ["with a body of its own", "shape", { more: { body: "Action=AssumeRole" } }],
    ["with a method of its own", "shape", { more: { method: "GET" } }],
    ["of a Region that does not exist", "host", { region: "eu-west-9" }],
    ["of a Region that is a host", "host", { region: "evil.example/" }],
    ["of a Region that climbs out", "host", { region: "eu-west-1.amazonaws.com.evil.example#" }],
    ["of no Region", "host", { more: { region: undefined } }],
    ["of a Region as a list", "host", { more: { region: ["eu-west-1"] } }],
    ["of another partition", "host", { region: "cn-north-1" }],
    ["of the prototype's Region", "host", { region: "constructor" }],
    ["of an endpoint of no kind", "host", { more: { endpoint: "evil" } }],
    ["of a FIPS endpoint where there is none", "host", { more: { endpoint: "fips" } }],
    ["without headers", "headers", { more: { headers: undefined } }],
    ["with headers as a list", "headers", { more: { headers: [] } }],
    ["with a header outside the list (CVE-2020-16250)", "headers", { headers: { "x-amz-mallory": "<?xml?>" } }],
    ["with an Accept of its own", "headers", { headers: { accept: "application/json" } }],
    ["with a Host header", "headers", { headers: { host: "evil.example" } }],
    ["with a content type", "headers", { headers: { "content-type": "text/xml" } }],
    ["with a header in capitals", "headers", { headers: { "X-Amz-Date": "20260801T000000Z" } }],
    ["with a header twice", "headers", { headers: { "x-amz-date": ["20260801T000000Z", "20260801T000000Z"] } }],
    ["with a line break in a header", "headers", { headers: { "lanyard-jkt": "k-1\r\nhost: evil" } }],
    ["with a line break in the authorization", "headers", { headers: { authorization: "AWS4\nHost: x" } }],
    ["with no session token", "headers", { headers: { "x-amz-security-token": "" } }],
    ["with a session token beyond all bounds", "headers", { headers: { "x-amz-security-token": "a".repeat(8_193) } }],
    ["with another algorithm", "authorization", { headers: { authorization: "AWS4-ECDSA-P256-SHA256 Credential=x" } }],
    ["signed for another service", "scope", { scope: "20260801/eu-west-1/iam/aws4_request" }],
    ["signed for another Region", "scope", { scope: "20260801/us-east-1/sts/aws4_request" }],
    ["signed for every Region", "authorization", { scope: "20260801/*/sts/aws4_request" }],
    ["signed on another day", "scope", { scope: "20260731/eu-west-1/sts/aws4_request" }],
    ["whose host is not signed", "signed-headers", { signedHeaders: signedBut("host") }],
    ["whose date is not signed", "signed-headers", { signedHeaders: signedBut("x-amz-date") }],
    ["whose session token is not signed", "signed-headers", { signedHeaders: signedBut("x-amz-security-token") }],
    ["threat 16: whose challenge is not signed", "signed-headers", { signedHeaders: signedBut("lanyard-challenge") }],
    ["threat 16: whose key is not signed", "signed-headers", { signedHeaders: signedBut("lanyard-jkt") }],
    ["threat 16: whose issuer is not signed", "signed-headers", { signedHeaders: signedBut("lanyard-issuer") }],
    ["with another header signed", "signed-headers", { signedHeaders: `${signedBut("")};x-amz-target` }],
    [
      "with a header signed twice",
      "signed-headers",
      { signedHeaders: `content-type;host;${signedBut("content-type")}` },
    ],
    ["with an empty signed header", "signed-headers", { signedHeaders: `${signedBut("")};` }],
    ["of two minutes ago", "time", { date: "20260731T235759Z" }],
    ["of the future", "time", { date: "20260801T000101Z" }],
    ["of a moment that does not exist", "time", { date: "20260832T000000Z" }],
  ])("%s", async (_name, check, changes) => {
    expect(await changed(changes)).toMatchObject({ code: "evidence_invalid", type, check });
    expect(sts.sent).toEqual([]);
  });

  it.each<[string, string, Record<string, string>]>([
    ["another challenge", "challenge", { "lanyard-challenge": "c-2" }],
    ["another key", "jkt", { "lanyard-jkt": "k-2" }],
    ["another Lanyard", "issuer", { "lanyard-issuer": "https://other.lambda-url.eu-west-1.on.aws" }],
    ["another case of ours", "issuer", { "lanyard-issuer": callerIssuer.toUpperCase() }],
    ["our issuer with a slash", "issuer", { "lanyard-issuer": `${callerIssuer}/` }],
  ])("threat 16: signed for %s", async (_name, field, headers) => {
    expect(await changed({ headers })).toEqual({ code: "evidence_unbound", type, field });
    expect(sts.sent).toEqual([]);
  });

  it("is signed exactly a minute away at most", async () => {
    expect((await attest(callerEvidence({ date: "20260731T235900Z" }))).ok).toBe(true);
    expect((await attest(callerEvidence({ date: "20260801T000100Z" }))).ok).toBe(true);
    expect(await changed({ date: "20260731T235859Z" })).toMatchObject({ check: "time" });
  });

  const near = fc.constantFrom<unknown>("eu-west-1", "aws", "", "__proto__", null, 1, [], {}, "a".repeat(70_000));
  const headerValue = fc.oneof(near, fc.string({ unit: "binary", maxLength: 300 }), fc.constant("20260801T000000Z"));
  test.prop([
    fc.record({
      region: near,
      endpoint: fc.option(near),
      headers: fc.oneof(near, fc.dictionary(fc.string(), headerValue)),
    }),
    fc.record(Object.fromEntries(Object.keys(callerEvidence().headers).map((name) => [name, headerValue])), {
      requiredKeys: [],
    }),
  ])("whatever is in it, and never throws or takes long", async (odd, headers) => {
    const cpuMillis = cpuWatch();
    for (const evidence of [odd, { ...callerEvidence(), headers }]) {
      expect((await attest(evidence)).ok).toBe(false);
      expect(sts.sent).toEqual([]);
    }
    expect(cpuMillis()).toBeLessThan(200);
  });
});

describe("the caller STS names", () => {
  const named = (...parts: Parameters<typeof xmlAnswer>) => {
    sts.answer = ok(xmlAnswer(...parts));
    return refused(callerEvidence());
  };
  it.each<[string, string, Parameters<typeof xmlAnswer>]>([
    ["is an IAM user", "subject", ["arn:aws:iam::123456789012:user/alice", "AIDAIYCCCMMMMMMMMGGDA"]],
    ["is the root user", "subject", ["arn:aws:iam::123456789012:root", "123456789012"]],
    [
      "is a person of Identity Center",
      "subject",
      ["arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_c957/al@x.io", "AROAIIRR6I5NDJBWMIRQQ:al@x.io"],
    ],
    ["is of another partition", "account", ["arn:aws-cn:sts::123456789012:assumed-role/Planner/planner-session"]],
    ["is of another account than told", "answer", [undefined, undefined, "999999999999"]],
    ["has a user's unique id", "unique-id", [undefined, "AIDAIYCCCMMMMMMMMGGDA:planner-session"]],
    ["has another session's unique id", "unique-id", [undefined, "AROAIIRR6I5NDJBWMIRQQ:other-session"]],
    ["has a unique id without session", "unique-id", [undefined, "AROAIIRR6I5NDJBWMIRQQ"]],
  ])("is refused when it %s", async (_name, check, parts) => {
    expect(await named(...parts)).toMatchObject({ code: "evidence_invalid", check });
  });

  it.each(["unreachable", "timeout", "too_large", "redirect"] as const)(
    "is to be asked for again when STS is %s",
    async (why) => {
      sts.answer = err({ why, detail: "x" });
      expect(await refused(callerEvidence())).toMatchObject({ code: "attestation_unavailable" });
    },
  );

  it.each([429, 500, 503])("is to be asked for again when STS answers %s", async (status) => {
    sts.answer = ok({ ...xmlAnswer(), status });
    expect(await refused(callerEvidence())).toMatchObject({ code: "attestation_unavailable" });
  });

  it("is read again only up to the bound, whatever the relay let through", async () => {
    const { body, ...answer } = xmlAnswer();
    sts.answer = ok({ ...answer, body: Buffer.concat([body, Buffer.alloc(limits.stsAnswerBytes, " ")]) });
    expect(await refused(callerEvidence())).toMatchObject({ check: "answer" });
  });
});
