import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type NarrowedInput, narrowed } from "../../client/narrowed.ts";
import { serveAll } from "../kit/serve.ts";

const time = { millis: 1_796_040_000_000 };
let made = 0;
let fails: { status: number; code: string } | undefined;
const xmlns = "https://sts.amazonaws.com/doc/2011-06-15/";

/** Answers as STS does (its documented XML): credentials that live as long as was asked. */
const sts = serveAll(({ body }) => {
  const headers = { "content-type": "text/xml" };
  if (fails) {
    const error = `<Error><Type>Sender</Type><Code>${fails.code}</Code><Message>arn:aws:iam::1:role/secret</Message></Error>`;
    return { status: fails.status, headers, body: `<ErrorResponse xmlns="${xmlns}">${error}</ErrorResponse>` };
  }
  const seconds = Number(new URLSearchParams(body).get("DurationSeconds"));
  const expiration = new Date(time.millis + seconds * 1000).toISOString();
  const credentials =
    `<AccessKeyId>ASIAMADE${++made}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>` +
    `<SessionToken>token</SessionToken><Expiration>${expiration}</Expiration>`;
  const result = `<GetScopedCredentialsResult><Credentials>${credentials}</Credentials></GetScopedCredentialsResult>`;
  const answer = `<GetScopedCredentialsResponse xmlns="${xmlns}">${result}</GetScopedCredentialsResponse>`;
  return { status: 200, headers, body: answer };
});

beforeEach(() => {
  [made, fails] = [0, undefined];
});
afterEach(() => {
  time.millis = 1_796_040_000_000;
});

const policy = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: "*" }] };
const own = { accessKeyId: "ASIAOWN", secretAccessKey: "example", sessionToken: "own" };
const provider = (more: Partial<NarrowedInput> = {}) =>
  narrowed({
    region: "eu-west-1",
    endpoint: sts.origin,
    credentials: own,
    policy,
    clock: { nowMillis: () => time.millis },
    ...more,
  });
const asked = () => sts.asked.slice(-1).map(({ body }) => Object.fromEntries(new URLSearchParams(body)))[0];

describe("narrowed credentials", () => {
  test("are asked of STS with the policy, a life and what CloudTrail shall say, and of nobody else", async () => {
    const credentials = await provider({ description: "session-1" })();
    expect(asked()).toEqual({
      Action: "GetScopedCredentials",
      Version: "2011-06-15",
      Policy: JSON.stringify(policy),
      DurationSeconds: "300",
      ScopedSessionDescription: "session-1",
    });
    expect(credentials).toMatchObject({ accessKeyId: "ASIAMADE1", secretAccessKey: "secret", sessionToken: "token" });
    expect(credentials.expiration.getTime()).toBeLessThanOrEqual(time.millis + 300_000);
  });

  test("never outlive what they are narrowed from", async () => {
    const expiration = new Date(time.millis + 90_000);
    const ending = async () => ({ ...own, expiration });
    await provider({ credentials: ending })();
    expect(asked()?.DurationSeconds).toBe("89");
  });

  test("are kept until half their life, and renewed once however many ask", async () => {
    const credentials = provider();
    await Promise.all(Array.from({ length: 50 }, () => credentials()));
    time.millis += 149_000;
    await credentials();
    expect(made).toBe(1);
    time.millis += 2_000;
    expect((await credentials()).accessKeyId).toBe("ASIAMADE1");
    await expect.poll(() => made).toBe(2);
    await expect.poll(async () => (await credentials()).accessKeyId).toBe("ASIAMADE2");
  });

  test("that AWS refuses are an error that names AWS's error, and quotes nothing of it", async () => {
    fails = { status: 403, code: "AccessDenied" };
    const failure = await provider()().catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({ code: "narrowing_failed", description: "AccessDenied", retryable: false });
    expect(String(failure)).not.toContain("secret");
  });
});

test.each<[string, Partial<NarrowedInput>]>([
  ["a policy longer than STS takes", { policy: "x".repeat(2_049) }],
  ["no policy", { policy: "" }],
  ["a life below a minute", { lifetimeSeconds: 59 }],
  ["a life above an hour", { lifetimeSeconds: 3_601 }],
  ["half a second", { lifetimeSeconds: 60.5 }],
  ["a long description", { description: "x".repeat(257) }],
])("%s is refused at once", (_, more) => {
  expect(() => provider(more)).toThrow(RangeError);
});
