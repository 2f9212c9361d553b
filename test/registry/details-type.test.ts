import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, it, test } from "vitest";
import { readDocuments } from "../../bin/lanyard/registry/folder.ts";
import { understandDetail } from "../../core/details/compare.ts";
import { detailsTypeFindings } from "../../core/details/type.ts";
import type { DetailsTypeDeclaration } from "../../core/model/resource-registration.ts";
import { ruleNames } from "../../core/model/resource-registration.ts";
import { validateRegistry } from "../../core/registry/validate.ts";

const settings = { issuer: "https://lanyard.support-desk.example", trustDomain: "agents.support-desk.example", cedar };
const text = { type: "string" };
const texts = { type: "array", items: text };

const found = (schema: object, rules: object = {}) =>
  detailsTypeFindings({ schema, rules } as Pick<DetailsTypeDeclaration, "schema" | "rules">).map(
    ([path, message]) => `${path}: ${message}`,
  );
/** Findings of a type with the one field `x`. */
const field = (schema: unknown, rule = "exact") =>
  found({ type: "object", additionalProperties: false, properties: { x: schema } }, { x: rule });

const head = `
kind: resource
name: files
uri: https://files.example
servedBy: files
scopes: [files:read]
---
kind: agent
name: files
state: active
owner: o@example.com
sponsor: s@example.com
selectors: [{ type: aws-sts-web-identity, exact: { roleArn: "arn:aws:iam::111122223333:role/files" } }]
---
`.trimStart();

/** What is wrong with a details type written as a file, with the line it is said of. */
function inFile(yaml: string): readonly string[] {
  const documents = readDocuments("files.yaml", head + yaml, {});
  if (!documents.ok) throw new Error(JSON.stringify(documents.error));
  const outcome = validateRegistry(documents.value, settings);
  return outcome.ok
    ? []
    : outcome.error.map((p) => `${p.file}:${p.line - head.split("\n").length + 1}: ${p.path}: ${p.message}`);
}

const folder = `kind: details-type
name: folder
resource: https://files.example
schema:
  type: object
  additionalProperties: false
  properties:
    paths:
      type: array
      items: { type: string }
    until:
      type: string
rules:
  paths: path
  until: before
`;

describe("as a file", () => {
  it("is taken with a schema and one rule a field", () => expect(inFile(folder)).toEqual([]));

  test.each([
    [
      "a field without a rule",
      "  until: before\n",
      "",
      "files.yaml:11: schema.properties.until: field until has no rule",
    ],
    [
      "a rule without a field",
      "  until: before",
      "  until: before\n  size: max",
      "files.yaml:16: rules.size: the schema has no field",
    ],
    ["a rule nobody knows", "until: before", "until: soon", "files.yaml:15: rules.until: "],
    [
      "a rule that cannot compare what the schema allows",
      "until: before",
      "until: max",
      "files.yaml:15: rules.until: rule max cannot compare",
    ],
    [
      "a pattern",
      "    until:\n      type: string",
      "    until:\n      type: string\n      pattern: ^(a+)+$",
      "files.yaml:13: schema.properties.until.pattern: ",
    ],
    [
      "a reference to elsewhere",
      "      items: { type: string }",
      "      items: { $ref: https://evil.example/s }",
      "files.yaml:10: schema.properties.paths.items",
    ],
    [
      "fields nobody declared",
      "  additionalProperties: false\n",
      "",
      "files.yaml:4: schema: say 'additionalProperties: false'",
    ],
    [
      "a required field that is not there",
      "  type: object\n",
      "  type: object\n  required: [size]\n",
      "files.yaml:6: schema.required.0: there is no field size",
    ],
    [
      "required scopes of another resource",
      "rules:\n",
      "requiredFor: [tickets:read]\nrules:\n",
      "files.yaml:13: requiredFor.0: ",
    ],
    ["a member nobody knows", "rules:\n", "compare: all\nrules:\n", "files.yaml:13: compare: "],
  ])("is refused with %s, by file and line", (_, part, instead, problem) => {
    expect(folder).toContain(part);
    const problems = inFile(folder.replace(part, instead));
    expect(problems.join("\n")).toContain(problem);
  });
});

