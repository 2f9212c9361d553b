/** Behind a domain of the deployment's own: what a call is compared with is what the deployment says, and nothing in the event. */
import { fc } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { parseUrls } from "../../lambdas/aws/ssm/urls.ts";
import { readCall, type UrlEvent } from "../../lambdas/http/url-event.ts";

const publicUrl = "https://id.example.com/token";
const event = (path: string, domainName = "id.example.com", headers: UrlEvent["headers"] = {}): UrlEvent => ({
  headers,
  requestContext: { domainName, requestId: "r", http: { method: "POST", path } },
});
const read = (of: UrlEvent, address: string | undefined = publicUrl) => readCall(of, 1_000, address);

describe("a call behind the domain", () => {
  test.each([
    ["/token", "https://id.example.com/token", "/"],
    ["/token/", "https://id.example.com/token/", "/"],
    ["/token/challenge", "https://id.example.com/token/challenge", "/challenge"],
  ])("at %s is proved for %s and seen below the address as %s", (path, url, below) => {
    expect(read(event(path))).toMatchObject({ ok: true, value: { url, path: below } });
  });

  test("at the issuer itself keeps its whole path", () => {
    const path = "/.well-known/jwks.json";
    expect(read(event(path), "https://id.example.com")).toMatchObject({
      value: { url: `https://id.example.com${path}`, path },
    });
  });

  test.each([
    ["another name in the event", event("/token", "evil.example")],
    ["the API's own endpoint", event("/token", "abc123.execute-api.eu-west-1.amazonaws.com")],
    ["a function's URL", event("/token", "abc.lambda-url.eu-west-1.on.aws")],
    ["a forged Host", event("/token", "id.example.com", { host: "evil.example", "x-forwarded-host": "evil.example" })],
    ["a forged Forwarded", event("/token", "id.example.com", { forwarded: "host=evil.example;proto=http" })],
  ])("is proved for the domain whatever else stands there: %s", (_, of) => {
    expect(read(of)).toMatchObject({ ok: true, value: { url: publicUrl } });
  });

  test.each([
    "/$default/token",
    "/prod/token",
    "/",
    "",
    "/tokens",
    "/Token",
    "/token%2F",
    "//token",
    "/introspect",
    "token",
  ])("is not found where its path is not below the address: %s", (path) => {
    expect(read(event(path))).toMatchObject({ ok: false, error: { code: "not_found" } });
  });

  test("whatever path and names it has, is proved for the domain or refused", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (path, name, host) => {
        const found = read(event(`/${path}`, name, { host }));
        return found.ok ? found.value.url === `https://id.example.com/${path}` : found.error.code === "not_found";
      }),
    );
  });
});

test("without a domain the platform's word counts as ever, and an API's name is none of a function's", () => {
  const of = (name: string) => readCall(event("/", name), 1_000, undefined);
  expect(of("abc.lambda-url.eu-west-1.on.aws")).toMatchObject({
    value: { url: "https://abc.lambda-url.eu-west-1.on.aws/" },
  });
  expect(() => of("id.example.com")).toThrow("names no function URL");
});

describe("threat 29: discovery behind a domain", () => {
  const issuer = "https://id.example.com";
  const at = (origin: string) =>
    Object.fromEntries(["attest", "token", "introspect", "revoke"].map((name) => [name, `${origin}/${name}`]));

  test("sends agents to paths of the issuer", () => {
    expect(parseUrls(JSON.stringify(at(issuer)), issuer)).toEqual(at(issuer));
  });

  test.each([
    ["another domain", at("https://evil.example")],
    ["a domain below it", at("https://x.id.example.com")],
    ["in the clear", at("http://id.example.com")],
    ["another port", at("https://id.example.com:8443")],
    ["a function's URL", { ...at(issuer), token: "https://t1.lambda-url.eu-west-1.on.aws/" }],
    ["another path", { ...at(issuer), token: `${issuer}/elsewhere` }],
    ["a query", { ...at(issuer), token: `${issuer}/token?x` }],
    ["a slash more", { ...at(issuer), token: `${issuer}/token/` }],
  ])("sends nobody to %s", (_, urls) => {
    expect(() => parseUrls(JSON.stringify(urls), issuer)).toThrow("holds no acceptable URL");
  });

  test("that is a function's URL sends nobody to its paths", () => {
    const own = "https://abc.lambda-url.eu-west-1.on.aws";
    expect(() => parseUrls(JSON.stringify(at(own)), own)).toThrow("holds no acceptable URL");
  });
});
