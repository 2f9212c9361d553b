import { describe, expect, it } from "vitest";
import { ok } from "../../core/model/result.ts";
import { embeddedRoot } from "../../lambdas/attest/embedded-root.ts";

const onAws = "https://abc123.lambda-url.eu-west-1.on.aws";
const local = "http://127.0.0.1:4001";

/** Asks for a root at `endpoint` as a deployment of `issuer`; tells what was fetched. */
async function ask(issuer: string, endpoint: string | undefined) {
  const asked: string[] = [];
  const fetcher = {
    get: async (url: string) => {
      asked.push(url);
      return ok({ body: new Uint8Array([1]) });
    },
  };
  return { root: await embeddedRoot("nitro-root.der", { issuer, endpoint, fetcher }), asked };
}

describe("a root beside AWS's pinned one", () => {
  it("is the embedded cloud's own, where the deployment is the embedded cloud", async () => {
    const { root, asked } = await ask(local, "http://127.0.0.1:4000");
    expect(root).toEqual(new Uint8Array([1]));
    expect(asked).toEqual(["http://127.0.0.1:4000/_embedded/nitro-root.der"]);
  });

  it.each([
    ["an endpoint on loopback", "http://127.0.0.1:4000"],
    ["an endpoint of an attacker", "https://evil.example"],
    ["an endpoint of an attacker by http", "http://evil.example"],
    ["an endpoint of AWS", "https://sts.eu-west-1.amazonaws.com"],
    ["no endpoint", undefined],
  ])("threat 31: does not exist on AWS, whatever the environment says: %s", async (_, endpoint) => {
    expect(await ask(onAws, endpoint)).toEqual({ root: undefined, asked: [] });
  });

  it.each([
    "https://evil.example",
    "http://evil.example",
    "http://127.0.0.1.evil.example",
    "http://10.0.0.1:80",
    "http://localhost:4000",
    "http://user@127.0.0.1:4000",
    "file:///root.der",
    "",
  ])("is never fetched from elsewhere, even in the embedded cloud: %s", async (endpoint) => {
    expect(await ask(local, endpoint)).toEqual({ root: undefined, asked: [] });
  });
});
