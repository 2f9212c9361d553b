import { createHash, createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { awsStsCallerIdentity } from "../../../client/evidence/aws-sts-caller-identity.ts";
import { partitionOf, stsHost } from "../../../core/text/sts-hosts.ts";

const secretAccessKey = "example";
const credentials = { accessKeyId: "ASIAEXAMPLEEXAMPLE12", secretAccessKey, sessionToken: "token" };
const hex = (text: string) => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string) => createHmac("sha256", key).update(text).digest();

/** The signature that AWS would expect of these headers at this host (SigV4), made without the SDK. */
function expected(headers: Readonly<Record<string, string>>, host: string, region: string): string {
  const date = headers["x-amz-date"] ?? "";
  const all: Record<string, string> = {
    ...headers,
    host,
    "content-type": "application/x-www-form-urlencoded; charset=utf-8",
  };
  const signed = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? "")?.[1] ?? "";
  const lines = signed.split(";").map((name) => `${name}:${all[name]}\n`);
  const body = hex("Action=GetCallerIdentity&Version=2011-06-15");
  const scope = `${date.slice(0, 8)}/${region}/sts/aws4_request`;
  const request = ["POST", "/", "", lines.join(""), signed, body].join("\n");
  const key = [date.slice(0, 8), region, "sts", "aws4_request"].reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
  return hmac(key, ["AWS4-HMAC-SHA256", date, scope, hex(request)].join("\n")).toString("hex");
}

test.each(["eu-west-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1", "us-iso-east-1", "us-isob-east-1"])(
  "a request is signed for the very host of STS that the server sends it to: %s",
  async (region) => {
    const host = stsHost(partitionOf(region) ?? "", region, "regional") ?? "";
    const source = awsStsCallerIdentity({ region, credentials });
    const request = { issuer: "https://i.example", challenge: "c", jkt: "j", publicKey: new Uint8Array() };
    const { headers } = (await source.collect(request)) as unknown as { headers: Record<string, string> };
    expect(/Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? "")?.[1]).toBe(expected(headers, host, region));
  },
);

test("a Region in which no STS is known is refused at once, and not signed for a host that nobody serves", () => {
  expect(() => awsStsCallerIdentity({ region: "eu-nowhere-1", credentials })).toThrow("no STS endpoint is known");
});
