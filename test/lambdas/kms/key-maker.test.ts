import { KMSClient } from "@aws-sdk/client-kms";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Intent } from "../../../core/ring/model.ts";
import { createKeyMaker } from "../../../lambdas/aws/kms/key-maker.ts";
import type { KeyRoles } from "../../../lambdas/aws/kms/key-policy.ts";
import { serve } from "../../kit/serve.ts";

const intent: Intent = { id: "01J", alg: "ES256", sinceSeconds: 0 };
const arn = (n: number) => `arn:aws:kms:eu-west-1:111122223333:key/${n}`;
const keys = 250;
/** Keys that this intent made: on the first page, at the end of one, and on the last. */
const ours = [0, 199, 249];
const mostCalls = 10;

let kms: KMSClient;
let listed: Record<string, unknown>[];

/** KMS's own protocol, as far as a search of the account needs it: a page follows the `Marker` of the one before. */
const answers: Record<string, (input: Record<string, unknown>) => object> = {
  ListKeys(input) {
    listed.push(input);
    if (listed.length > mostCalls) throw new Error("the walk does not end");
    const from = Number(input.Marker ?? 0);
    const next = from + Number(input.Limit);
    const Keys = Array.from({ length: Math.min(next, keys) - from }, (_, n) => ({ KeyArn: arn(from + n) }));
    return next < keys ? { Keys, Truncated: true, NextMarker: String(next) } : { Keys, Truncated: false };
  },
  DescribeKey({ KeyId }) {
    const isOurs = ours.some((n) => arn(n) === KeyId);
    return {
      KeyMetadata: {
        KeyId,
        KeyState: "Enabled",
        Description: `Lanyard x: session ES256 key, ${isOurs ? "intent 01J" : "another"}`,
      },
    };
  },
};

beforeEach(async () => {
  listed = [];
  const { origin } = await serve(({ headers, body }) => {
    const operation = String(headers["x-amz-target"]).split(".")[1] ?? "";
    const as = (status: number, said: unknown) => ({
      status,
      headers: { "content-type": "application/x-amz-json-1.1" },
      body: JSON.stringify(said),
    });
    try {
      return as(200, answers[operation]?.(JSON.parse(body)));
    } catch (failure) {
      return as(400, { __type: "ValidationException", message: String(failure) });
    }
  });
  kms = new KMSClient({
    endpoint: origin,
    region: "eu-west-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    maxAttempts: 1,
  });
});
afterEach(() => kms.destroy());

it("finds what an intent made on every page of an account's keys, each page asked for once", async () => {
  const maker = createKeyMaker(kms, { stage: "x", roles: {} as KeyRoles, stackKeys: [] });
  expect(await maker.findByIntent(intent)).toEqual(ours.map(arn));
  expect(listed).toEqual([{ Limit: 100 }, { Limit: 100, Marker: "100" }, { Limit: 100, Marker: "200" }]);
});
