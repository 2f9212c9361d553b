import { request as httpRequest } from "node:http";
import { build } from "esbuild";
import { beforeEach, describe, expect, test } from "vitest";
import { createAgentKey } from "../../client/agent/agent-key.ts";
import { awsStsWebIdentity } from "../../client/evidence/aws-sts-web-identity.ts";
import { createFetcher } from "../../client/resource/fetcher.ts";
import { createResourceServer } from "../../client/resource/resource-server.ts";
import { outcomeOf } from "../kit/outcome.ts";
import { customers, tickets } from "../kit/registry.ts";
import { serve } from "../kit/serve.ts";
import { issuer } from "../kit/world/ground.ts";
import { createDeployment, type Deployment } from "./deployment.ts";

let cloud: Deployment;
beforeEach(async () => {
  cloud = await createDeployment();
});

/** Headers of one call of the planner's to `url`. */
const headersFor = async (url: string, resource = tickets): Promise<Record<string, string>> => {
  const grants = [{ resource, scopes: resource === tickets ? ["tickets:read"] : ["customers:read"] }];
  const servedAt = { [resource]: new URL(url).origin };
  const session = await cloud
    .agent("planner", { servedAt })
    .open({ onBehalfOf: { idToken: cloud.idToken("planner-app") }, grants });
  cloud.intercept.answer = (sent) => (sent.url === url ? new Response("ok") : undefined);
  await session.fetch(url, { resource });
  cloud.intercept.answer = undefined;
  return Object.fromEntries(cloud.sent.at(-1)?.headers ?? []);
};
const codeOf = async (outcome: ReturnType<ReturnType<Deployment["server"]>["authenticate"]>): Promise<string> => {
  const result = await outcomeOf(outcome);
  return result.ok ? "accepted" : result.error.refusal.code;
};

describe("the request's own URL", () => {
  test("threat 9: is never taken from Host or forwarding headers", async () => {
    const headers = await headersFor("https://evil.example/things");
    const lies = {
      ...headers,
      host: "evil.example",
      "x-forwarded-host": "evil.example",
      forwarded: "host=evil.example",
    };
    for (const url of ["/things", "https://evil.example/things", "//evil.example/things"])
      expect(await codeOf(cloud.server(tickets).authenticate({ method: "GET", url, headers: lies }))).toBe(
        "proof_invalid",
      );
  });

  test("is the resource's origin and the request's path, or what the server says", async () => {
    const there = await headersFor(`${tickets}/things`);
    expect(
      await codeOf(cloud.server(tickets).authenticate({ method: "GET", url: "/things?a=b", headers: there })),
    ).toBe("accepted");
    const base = { requestUrl: "https://api.example/v1/" };
    const behind = await headersFor("https://api.example/v1/things");
    expect(
      await codeOf(cloud.server(tickets, base).authenticate({ method: "GET", url: "/things", headers: behind })),
    ).toBe("accepted");
    const asTold = { requestUrl: () => "https://api.example/v1/things" };
    const again = await headersFor("https://api.example/v1/things");
    expect(await codeOf(cloud.server(tickets, asTold).authenticate({ method: "GET", url: "/x", headers: again }))).toBe(
      "accepted",
    );
  });

  test("must be known: a server that could not evaluate is not made", () => {
    expect(() => createResourceServer({ issuer, resource: "urn:tickets", mode: "offline" })).toThrow(TypeError);
    expect(() => createResourceServer({ issuer, resource: tickets, mode: "introspect" })).toThrow(TypeError);
    expect(() => createResourceServer({ issuer: "http://id.example", resource: tickets, mode: "offline" })).toThrow(
      /https/,
    );
  });
});

test("another resource's token is refused by this one", async () => {
  const headers = await headersFor(`${tickets}/things`, customers);
  expect(await codeOf(cloud.server(tickets).authenticate({ method: "GET", url: "/things", headers }))).toBe(
    "token_invalid",
  );
});

test("names of headers count in any case, and a second value is seen", async () => {
  const { authorization = "", dpop = "" } = await headersFor(`${tickets}/things`);
  const evaluate = (headers: Record<string, string | string[]>) =>
    codeOf(cloud.server(tickets).authenticate({ method: "GET", url: "/things", headers }));
  expect(await evaluate({ Authorization: authorization, DPoP: dpop })).toBe("accepted");
  expect(await evaluate({ Authorization: authorization, authorization, dpop })).toBe("credentials_malformed");
  expect(await evaluate({ authorization, dpop: [dpop, dpop] })).toBe("proof_invalid");
  expect(await evaluate({ authorization, dpop: `${dpop}, ${dpop}` })).toBe("proof_invalid");
  expect(await evaluate({ authorization: `Bearer ${authorization.slice(5)}`, dpop })).toBe("bearer_not_accepted");
});

