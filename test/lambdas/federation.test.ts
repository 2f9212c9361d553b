import { describe, expect, test } from "vitest";
import { enableFederation } from "../../core/endpoints/federation.ts";
import { iamCalls } from "../../lambdas/federation/iam-calls.ts";

const credentials = { accessKeyId: "ASIAEXAMPLE", secretAccessKey: "secret", sessionToken: "session" };
const issuer = "https://0123.tokens.sts.global.api.aws";
const told = `<Result><IssuerIdentifier>${issuer}</IssuerIdentifier></Result>`;
const error = (code: string) => `<ErrorResponse><Error><Code>${code}</Code></Error></ErrorResponse>`;

/** IAM that gives these answers in turn, and what it was asked. */
function iam(...answers: [number, string][]): {
  send: typeof fetch;
  asked: string[];
  authorizations: (string | null)[];
} {
  const asked: string[] = [];
  const authorizations: (string | null)[] = [];
  const send = async (_: unknown, init?: RequestInit) => {
    asked.push(new URLSearchParams(String(init?.body)).get("Action") ?? "");
    authorizations.push(new Headers(init?.headers).get("authorization"));
    const [status, body] = answers.shift() ?? [500, ""];
    return new Response(body, { status });
  };
  return { send: send as typeof fetch, asked, authorizations };
}

describe("the federation switch", () => {
  test("switches on and tells the account's issuer, in a signed call", async () => {
    const { send, asked, authorizations } = iam([200, told]);
    expect(await enableFederation(iamCalls(credentials, send))).toBe(issuer);
    expect(asked).toEqual(["EnableOutboundWebIdentityFederation"]);
    expect(authorizations[0]).toMatch(/^AWS4-HMAC-SHA256 Credential=ASIAEXAMPLE\/\d{8}\/us-east-1\/iam\/aws4_request/);
  });

  test("takes one that is on already as success", async () => {
    const { send, asked } = iam([409, error("FeatureEnabled")], [200, told]);
    expect(await enableFederation(iamCalls(credentials, send))).toBe(issuer);
    expect(asked[1]).toBe("GetOutboundWebIdentityFederationInfo");
  });

  test.each<[string, [number, string][], RegExp]>([
    ["a refusal", [[403, error("AccessDenied")]], /refused with 403 AccessDenied/],
    ["another conflict", [[409, error("ConcurrentModification")]], /refused with 409 ConcurrentModification/],
    ["an answer without an issuer", [[200, "<Result/>"]], /without an issuer/],
    [
      "a refused second call",
      [
        [409, error("FeatureEnabled")],
        [403, error("AccessDenied")],
      ],
      /refused with 403/,
    ],
  ])("fails on %s", async (_, answers, message) => {
    await expect(enableFederation(iamCalls(credentials, iam(...answers).send))).rejects.toThrow(message);
  });
});
