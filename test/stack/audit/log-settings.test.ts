import { describe, expect, test } from "vitest";
import { one, synthesized } from "../synthesized.ts";

const witness = { key: `witness.example/w1+a1b2c3d4+BA${"x".repeat(42)}`, url: "https://witness.example/log" };
const nextKey = "arn:aws:kms:eu-west-1:111122223333:key/0f0e-next";
const sealerOf = (log: object) => {
  const { Audit } = synthesized({ log }).templates;
  const { Variables } = one(Audit, "AWS::Lambda::Function", "SealerFunction").Properties.Environment as {
    Variables: Record<string, unknown>;
  };
  const policies = JSON.stringify(
    Object.entries(Audit.Resources).filter(([id, { Type }]) => id.startsWith("Sealer") && /IAM/.test(Type)),
  );
  return { Variables, policies };
};

describe("the log's settings", () => {
  test("name witnesses and a next key to the sealer, which may sign by that key and read it, and no more", () => {
    const { Variables, policies } = sealerOf({ witnesses: [witness], nextKey });
    expect(JSON.parse(String(Variables.LANYARD_LOG_WITNESSES))).toEqual([witness]);
    expect(JSON.stringify(Variables.LANYARD_LOG_KEY_ARNS)).toContain(`,${nextKey}`);
    expect(policies.split(nextKey)).toHaveLength(3);
    expect(policies).toContain('"kms:SigningAlgorithm":"ED25519_SHA_512"');
  });

  test("give a stage without them neither", () => {
    const { Variables, policies } = sealerOf({});
    expect(Variables.LANYARD_LOG_WITNESSES).toBeUndefined();
    expect(JSON.stringify(Variables.LANYARD_LOG_KEY_ARNS)).not.toContain(",arn");
    expect(policies).not.toContain("kms:Sign");
  });

  test.each([
    [{ witnesses: [{ ...witness, url: "http://witness.example" }] }],
    [{ witnesses: [{ ...witness, url: "https://169.254.169.254/x" }] }],
    [{ witnesses: [{ ...witness, key: witness.key.replace("+BA", "+AQ") }] }],
    [{ witnesses: Array.from({ length: 9 }, () => witness) }],
    [{ nextKey: "alias/mine" }],
  ])("threat 31: are refused where a witness is at no public name, is of another kind, or too many: %j", (log) => {
    expect(() => synthesized({ log })).toThrow(/log/);
  });
});
