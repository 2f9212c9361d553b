import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { matchesPattern, matchSelectors } from "../../core/attest/selectors.ts";
import type { Selector } from "../../core/model/agent-registration.ts";
import { parseFunctionArn, parseRoleArn } from "../../core/text/role-arn.ts";
import { cpuWatch } from "../kit/patience.ts";
import { agent, agentId } from "../kit/registry.ts";

const type = "aws-sts-web-identity";
const roleArn = "arn:aws:iam::123456789012:role/agents/Planner";
const functionArn = "arn:aws:lambda:eu-west-1:123456789012:function:planner";
const attested = {
  facts: { issuer: "https://sts", account: "123456789012", roleArn, functionArn, empty: "" },
  tags: { team: "support", stage: "prod-eu" },
};
const matches = (...selectors: readonly Selector[]) =>
  matchSelectors(agentId("planner"), agent("planner", { selectors }), { type, ...attested }).ok;
const exact = (facts: Record<string, string>, tags?: Record<string, string>): Selector => ({
  type,
  exact: facts,
  ...(tags ? { tags } : {}),
});

describe("selectors", () => {
  it.each<[string, Selector]>([
    ["the role", exact({ roleArn })],
    ["the function", exact({ functionArn })],
    ["role, function and account", exact({ roleArn, functionArn, account: "123456789012" })],
    ["the role and a tag", exact({ roleArn }, { team: "support" })],
    ["the role and tags with wildcards", exact({ roleArn }, { team: "*", stage: "prod-*" })],
  ])("match by %s", (_name, selector) => {
    expect(matches(selector)).toBe(true);
  });

  it.each<[string, readonly Selector[]]>([
    ["nothing registered", []],
    ["an empty rule", [exact({})]],
    ["an account alone", [exact({ account: "123456789012" })]],
    ["an issuer alone", [exact({ issuer: "https://sts" })]],
    ["tags alone", [exact({}, { team: "support" })]],
    ["an account and tags", [exact({ account: "123456789012" }, { team: "support", stage: "prod-eu" })]],
    ["an empty anchor", [exact({ roleArn: "" })]],
    ["an empty fact", [exact({ roleArn, empty: "" })]],
    ["a fact that was not proved", [exact({ roleArn, organization: "o-1" })]],
    ["a wildcard for a role", [exact({ roleArn: "arn:aws:iam::123456789012:role/*" })]],
    ["another role", [exact({ roleArn: `${roleArn}2` })]],
    ["another case", [exact({ roleArn: roleArn.toLowerCase() })]],
    ["the role but another function", [exact({ roleArn, functionArn: `${functionArn}-b` })]],
    ["the role and a tag that differs", [exact({ roleArn }, { team: "sales" })]],
    ["the role and a tag that is missing", [exact({ roleArn }, { owner: "*" })]],
    ["a tag named like a fact", [exact({ roleArn }, { account: "123456789012" })]],
    ["a fact named like a tag", [exact({ roleArn, team: "support" })]],
    ["a prototype's member", [exact({ roleArn, constructor: "x" })]],
    ["another type of evidence", [{ ...exact({ roleArn }), type: "oidc" }]],
  ])("threat 15: do not match with %s", (_name, selectors) => {
    expect(matches(...selectors)).toBe(false);
  });

  it("threat 15: of an unknown type of evidence match nothing, whatever they pin", () => {
    const registration = agent("planner", { selectors: [{ type: "oidc", exact: { roleArn } }] });
    expect(matchSelectors(agentId("planner"), registration, { type: "oidc", ...attested }).ok).toBe(false);
  });

  it("are alternatives, each whole: halves of two do not make one", () => {
    expect(matches(exact({ roleArn }, { team: "sales" }), exact({ roleArn: "x" }, { team: "support" }))).toBe(false);
    expect(matches(exact({ roleArn: "x" }), exact({ roleArn }))).toBe(true);
  });

  test.prop([fc.dictionary(fc.string(), fc.string()), fc.dictionary(fc.string(), fc.string())])(
    "threat 15: never match without an anchor equal to the proven one",
    (facts, tags) => {
      fc.pre(facts.roleArn !== roleArn && facts.functionArn !== functionArn);
      expect(matches(exact(facts, tags))).toBe(false);
    },
  );
});

describe("tag patterns", () => {
  test.prop([fc.string({ unit: fc.constantFrom("a", "b", "*") }), fc.string({ unit: fc.constantFrom("a", "b") })])(
    "agree with a regular expression",
    (pattern, text) => {
      expect(matchesPattern(pattern, text)).toBe(new RegExp(`^${pattern.replaceAll("*", ".*")}$`).test(text));
    },
  );

  it("are literal but for the star, and cannot be made slow", () => {
    expect(matchesPattern("a.c", "abc")).toBe(false);
    expect(matchesPattern("(a+)+$", "aaaa")).toBe(false);
    const cpuMillis = cpuWatch();
    expect(matchesPattern("*a".repeat(500), `${"a".repeat(2000)}b`)).toBe(false);
    expect(cpuMillis()).toBeLessThan(500);
  });
});

describe("ARNs", () => {
  it("of roles are read with path and partition", () => {
    expect(parseRoleArn(roleArn)).toEqual({ account: "123456789012", name: "agents/Planner" });
    expect(parseRoleArn("arn:aws-us-gov:iam::123456789012:role/R")?.account).toBe("123456789012");
    expect(parseFunctionArn(functionArn)).toEqual({ account: "123456789012", name: "planner" });
  });

  it.each([
    "",
    "arn:aws:iam::123456789012:role/",
    "arn:aws:iam::123456789012:role/a b",
    "arn:aws:iam::123456789012:role//R",
    "arn:aws:iam::12345678901:role/R",
    "arn:aws:iam::123456789012:role/R\n",
    "arn:aws:iam:eu-west-1:123456789012:role/R",
    "arn:evil:iam::123456789012:role/R",
    "xarn:aws:iam::123456789012:role/R",
    "arn:aws:sts::123456789012:assumed-role/R/s",
    `arn:aws:iam::123456789012:role/${"p/".repeat(1100)}R`,
  ])("that are no role's are refused: %j", (arn) => {
    expect(parseRoleArn(arn)).toBeUndefined();
  });

  it.each([`${functionArn}:1`, `${functionArn}:$LATEST`, "arn:aws:lambda:eu-west-1:123456789012:layer:x"])(
    "that are no unqualified function's are refused: %s",
    (arn) => {
      expect(parseFunctionArn(arn)).toBeUndefined();
    },
  );

  test.prop([fc.string({ unit: "binary", maxLength: 3000 })])("are read in no time and without throwing", (text) => {
    expect(parseRoleArn(`arn:aws:iam::123456789012:role/${text}/${text}`)?.account ?? "none").toMatch(/none|1234/);
  });
});
