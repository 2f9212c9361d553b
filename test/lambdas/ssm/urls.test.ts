import type { SSMClient } from "@aws-sdk/client-ssm";
import { ParameterNotFound } from "@aws-sdk/client-ssm";
import { describe, expect, test } from "vitest";
import { createUrls, parseUrls } from "../../../lambdas/aws/ssm/urls.ts";

const issuer = "https://abc.lambda-url.eu-west-1.on.aws";
const good = (name: string) => `https://${name}1.lambda-url.eu-west-1.on.aws/`;
const urls = { attest: good("a"), token: good("t"), introspect: good("i"), revoke: good("r") };

/** An SSM client that answers by turns. */
function ssm(...answers: (string | Error)[]) {
  let calls = 0;
  const client = {
    send: async () => {
      const answer = answers[Math.min(calls, answers.length - 1)];
      calls += 1;
      if (answer instanceof Error) throw answer;
      return { Parameter: { Value: answer } };
    },
  };
  return { client: client as unknown as SSMClient, calls: () => calls };
}
const missing = new ParameterNotFound({ message: "no", $metadata: {} });

describe("the URLs' parameter", () => {
  test("is read once and kept; other members are left out", async () => {
    const { client, calls } = ssm(JSON.stringify({ ...urls, adminRevoke: good("x") }));
    const read = createUrls(client, "/lanyard/dev/urls", issuer);
    expect(await read()).toEqual(urls);
    expect(await read()).toEqual(urls);
    expect(calls()).toBe(1);
  });

  test("is asked for again while it is missing, as in the first deployment", async () => {
    const { client } = ssm(missing, JSON.stringify(urls));
    const read = createUrls(client, "/lanyard/dev/urls", issuer);
    expect(await read()).toBeUndefined();
    expect(await read()).toEqual(urls);
  });

  test("throws on what is not an answer, and asks again", async () => {
    const { client } = ssm(new Error("throttled"), JSON.stringify(urls));
    const read = createUrls(client, "/p", issuer);
    await expect(read()).rejects.toThrow("throttled");
    expect(await read()).toEqual(urls);
  });

  test.each([
    "https://evil.example/",
    "https://abc.lambda-url.eu-west-1.on.aws.evil.example/",
    "https://evil.example/.lambda-url.eu-west-1.on.aws/",
    "https://abc.lambda-url.eu-west-1.on.aws:8443/",
    "https://user@abc.lambda-url.eu-west-1.on.aws/",
    "https://abc.lambda-url.eu-west-1.on.aws/path",
    "https://abc.lambda-url.eu-west-1.on.aws/?x=1",
    "https://abc.lambda-url.eu-west-1.on.aws/#x",
    "https://a.b.lambda-url.eu-west-1.on.aws/",
    "http://abc.lambda-url.eu-west-1.on.aws/",
    "http://127.0.0.1:4000/",
    "HTTPS://ABC.lambda-url.eu-west-1.on.aws/",
    "javascript:alert(1)",
    "",
    7,
    null,
  ])("threat 29: sends agents nowhere that is not a Lambda URL: %j", (token) => {
    expect(() => parseUrls(JSON.stringify({ ...urls, token }), issuer)).toThrow("token");
    expect(() => parseUrls(JSON.stringify({ ...urls, credentials: token }), issuer)).toThrow("credentials");
  });

  test("tells where AWS credentials are given, where a stage gives any", () => {
    const more = { ...urls, credentials: good("c") };
    expect(parseUrls(JSON.stringify(more), issuer)).toEqual(more);
    expect(parseUrls(JSON.stringify(urls), issuer)).not.toHaveProperty("credentials");
    expect(parseUrls(JSON.stringify({ ...urls, decide: good("d") }), issuer)).toMatchObject({ decide: good("d") });
  });

  test("takes this machine only for an issuer on this machine", () => {
    const here = (port: number) => `http://127.0.0.1:${port}/`;
    const local = JSON.stringify({ attest: here(1), token: here(2), introspect: here(3), revoke: here(4) });
    expect(parseUrls(local, "http://127.0.0.1:4000").token).toBe("http://127.0.0.1:2/");
    expect(() => parseUrls(local, issuer)).toThrow();
    const elsewhere = JSON.stringify({ ...JSON.parse(local), token: "http://10.0.0.1:2/" });
    expect(() => parseUrls(elsewhere, "http://127.0.0.1:4000")).toThrow();
  });
});
