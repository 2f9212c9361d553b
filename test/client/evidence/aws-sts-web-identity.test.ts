import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { awsStsWebIdentity } from "../../../client/evidence/aws-sts-web-identity.ts";

const asked: URLSearchParams[] = [];
let answer: { status: number; body: string };
let endpoint: string;
const http = createServer((req, res) => {
  let body = "";
  req.on("data", (chunk) => {
    body += chunk;
  });
  req.on("end", () => {
    asked.push(new URLSearchParams(body));
    res.writeHead(answer.status, { "content-type": "text/xml" }).end(answer.body);
  });
});

beforeEach(async () => {
  asked.length = 0;
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
});
afterEach(async () => {
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
});

const xmlns = "https://sts.amazonaws.com/doc/2011-06-15/";
const reply = (result: string) =>
  `<GetWebIdentityTokenResponse xmlns="${xmlns}"><GetWebIdentityTokenResult>${result}</GetWebIdentityTokenResult></GetWebIdentityTokenResponse>`;
const source = () =>
  awsStsWebIdentity({
    region: "eu-west-1",
    endpoint,
    credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "example" },
  });
const request = {
  issuer: "https://id.example",
  challenge: "challenge-1",
  jkt: "thumbprint-1",
  publicKey: new Uint8Array(91),
};

test("asks STS for a short ES384 token for our issuer alone, tagged with challenge and key", async () => {
  answer = { status: 200, body: reply("<WebIdentityToken>a.b.c</WebIdentityToken>") };
  expect(await source().collect(request)).toEqual({ type: "aws-sts-web-identity", token: "a.b.c" });
  expect(Object.fromEntries(asked[0] ?? [])).toEqual({
    Action: "GetWebIdentityToken",
    Version: "2011-06-15",
    "Audience.member.1": "https://id.example",
    SigningAlgorithm: "ES384",
    DurationSeconds: "60",
    "Tags.member.1.Key": "lanyard-challenge",
    "Tags.member.1.Value": "challenge-1",
    "Tags.member.2.Key": "lanyard-jkt",
    "Tags.member.2.Value": "thumbprint-1",
  });
});

test("fails when STS answers without a token, or refuses", async () => {
  answer = { status: 200, body: reply("") };
  await expect(source().collect(request)).rejects.toThrow("without a token");
  answer = {
    status: 403,
    body: `<ErrorResponse xmlns="${xmlns}"><Error><Code>AccessDenied</Code></Error></ErrorResponse>`,
  };
  await expect(source().collect(request)).rejects.toMatchObject({ name: "AccessDenied" });
});
