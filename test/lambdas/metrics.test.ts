import type { Context } from "aws-lambda";
import { afterEach, describe, expect, test, vi } from "vitest";
import { denialReply } from "../../core/denial/wire.ts";
import type { Reply } from "../../core/model/wire.ts";
import { env } from "../../lambdas/env.ts";
import { httpHandler } from "../../lambdas/http/edge.ts";
import type { UrlEvent } from "../../lambdas/http/url-event.ts";

const event: UrlEvent = {
  headers: {},
  body: "",
  isBase64Encoded: false,
  requestContext: {
    domainName: "abc.lambda-url.eu-west-1.on.aws",
    requestId: "req-1",
    http: { method: "GET", path: "/", sourceIp: "192.0.2.1", userAgent: "x" },
  },
};
interface Printed {
  readonly _aws: {
    readonly CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string }[] }[];
  };
  readonly [name: string]: unknown;
}

/** What the function prints for CloudWatch (embedded metric format) when it answers so. */
async function printed(stage: string, ...replies: readonly Reply[]): Promise<Printed[]> {
  vi.stubEnv(env.stage, stage);
  vi.stubEnv("POWERTOOLS_SERVICE_NAME", "token");
  vi.stubEnv("POWERTOOLS_METRICS_NAMESPACE", "Lanyard");
  // prints by the console that a test can listen to, which alone would also switch metrics off
  vi.stubEnv("POWERTOOLS_DEV", "true");
  vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "false");
  const lines: string[] = [];
  const log = vi.spyOn(console, "log").mockImplementation((line: string) => void lines.push(line));
  const left = [...replies];
  const handler = httpHandler(async () => left.shift() ?? (replies[0] as Reply));
  for (const _ of replies) await handler(event, { getRemainingTimeInMillis: () => 10_000 } as Context);
  log.mockRestore();
  return lines.map((line) => JSON.parse(line) as Printed);
}
afterEach(() => vi.unstubAllEnvs());

const fine: Reply = { status: 200, contentType: "application/json", body: "{}" };

describe("the metrics of a function with a URL", () => {
  test("carry stage, function and class of each answer, and nothing that costs more", async () => {
    const lines = await printed("prod", fine, denialReply({ code: "dpop_missing" }), fine);
    expect(lines.map((line) => [line.stage, line.service, line.class])).toEqual([
      ["prod", "token", "ok"],
      ["prod", "token", "invalid_dpop_proof"],
      ["prod", "token", "ok"],
    ]);
    for (const { _aws } of lines) {
      const sets = _aws.CloudWatchMetrics.flatMap(({ Dimensions }) => Dimensions.map((names) => [...names].sort()));
      expect(new Set(sets.map(String))).toEqual(new Set(["class,service,stage"]));
      expect(_aws.CloudWatchMetrics.flatMap(({ Metrics }) => Metrics.map(({ Name }) => Name)).sort()).toEqual([
        "Answers",
        "LatencyMillis",
      ]);
    }
  });

  test("of two stages in one account are two", async () => {
    const [one] = await printed("one", fine);
    const [two] = await printed("two", fine);
    expect([one?.stage, two?.stage]).toEqual(["one", "two"]);
  });
});
