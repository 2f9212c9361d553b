import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { stageOf } from "../../lib/settings/stage.ts";
import { readStage } from "../../lib/settings/stage-file.ts";
import { synthesized } from "./synthesized.ts";

const stages = fileURLToPath(new URL("../../stages", import.meta.url));

describe("a stage's settings", () => {
  test("need no file for stage dev", () => {
    expect(readStage(stages, "dev")).toMatchObject({
      name: "dev",
      region: "eu-west-1",
      trustDomain: "dev.lanyard.internal",
      reservedConcurrency: {},
      outboundIdentityFederation: false,
      alarms: { enabled: true },
    });
  });

  test("of stage local put it into the account and Region that the embedded cloud plays", () => {
    expect(readStage(stages, "local")).toMatchObject({ account: "111122223333", region: "eu-west-1" });
  });

  test.each([
    ["an unknown setting", { regoin: "eu-west-1" }, /regoin: there is no such setting/],
    ["an unknown setting further in", { alarms: { mail: "a@example.com" } }, /alarms\.mail: there is no such setting/],
    ["a function that cannot be reserved", { reservedConcurrency: { relay: 5 } }, /reservedConcurrency/],
    ["no reservation at all", { reservedConcurrency: { token: 0 } }, /reservedConcurrency\.token/],
    [
      "reservations that a new account cannot give",
      { reservedConcurrency: { token: 1 } },
      /reservedConcurrency: 1 in all; of a quota of 10 \(lambdaConcurrency\) AWS lets 0 be reserved/,
    ],
    [
      "more reservations than AWS lets be made",
      { lambdaConcurrency: 1_000, reservedConcurrency: { token: 800, attest: 101 } },
      /reservedConcurrency: 901 in all/,
    ],
    ["less concurrency than any account has", { lambdaConcurrency: 9 }, /lambdaConcurrency/],
    ["an account as a number", { account: 111122223333 }, /account/],
    ["an account of eleven digits", { account: "11112222333" }, /account: must be the account's twelve digits/],
    [
      "a trust domain with a scheme",
      { trustDomain: "spiffe://example.com" },
      /trustDomain: must be a SPIFFE trust domain/,
    ],
    ["a trust domain in capitals", { trustDomain: "Example.com" }, /trustDomain/],
    ["a retention CloudWatch does not know", { logRetentionDays: 31 }, /logRetentionDays: must be one of 1, 3, 5/],
    ["a buffer beyond Firehose's", { delivery: { bufferSeconds: 901 } }, /delivery\.bufferSeconds/],
    ["an address that is none", { alarms: { email: "nobody" } }, /alarms\.email/],
    [
      "an e-mail for alarms that are off",
      { alarms: { enabled: false, email: "a@example.com" } },
      /alarms\.email: there are no alarms/,
    ],
    [
      "a buffer that keeps the freshness alarm ringing",
      { delivery: { bufferSeconds: 600 } },
      /delivery\.bufferSeconds: over 300/,
    ],
    ["a lookup of every function", { codeLookup: { lambda: { functions: ["*"] } } }, /codeLookup\.lambda\.functions/],
    [
      "a lookup of every cluster",
      { codeLookup: { ecs: { clusters: ["*"], roles: ["R"] } } },
      /codeLookup\.ecs\.clusters/,
    ],
    ["a lookup of every role", { codeLookup: { ecs: { clusters: ["c"], roles: ["*"] } } }, /codeLookup\.ecs\.roles/],
    ["tasks without their roles", { codeLookup: { ecs: { clusters: ["c"] } } }, /codeLookup\.ecs\.roles/],
    ["a word in place of yes", { instanceIdentityAlone: "true" }, /instanceIdentityAlone/],
    [
      "a canary that is to be stopped in AWS by credentials that end sooner",
      {
        ...{ account: "111122223333", canary: { stopWriter: true } },
        awsCredentials: { accounts: ["111122223333"], lifeSeconds: 120 },
      },
      /canary\.stopWriter: nothing would be stopped/,
    ],
    ["no silence at all", { dormantAfterDays: 0 }, /dormantAfterDays/],
    ["a registry without a folder", { registry: {} }, /registry\.folder/],
    ["a variable that is no text", { registry: { folder: "r", variables: { n: 1 } } }, /registry\.variables\.n/],
    ["force as a word", { registry: { folder: "r", force: "true" } }, /registry\.force/],
    ["a list", [], /the settings/],
    ["nothing", null, /the settings/],
  ])("refuse %s", (_, settings, message) => {
    expect(() => stageOf("prod", settings)).toThrow(message);
  });

  test("name every wrong one at once", () => {
    expect(() => stageOf("prod", { account: "1", logRetentionDays: 2 })).toThrow(/account[\s\S]*logRetentionDays/);
  });

  test.each([
    "ap-south-2",
    "ap-southeast-4",
    "ap-southeast-5",
    "ca-west-1",
    "eu-south-2",
    "eu-central-2",
    "il-central-1",
    "me-central-1",
  ])("refuse %s, which has no function URLs", (region) => {
    expect(() => stageOf("prod", { region })).toThrow(/region: .* has no Lambda function URLs/);
  });

  test.each(["cn-north-1", "us-gov-west-1", "us-iso-east-1", "us-isob-east-1", "eusc-de-east-1"])(
    "refuse %s, whose tokens come from another issuer",
    (region) => {
      expect(() => stageOf("prod", { region })).toThrow(/region: .* of a partition/);
    },
  );

  test.each(["", "eu-west", "eu_west_1", "EU-WEST-1", "eu-west-1 "])('refuse "%s", which is no Region', (region) => {
    expect(() => stageOf("prod", { region })).toThrow(/region: .* is no Region's name/);
  });

  test.each(["us-east-1", "eu-central-1", "ap-southeast-2"])("take %s", (region) => {
    expect(stageOf("dev", { region }).region).toBe(region);
  });
});

describe("a stage's name", () => {
  test.each(["../etc", "Prod", "p", "prod_1", "a".repeat(21), "prod-", ""])('is refused as "%s"', (name) => {
    expect(() => readStage(stages, name)).toThrow(/name must be/);
  });

  test("without a file is refused by the file's name", () => {
    expect(() => readStage(stages, "nowhere")).toThrow(/npm run stage -- nowhere makes stages\/nowhere\.json/);
  });

  test("with a file that is no JSON is refused", () => {
    const folder = mkdtempSync(join(tmpdir(), "lanyard-stages-"));
    writeFileSync(join(folder, "prod.json"), "{");
    expect(() => readStage(folder, "prod")).toThrow(/stages\/prod\.json is no JSON/);
  });
});

test("an e-mail address gets the alarms, and with alarms off there are none", () => {
  const loud = synthesized({ alarms: { email: "ops@example.com" } }).templates.Audit.Resources;
  expect(Object.values(loud).find(({ Type }) => Type === "AWS::SNS::Subscription")?.Properties).toMatchObject({
    Protocol: "email",
    Endpoint: "ops@example.com",
  });
  const quiet = JSON.stringify(synthesized({ alarms: { enabled: false } }).templates);
  expect(quiet).not.toContain("AWS::CloudWatch::Alarm");
});
