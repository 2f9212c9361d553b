import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { isAgentId, parseSpiffeId } from "../../core/text/spiffe-id.ts";
import { vectors } from "../kit/vectors.ts";

const cases = vectors<{
  valid: string[];
  invalid: [string, string][];
  trust_domain_chars: string;
  path_chars: string;
}>("spiffe/spiffe-id-cases.json");

describe("SPIFFE IDs", () => {
  it.each(cases.valid)("accepts %s", (id) => {
    expect(parseSpiffeId(id)).toBeDefined();
  });

  it.each(cases.invalid)("refuses %j: %s", (id) => {
    expect(parseSpiffeId(id)).toBeUndefined();
  });

  it("accepts exactly the characters of the standard in trust domain and path", () => {
    for (let code = 0; code < 256; code++) {
      const c = String.fromCodePoint(code);
      if (c === "/") continue;
      expect(parseSpiffeId(`spiffe://trustdomain${c}/path`) !== undefined, `domain ${code}`).toBe(
        cases.trust_domain_chars.includes(c),
      );
      expect(parseSpiffeId(`spiffe://trustdomain/path${c}`) !== undefined, `path ${code}`).toBe(
        cases.path_chars.includes(c),
      );
    }
  });

  it("threat 28: knows an agent of one name in another trust domain as somebody else", () => {
    expect(isAgentId("spiffe://ours.example/agent/planner", "ours.example")).toBe(true);
    expect(isAgentId("spiffe://ours.example/agent/team/planner", "ours.example")).toBe(true);
    expect(isAgentId("spiffe://theirs.example/agent/planner", "ours.example")).toBe(false);
    expect(isAgentId("spiffe://ours.example.evil.example/agent/planner", "ours.example")).toBe(false);
    expect(isAgentId("spiffe://ours.example/user/planner", "ours.example")).toBe(false);
    expect(isAgentId("spiffe://ours.example/agent", "ours.example")).toBe(false);
    expect(isAgentId(`spiffe://ours.example/agent/${"a".repeat(200)}`, "ours.example")).toBe(false);
  });

  test.prop([fc.string({ unit: "binary" })])("never throws on any text", (text) => {
    expect(() => [parseSpiffeId(text), isAgentId(text, "ours.example")]).not.toThrow();
  });
});
