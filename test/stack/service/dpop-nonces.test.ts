import { describe, expect, test } from "vitest";
import { env } from "../../../lambdas/env.ts";
import { rightsOf } from "../rights/lines.ts";
import { one, type StackName, synthesized } from "../synthesized.ts";

const every = ["attest", "token", "introspect", "revoke", "approve-token"];
const quiet = synthesized();
const strict = synthesized({ dpopNonces: every, bearerAccessTokens: true });
const some = synthesized({ dpopNonces: ["token"] });

const functions: readonly (readonly [id: string, endpoint: string])[] = [
  ["Attest", "attest"],
  ["AttestIam", "attest"],
  ["Token", "token"],
  ["Introspect", "introspect"],
  ["Revoke", "revoke"],
  ["ApproveToken", "approve-token"],
];
const service: StackName = "Service";
const mac = "kms:GenerateMac on DpopNonce if HS256";
const environment = ({ templates }: typeof quiet, id: string): Record<string, unknown> => {
  const { Environment } = one(templates[service], "AWS::Lambda::Function", `${id}Function`).Properties;
  return (Environment as { Variables: Record<string, unknown> }).Variables;
};

describe("nonces in DPoP proofs", () => {
  test.each(functions)(
    "%s is told the key and may MAC with it where the stage demands them, else neither",
    (id, endpoint) => {
      for (const [made, demanded] of [
        [quiet, false],
        [strict, true],
        [some, endpoint === "token"],
      ] as const) {
        expect(rightsOf(made.templates, service, id).includes(mac)).toBe(demanded);
        expect(env.dpopNonceKey in environment(made, id)).toBe(demanded);
      }
    },
  );

  test("no other function is told the key, and none but those that attest may make challenges", () => {
    const text = JSON.stringify(strict.templates.Service.Resources);
    expect(text.match(new RegExp(env.dpopNonceKey, "g"))).toHaveLength(functions.length);
    for (const [id, endpoint] of functions)
      expect(rightsOf(strict.templates, service, id).includes("kms:GenerateMac on Nonce if HS256")).toBe(
        endpoint === "attest",
      );
  });

  test("their key is its own, and its policy denies it to everybody but the eight", () => {
    const { Properties } = one(some.templates.State, "AWS::KMS::Key", "KeysDpopNonce");
    expect(Properties).toMatchObject({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" });
    const denied = JSON.stringify(
      (Properties.KeyPolicy as { Statement: { Effect: string }[] }).Statement.filter(({ Effect }) => Effect === "Deny"),
    );
    for (const role of [
      "attest",
      "attest-iam",
      "token",
      "introspect",
      "revoke",
      "credentials",
      "decide",
      "approve-token",
    ])
      expect(denied).toContain(`role/lanyard-dev-eu-west-1-${role}"`);
    expect(denied.match(/role\/lanyard-dev-eu-west-1-/g)).toHaveLength(8);
    expect(denied).toContain("HMAC_SHA_256");
  });

  test.each([[["everything"]], [["discovery"]], ["token"]])(
    "are refused for %j: there is no such endpoint",
    (dpopNonces) => {
      expect(() => synthesized({ dpopNonces })).toThrow(/dpopNonces/);
    },
  );
});

test("bearer access tokens are off unless the stage says yes, and only token hears of them", () => {
  expect(environment(quiet, "Token")[env.bearerAccessTokens]).toBe("false");
  expect(environment(strict, "Token")[env.bearerAccessTokens]).toBe("true");
  expect(JSON.stringify(strict.templates.Service).match(new RegExp(env.bearerAccessTokens, "g"))).toHaveLength(1);
});
