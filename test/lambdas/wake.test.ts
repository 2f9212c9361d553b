import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createWake } from "../../lambdas/aws/lambda/wake.ts";
import { serveAll } from "../kit/serve.ts";
import type { Answered } from "../kit/wire/server.ts";

let next: Answered;
const cloud = serveAll(async () => next);

beforeEach(() => {
  vi.stubEnv("AWS_ENDPOINT_URL_LAMBDA", cloud.origin);
  vi.stubEnv("AWS_REGION", "eu-west-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "ASIAFUNCTIONFUNCTION");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "function/secret");
});
afterEach(() => void vi.unstubAllEnvs());

test("waking a function is one call of Lambda by its name, which does not wait for the run", async () => {
  next = { status: 202, body: "" };
  const wake = createWake("lanyard-prod-aws-stop");
  await wake();
  await wake();
  expect(cloud.asked.map(({ path }) => path)).toEqual(
    Array.from({ length: 2 }, () => "/2015-03-31/functions/lanyard-prod-aws-stop/invocations"),
  );
  expect(cloud.asked[0]?.headers["x-amz-invocation-type"]).toBe("Event");
});

test("waking a function fails where Lambda refuses, so that its caller can say so", async () => {
  next = { status: 403, headers: { "x-amzn-errortype": "AccessDeniedException" }, body: '{"Message":"no"}' };
  await expect(createWake("lanyard-prod-aws-stop")()).rejects.toThrow("no");
});