test("over HTTP, a second Authorization or DPoP header is seen although Node hides it", async () => {
  const guard = cloud.server(tickets);
  const { port } = await serve(async ({ request }) => ({ body: await codeOf(guard.authenticate(request)) }));
  const ask = (headers: Record<string, string | string[]>) =>
    new Promise<string>((resolve, reject) => {
      const sent = httpRequest({ host: "127.0.0.1", port, path: "/things?a=b", headers, agent: false }, (res) => {
        let text = "";
        res.on("data", (chunk) => {
          text += chunk;
        });
        res.on("end", () => resolve(text));
      });
      sent.on("error", reject).end();
    });
  const { authorization = "", dpop = "" } = await headersFor(`${tickets}/things`);
  expect(await ask({ authorization: [authorization, "DPoP a.b.c"], dpop })).toBe("credentials_malformed");
  expect(await ask({ authorization, dpop: [dpop, dpop] })).toBe("proof_invalid");
  expect(await ask({ authorization, dpop })).toBe("accepted");
  expect(await ask({ authorization, dpop })).toBe("proof_replayed");
  expect(await ask({})).toBe("credentials_missing");
});

describe("the fetcher", () => {
  const bounds = { maxBytes: 10, timeoutMillis: 1_000 };
  test.each([
    ["more bytes than allowed", async () => new Response("x".repeat(11)), "too_large"],
    [
      "a redirect",
      async () => new Response(null, { status: 302, headers: { location: "http://169.254.169.254/" } }),
      "redirect",
    ],
    ["another status", async () => new Response("no", { status: 404 }), "status"],
    ["a broken connection", () => Promise.reject(new TypeError("fetch failed")), "unreachable"],
    ["silence", () => Promise.reject(new DOMException("late", "TimeoutError")), "timeout"],
  ])("refuses %s", async (_, fetch, why) => {
    expect(await createFetcher(fetch).get("https://id.example/", bounds)).toMatchObject({ ok: false, error: { why } });
  });

  test("stops reading an endless body", async () => {
    let pulled = 0;
    const endless = new ReadableStream({
      pull(controller) {
        pulled++;
        controller.enqueue(new Uint8Array(8));
      },
    });
    expect(await createFetcher(async () => new Response(endless)).get("https://id.example/", bounds)).toMatchObject({
      ok: false,
    });
    expect(pulled).toBeLessThan(8);
  });
});

test("the agent's own key cannot be taken out of it", async () => {
  const key = await createAgentKey();
  expect(Object.keys(key).sort()).toEqual(["jkt", "prove", "spki"]);
  // 91 bytes hold a P-256 point and nothing of its secret half
  expect(key.spki.length).toBe(91);
  const proof = await key.prove({ method: "POST", url: "https://id.example/", nowSeconds: 1 });
  expect(Buffer.from(proof.split(".")[0] ?? "", "base64url").toString()).not.toContain('"d"');
});

test.each([59, 301, 60.5])("evidence of STS is not asked for with a life of %d seconds", (durationSeconds) => {
  expect(() => awsStsWebIdentity({ region: "eu-west-1", durationSeconds })).toThrow(RangeError);
});

describe("the bundle", () => {
  const inputsOf = async (entry: string): Promise<readonly string[]> => {
    const built = await build({
      entryPoints: [entry],
      bundle: true,
      platform: "node",
      format: "esm",
      write: false,
      metafile: true,
    });
    return Object.keys(built.metafile.inputs);
  };

  test.each([
    "client/resource/resource-server.ts",
    "client/verify.ts",
    "client/index.ts",
    "core/verify/access-token.ts",
  ])("of %s has no AWS SDK, no policy engine and no endpoint of ours in it", async (entry) => {
    const inputs = await inputsOf(entry);
    // whoever is no resource server brings no verifier along
    expect(inputs.includes("core/verify/access-token.ts")).toBe(entry !== "client/index.ts");
    expect(inputs.filter((path) => /@aws-sdk|@smithy|cedar|zod|middy/.test(path))).toEqual([]);
    expect(inputs.filter((path) => /^(lambdas|lib|local)\/|^core\/(issue|attest|policy)/.test(path))).toEqual([]);
  });

  test("of the STS evidence alone has the SDK", async () => {
    expect(
      (await inputsOf("client/evidence/aws-sts-web-identity.ts")).some((path) => path.includes("@aws-sdk/client-sts")),
    ).toBe(true);
  });
});
