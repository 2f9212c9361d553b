import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { denialReply } from "../../core/denial/wire.ts";

/** RFC 6749 5.2: what `error_description` may hold. */
const allowed = /^[\x20-\x21\x23-\x5B\x5D-\x7E]*$/;
const described = (scope: string): string =>
  JSON.parse(denialReply({ code: "scope_unknown", scopes: [scope] }).body).error_description;

describe("a refusal that quotes what was sent", () => {
  it("holds printable ASCII without quote and backslash alone", () => {
    expect(described('töö"\\\u202e')).toBe("not declared by a named resource: t?????");
  });

  it("still names what is harmless", () => {
    expect(described("tickets:burn")).toBe("not declared by a named resource: tickets:burn");
  });

  test.prop([fc.string({ unit: "binary" })])("does so whatever was sent", (scope) => {
    expect(described(scope)).toMatch(allowed);
  });
});