describe("a schema", () => {
  test.each([
    ["$ref", { $ref: "#/$defs/x" }],
    ["$ref beside a type", { type: "string", $ref: "https://evil.example/schema" }],
    ["$dynamicRef", { type: "string", $dynamicRef: "#x" }],
    ["a regular expression", { type: "string", pattern: "^(a|a)*$" }],
    ["a format, whose reading differs from the rule's", { type: "string", format: "uri" }],
    ["a choice of types", { type: ["string", "null"] }],
    ["no type", { enum: ["a"] }],
    ["the type null", { type: "null" }],
    ["anyOf", { type: "string", anyOf: [{ maxLength: 1 }] }],
    ["not", { type: "string", not: { const: "a" } }],
    ["if", { type: "string", if: { const: "a" } }],
    ["a default, which the target may or may not add", { type: "string", default: "a" }],
    ["a schema that takes everything", true],
    ["a list where a schema should be", [text]],
    ["null", null],
    ["a negative length", { type: "string", maxLength: -1 }],
    ["a length in words", { type: "string", maxLength: "long" }],
    ["a choice of nothing", { type: "string", enum: [] }],
    ["multipleOf", { type: "number", multipleOf: 0.01 }],
    ["contentEncoding", { type: "string", contentEncoding: "base64" }],
  ])("is refused with %s", (_, schema) => {
    expect(field(schema)).not.toEqual([]);
    expect(field({ type: "array", items: schema }, "one_of")).not.toEqual([]);
  });

  test.each([
    ["a list of lists", { type: "array", items: texts }, "one_of"],
    ["a list of anything", { type: "array" }, "one_of"],
    ["a tuple", { type: "array", items: text, prefixItems: [text] }, "one_of"],
    ["an object of anything", { type: "object" }, "exact"],
    ["an object of any names", { type: "object", additionalProperties: text, properties: { a: text } }, "exact"],
    ["names by a pattern", { type: "object", additionalProperties: false, patternProperties: { "^a": text } }, "exact"],
    [
      "a range with a third end",
      {
        type: "object",
        additionalProperties: false,
        properties: { min: { type: "number" }, step: { type: "number" } },
      },
      "range",
    ],
    [
      "a range of texts",
      { type: "object", additionalProperties: false, properties: { min: text, max: text } },
      "range",
    ],
    ["a range that takes anything else", { type: "object", properties: { min: { type: "number" } } }, "range"],
  ])("is refused with %s", (_, schema, rule) => expect(field(schema, rule)).not.toEqual([]));

  it("is refused with the field 'type', or one that every object inherits, or one spelled like a path", () => {
    for (const name of ["type", "constructor", "toString", "hasOwnProperty", "a.b", "", "9a", "x".repeat(65)])
      expect(
        found({ type: "object", additionalProperties: false, properties: { [name]: text } }, { [name]: "exact" }),
      ).not.toEqual([]);
    const proto = JSON.parse(
      '{"type":"object","additionalProperties":false,"properties":{"__proto__":{"type":"string"}}}',
    );
    expect(found(proto, JSON.parse('{"__proto__":"exact"}'))).not.toEqual([]);
  });

  it("is refused when it nests too deep, has too many fields or too many bytes", () => {
    const nest = (levels: number): object =>
      levels === 0 ? text : { type: "object", additionalProperties: false, properties: { a: nest(levels - 1) } };
    expect(found(nest(4), { "a.a.a.a": "exact" })).toEqual([]);
    expect(found(nest(5), { "a.a.a.a.a": "exact" }).join()).toContain("nested deeper than 4");
    const wide = (count: number) => {
      const names = Array.from({ length: count }, (_, i) => `f${i}`);
      const properties = Object.fromEntries(names.map((name) => [name, text]));
      const rules = Object.fromEntries(names.map((name) => [name, "exact"]));
      return found({ type: "object", additionalProperties: false, properties }, rules);
    };
    expect(wide(50)).toEqual([]);
    expect(wide(51)).toEqual(["schema: more than 50 fields"]);
    expect(field({ type: "string", description: "x".repeat(17_000) }).join()).toContain("larger than 16384 bytes");
  });

  it("names values in the spelling that is stored, or the field could never be granted", () => {
    const named = (value: string, rule: string) =>
      field({ type: "array", items: { type: "string", enum: [value] } }, rule);
    expect(named("https://api.example", "url")).toEqual([
      'schema.properties.x.items.enum.0: write it as "https://api.example/"',
    ]);
    expect(named("https://api.example/", "url")).toEqual([]);
    expect(named("/a/../b", "path").join()).toContain("does not understand");
    expect(field({ type: "string", const: "/a/" }, "path")).toEqual(['schema.properties.x.const: write it as "/a"']);
  });

  property.prop([fc.jsonValue({ maxDepth: 5 }), fc.jsonValue({ maxDepth: 3 })])(
    "never throws, whatever a declaration holds, and takes nothing that is no schema",
    (schema, x) => {
      if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return;
      expect(found(schema, { x: "exact" })).not.toEqual([]);
      expect(Array.isArray(field(x))).toBe(true);
    },
  );

  const fieldSchemas = fc.oneof(
    fc.constantFrom(
      text,
      texts,
      { type: "number" },
      { type: "integer" },
      { type: "boolean" },
      { type: "array", items: { type: "number" } },
    ),
    fc.constant({
      type: "object",
      additionalProperties: false,
      properties: { min: { type: "number" }, max: { type: "integer" } },
    }),
  );
  property.prop([fieldSchemas, fc.constantFrom(...ruleNames), fc.jsonValue({ maxDepth: 2 })], { numRuns: 1_000 })(
    "with a rule that fits lets no value through that the rule cannot read",
    (schema, rule, value) => {
      if (field(schema, rule).length > 0) return;
      const type: DetailsTypeDeclaration = {
        name: "t",
        schema: { type: "object", additionalProperties: false, properties: { x: schema } },
        rules: { x: rule },
      };
      const understood = understandDetail({ type: "t", x: value }, type);
      if (understood.ok) expect(understandDetail(understood.value.canonical, type)).toEqual(understood);
    },
  );
});
