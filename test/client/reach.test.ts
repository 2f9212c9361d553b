import { fc, test as property } from "@fast-check/vitest";
import { beforeEach, describe, expect, test } from "vitest";
import { addressWithin } from "../../client/agent/reach.ts";
import { LanyardError } from "../../client/error.ts";
import { tickets } from "../kit/registry.ts";
import { createDeployment, type Deployment } from "./deployment.ts";

let cloud: Deployment;
beforeEach(async () => {
  cloud = await createDeployment();
});

const grants = [{ resource: tickets, scopes: ["tickets:read"] }];
const codeOf = (attempt: () => unknown): string => {
  try {
    attempt();
    return "sent";
  } catch (thrown) {
    return thrown instanceof LanyardError ? thrown.code : String(thrown);
  }
};
const reached = (url: string, resource: string, servedAt = {}) => codeOf(() => addressWithin(url, resource, servedAt));

describe("threat 43: a session's fetch sends nothing", () => {
  const v1 = "https://api.example.com/v1";
  const elsewhere: readonly (readonly [string, string])[] = [
    ["another origin", "https://evil.example/v1/a"],
    ["a longer host", "https://api.example.com.evil.example/v1/a"],
    ["a subdomain", "https://x.api.example.com/v1/a"],
    ["another port", "https://api.example.com:8443/v1/a"],
    ["the path beside it", "https://api.example.com/v2/a"],
    ["a path that only begins alike", "https://api.example.com/v1evil"],
    ["the path above it", "https://api.example.com/"],
    ["the path above by dots", "https://api.example.com/v1/../admin"],
    ["the path above by escaped dots", "https://api.example.com/v1/%2e%2E/admin"],
    ["the path above by escaped slashes", "https://api.example.com/v1/..%2fadmin"],
    ["the path above by escaped dots and slashes", "https://api.example.com/v1/%2e%2e%2Fadmin"],
    ["the path above by escaped backslashes", "https://api.example.com/v1/..%5cadmin"],
    ["the path above by backslashes", "https://api.example.com/v1\\..\\admin"],
    ["the path above by a parameter", "https://api.example.com/v1/..;a=b/admin"],
    ["the path above by an escaped parameter", "https://api.example.com/v1/..%3b/admin"],
    ["another case of the path", "https://api.example.com/V1/a"],
    ["the host as a user", "https://api.example.com@evil.example/v1/a"],
    ["the host behind a backslash", "https://evil.example\\@api.example.com/v1/a"],
    ["a relative address", "/v1/a"],
    ["nothing", ""],
  ];
  test.each(elsewhere)("to %s", (_what, url) => {
    expect(["outside_resource", "insecure_url"]).toContain(reached(url, v1));
  });

  test("in clear, or with a user name", () => {
    expect(reached("http://api.example.com/v1/a", v1)).toBe("insecure_url");
    expect(reached("https://ann:secret@api.example.com/v1/a", v1)).toBe("insecure_url");
  });

  test("for a resource that is no address, unless its address was said when the agent was made", () => {
    const resource = "urn:example:tickets";
    expect(reached("https://api.example.com/v1/a", resource)).toBe("outside_resource");
    const servedAt = { [resource]: v1 };
    expect(reached("https://api.example.com/v1/a", resource, servedAt)).toBe("sent");
    expect(reached("https://evil.example/v1/a", resource, servedAt)).toBe("outside_resource");
    for (const name of ["__proto__", "toString", "constructor"])
      expect(reached("https://api.example.com/v1/a", name)).toBe("outside_resource");
  });

  test("at a resource's own address, once it was said to be served elsewhere", () => {
    const servedAt = { [v1]: "https://gateway.example/api" };
    expect(reached("https://gateway.example/api/a", v1, servedAt)).toBe("sent");
    expect(reached("https://api.example.com/v1/a", v1, servedAt)).toBe("outside_resource");
  });

  test("and asks for no token, when a model was talked into another address", async () => {
    const session = await cloud
      .agent("planner")
      .open({ onBehalfOf: { idToken: cloud.idToken("planner-app") }, grants });
    const before = cloud.sent.length;
    for (const url of [
      "https://evil.example/collect",
      `${tickets}.evil.example/`,
      tickets.replace("//", "//evil.example@"),
    ])
      await expect(session.fetch(url, { resource: tickets })).rejects.toBeInstanceOf(LanyardError);
    expect(cloud.sent.length).toBe(before);
  });

  test("in clear to where a resource is said to be: that is refused when the agent is made", () => {
    const make = () => cloud.agent("planner", { servedAt: { [tickets]: "http://tickets.example" } });
    expect(codeOf(make)).toBe("insecure_url");
  });
});

describe("a session's fetch opens", () => {
  test.each([
    ["https://api.example.com", "https://api.example.com/a/b?c=d"],
    ["https://api.example.com", "https://api.example.com"],
    ["https://api.example.com/", "https://API.example.com:443/a"],
    ["https://api.example.com/v1", "https://api.example.com/v1"],
    ["https://api.example.com/v1", "https://api.example.com/v1?a=../b"],
    ["https://api.example.com/v1", "https://api.example.com/v1/users/@me"],
    ["https://api.example.com/v1", "https://api.example.com/v1/a%2Fb"],
    ["https://api.example.com/v1", "https://api.example.com/v1/a/../b"],
    ["https://api.example.com/v1/", "https://api.example.com/v1/a"],
    ["https://api.example.com/~ann", "https://api.example.com/%7Eann/a"],
    ["http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1/a"],
  ])("%s at %s", (resource, url) => {
    expect(reached(url, resource)).toBe("sent");
  });

  const segment = fc.constantFrom(
    "v1",
    "a",
    ".",
    "..",
    "%2e%2e",
    "%2E",
    "%2f",
    "..%2f..",
    "..;",
    "%5c",
    "~",
    "%7E",
    "@",
    "",
  );
  property.prop([fc.array(segment, { maxLength: 6 })])("no path but below, however it is written", (segments) => {
    const url = `https://api.example.com/v1/${segments.join("/")}`;
    const resource = "https://api.example.com/v1";
    if (reached(url, resource) !== "sent") return;
    // what is sent, as the most credulous server would read it
    const { href } = addressWithin(url, resource, {});
    const read = new URL(href.replace(/%2f|%5c/gi, "/").replaceAll("..;", ".."));
    expect(`${read.origin}${read.pathname}/`).toMatch(/^https:\/\/api\.example\.com\/v1\//);
  });
});
