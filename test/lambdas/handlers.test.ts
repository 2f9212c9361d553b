import type { Context } from "aws-lambda";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { env } from "../../lambdas/env.ts";
import type { UrlResult } from "../../lambdas/http/edge.ts";
import type { UrlEvent } from "../../lambdas/http/url-event.ts";
import { serveAll } from "../kit/serve.ts";

type Handler = (event: UrlEvent, context: Context) => Promise<UrlResult>;
const context = { getRemainingTimeInMillis: () => 9_000 } as Context;
const event = (method: string, path: string, more: Partial<UrlEvent> = {}): UrlEvent => ({
  headers: {},
  body: null,
  ...more,
  requestContext: { domainName: "abc.lambda-url.eu-west-1.on.aws", requestId: "r", http: { method, path } },
});

/** An AWS that refuses everything: what a handler answers must not hang on it. */
const aws = serveAll(() => ({
  status: 400,
  headers: { "content-type": "application/x-amz-json-1.0" },
  body: '{"__type":"AccessDeniedException"}',
}));

beforeAll(() => {
  for (const name of Object.values(env)) vi.stubEnv(name, "value");
  vi.stubEnv(env.issuer, "https://abc.lambda-url.eu-west-1.on.aws");
  // set only behind a domain
  vi.stubEnv(env.publicUrl, undefined);
  // set only where the stage demands nonces
  vi.stubEnv(env.dpopNonceKey, undefined);
  vi.stubEnv(env.keyRoles, JSON.stringify({ signers: {}, rotator: "arn:aws:iam::111122223333:role/rotator" }));
  vi.stubEnv("AWS_ENDPOINT_URL", aws.origin);
  vi.stubEnv("AWS_REGION", "eu-west-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIALOCAL");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
  vi.stubEnv("POWERTOOLS_METRICS_DISABLED", "true");
  vi.stubEnv("POWERTOOLS_LOG_LEVEL", "SILENT");
});
afterAll(() => void vi.unstubAllEnvs());

// token loads Cedar's bytes from beside its bundle: it is tried by the story
const load = {
  attest: () => import("../../lambdas/attest/index.ts"),
  "attest-iam": () => import("../../lambdas/attest-iam/index.ts"),
  introspect: () => import("../../lambdas/introspect/index.ts"),
  revoke: () => import("../../lambdas/revoke/index.ts"),
  "admin-revoke": () => import("../../lambdas/admin-revoke/index.ts"),
  discovery: () => import("../../lambdas/discovery/index.ts"),
};
const handlerOf = async (name: keyof typeof load): Promise<Handler> => (await load[name]()).handler;

describe.each(Object.keys(load) as (keyof typeof load)[])("%s", (name) => {
  test("answers an unknown path with 404, or 403 where nobody is authorized", async () => {
    const result = await (await handlerOf(name))(
      event(name === "discovery" ? "GET" : "POST", "/nothing/here"),
      context,
    );
    expect(result.statusCode).toBe(name === "admin-revoke" ? 403 : 404);
    expect(JSON.parse(result.body)).toHaveProperty("error");
    expect(result.headers).toMatchObject({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
  });

  test("answers a wrong method with 405 and says which one it wants, or 403 where nobody is authorized", async () => {
    const result = await (await handlerOf(name))(event("DELETE", "/"), context);
    expect(result.statusCode).toBe(name === "admin-revoke" ? 403 : 405);
    if (name !== "admin-revoke") expect(result.headers).toHaveProperty("allow");
  });
});

describe("discovery", () => {
  test("fails closed while AWS refuses: 503, not an empty key set", async () => {
    const result = await (await handlerOf("discovery"))(event("GET", "/.well-known/jwks.json"), context);
    expect(result).toMatchObject({ statusCode: 503, headers: { "cache-control": "no-store", "retry-after": "1" } });
    expect(result.body).not.toContain("AccessDenied");
  });
});

test("a function without its environment does not start, and says which variable is missing", async () => {
  vi.stubEnv(env.auditBus, "");
  await expect(import("../../lambdas/relay/index.ts")).rejects.toThrow(env.auditBus);
});
