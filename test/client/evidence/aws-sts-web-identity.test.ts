import { expect, test } from "vitest";
import { awsStsWebIdentity } from "../../../client/evidence/aws-sts-web-identity.ts";
import { serveAll } from "../../kit/serve.ts";

let answer: { status: number; body: string };
const sts = serveAll(() => ({ ...answer, headers: { "content-type": "text/xml" } }));

const xmlns = "https://sts.amazonaws.com/doc/2011-06-15/";
const reply = (result: string) =>
  `<GetWebIdentityTokenResponse xmlns="${xmlns}"><GetWebIdentityTokenResult>${result}</GetWebIdentityTokenResult></GetWebIdentityTokenResponse>`;
const source = () =>
  awsStsWebIdentity({
    region: "eu-west-1",
    endpoint: sts.origin,
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
  expect(Object.fromEntries(new URLSearchParams(sts.asked[0]?.body))).toEqual({
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
