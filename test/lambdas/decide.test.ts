import { describe, expect, test } from "vitest";
import { decideCallOf } from "../../lambdas/http/decide-call.ts";
import type { UrlEvent } from "../../lambdas/http/url-event.ts";

const event = (headers: Record<string, string>): UrlEvent => ({
  headers,
  requestContext: {
    domainName: "abc.lambda-url.eu-west-1.on.aws",
    requestId: "r",
    http: { method: "POST", path: "/access/v1/evaluation" },
  },
});

describe("what a call of the decision point carries in headers", () => {
  test.each([
    [{}, false],
    [{ "x-envoy-auth-partial-body": "false" }, false],
    [{ "x-envoy-auth-partial-body": "true" }, true],
    [{ "X-Envoy-Auth-Partial-Body": "TRUE" }, true],
    [{ "x-envoy-auth-partial-body": "false,true" }, true],
    [{ "x-envoy-auth-partial-body": "" }, true],
  ])("%j is a part of a body: %s, and what is not plainly whole is a part", (headers, isPartial) => {
    expect(decideCallOf(event(headers as Record<string, string>)).isPartial).toBe(isPartial);
  });

  test("is the caller's own request id, if it can stand in a header as it is", () => {
    expect(decideCallOf(event({ "X-Request-ID": "a-1" })).requestId).toBe("a-1");
    for (const text of ["", "a b", "a\nset-cookie: x", "x".repeat(129), "\u00e9"])
      expect(decideCallOf(event({ "x-request-id": text }))).not.toHaveProperty("requestId");
  });

  test("is the Authorization header, which nothing else reads", () => {
    expect(decideCallOf(event({ Authorization: "DPoP abc" })).authorization).toBe("DPoP abc");
  });
});
