import { ParameterNotFound, type SSMClient } from "@aws-sdk/client-ssm";
import { describe, expect, test } from "vitest";
import { limits } from "../../../core/model/limits.ts";
import { createEventSecrets } from "../../../lambdas/aws/ssm/event-secrets.ts";

const prefix = "/lanyard/dev/receivers/";
function world(parameters: Record<string, string>) {
  const asked: { Name?: string; WithDecryption?: boolean }[] = [];
  const time = { millis: 0 };
  const ssm = {
    send: async ({ input }: { input: { Name: string } }) => {
      asked.push(input);
      const Value = parameters[input.Name];
      if (Value === undefined) throw new ParameterNotFound({ message: "", $metadata: {} });
      return { Parameter: { Value } };
    },
  } as unknown as SSMClient;
  return { asked, time, parameters, secret: createEventSecrets(ssm, prefix, { nowMillis: () => time.millis }) };
}

describe("a receiver's secret", () => {
  test("is read decrypted from its place, and believed for a minute", async () => {
    const { secret, asked, time, parameters } = world({ [`${prefix}crm`]: "https://crm.example Bearer one" });
    expect(await secret("crm")).toEqual({ origin: "https://crm.example", authorization: "Bearer one" });
    parameters[`${prefix}crm`] = "https://crm.example Bearer two";
    time.millis = limits.eventSecretAgeSeconds * 1_000 - 1;
    expect(await secret("crm")).toEqual({ origin: "https://crm.example", authorization: "Bearer one" });
    time.millis += 1;
    expect(await secret("crm")).toMatchObject({ authorization: "Bearer two" });
    expect(asked).toEqual(Array(2).fill({ Name: `${prefix}crm`, WithDecryption: true }));
  });

  test("that is not there is nothing", async () => {
    expect(await world({}).secret("crm")).toBeUndefined();
  });

  test.each(["../urls", "a/b", "", "A", "a\n", "-a", "a".repeat(65)])(
    "of the name %j is never asked for: a registration must not reach other parameters",
    async (name) => {
      const { secret, asked } = world({});
      expect(await secret(name)).toBeUndefined();
      expect(asked).toEqual([]);
    },
  );

  test.each(["Bearer x\r\nHost: evil", "Bearer x\n", " Bearer x", "Bearer x ", "Bearer ü", "", "x".repeat(5_000)])(
    "that is no header's value, %j, is nothing",
    async (value) => {
      const crm = `https://crm.example ${value}`;
      expect(await world({ [`${prefix}crm`]: crm }).secret("crm")).toBeUndefined();
    },
  );

  test.each(["Bearer abc", "crm.example Bearer abc", "https://crm.example/path Bearer abc", "https://a@b Bearer abc"])(
    "threat 46: that does not say which origin it is for, %j, is nothing",
    async (value) => {
      expect(await world({ [`${prefix}crm`]: value }).secret("crm")).toBeUndefined();
    },
  );

  test("that cannot be read now is a failure, not nothing: the message must come again", async () => {
    const ssm = { send: () => Promise.reject(new Error("throttled")) } as unknown as SSMClient;
    await expect(createEventSecrets(ssm, prefix, { nowMillis: () => 0 })("crm")).rejects.toThrow("throttled");
  });
});
