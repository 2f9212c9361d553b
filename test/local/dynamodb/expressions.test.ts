import { fc, test } from "@fast-check/vitest";
import conditionParser, { type ParserContext } from "dynalite/db/conditionParser.js";
import projectionParser from "dynalite/db/projectionParser.js";
import updateParser from "dynalite/db/updateParser.js";
import { afterAll, describe, expect } from "vitest";
import { remembering } from "../../../local/emulator/dynamodb/expressions.ts";

const parsers = { condition: conditionParser.parse, projection: projectionParser.parse, update: updateParser.parse };
const kept = {
  condition: remembering(parsers.condition),
  projection: remembering(parsers.projection),
  update: remembering(parsers.update),
};

const names = { "#a": "first", "#b": "second", "#c": "first" };
const path = fc.constantFrom("#a", "#b", "#c", "plain", "plain.inner", "#a[1].#b", "name", "#gone");
const value = fc.constantFrom(":v", ":w", ":x", ":gone");
const operand = fc.oneof(
  path,
  value,
  path.map((one) => `size(${one})`),
);
const comparison = fc.oneof(
  fc.tuple(operand, fc.constantFrom("=", "<>", "<", ">="), operand).map((parts) => parts.join(" ")),
  fc.tuple(operand, operand, operand).map(([one, low, high]) => `${one} BETWEEN ${low} AND ${high}`),
  fc.tuple(operand, operand, operand).map(([one, two, three]) => `${one} in (${two}, ${three})`),
  fc.tuple(fc.constantFrom("attribute_exists", "attribute_not_exists"), operand).map(([f, x]) => `${f}(${x})`),
  fc
    .tuple(fc.constantFrom("begins_with", "contains", "attribute_type", "nothing"), operand, operand)
    .map(([f, x, y]) => `${f}(${x}, ${y})`),
);
const condition = fc.oneof(
  comparison,
  fc.tuple(comparison, fc.constantFrom("AND", "or", "AND NOT"), comparison).map((parts) => parts.join(" ")),
  comparison.map((one) => `(NOT (${one}))`),
);
const setting = fc.oneof(
  fc.tuple(path, operand).map((parts) => parts.join(" = ")),
  fc.tuple(path, path, value).map(([to, from, other]) => `${to} = if_not_exists(${from}, ${other})`),
  fc.tuple(path, operand, operand).map(([to, one, other]) => `${to} = ${one} + ${other}`),
  fc.tuple(path, operand, operand).map(([to, one, other]) => `${to} = list_append(${one}, ${other})`),
);
const update = fc.oneof(
  fc.array(setting, { minLength: 1, maxLength: 2 }).map((all) => `SET ${all.join(", ")}`),
  fc.tuple(setting, path).map(([one, gone]) => `SET ${one} REMOVE ${gone}`),
  fc.tuple(fc.constantFrom("ADD", "DELETE", "add"), path, value).map((parts) => parts.join(" ")),
);
const projection = fc.array(path, { minLength: 1, maxLength: 3 }).map((all) => all.join(", "));
const asked = fc.oneof(
  condition.map((text) => ["condition", text] as const),
  update.map((text) => ["update", text] as const),
  projection.map((text) => ["projection", text] as const),
  fc.tuple(fc.constantFrom("condition", "update", "projection"), fc.string()).map((parts) => parts),
);
const held = fc.oneof(
  fc.record({ S: fc.constantFrom("S", "N", "some", "text") }),
  fc.record({ N: fc.constantFrom("1", "22") }),
  fc.record({ SS: fc.constantFrom(["a"], ["b", "c"]) }),
  fc.constantFrom({ BOOL: true }, { NULL: true }, { L: [{ S: "a" }] }, { M: { a: { N: "1" } } }),
);
const values = fc.record({ ":v": held, ":w": held, ":x": held }, { requiredKeys: [":v", ":w"] });

interface Outcome {
  readonly parsed?: unknown;
  readonly thrown?: string;
  readonly [more: string]: unknown;
}

/** What comes of parsing, with what is left unused, or the error. */
function outcome(parse: typeof parsers.condition, text: string, attrVals: ParserContext["attrVals"]): Outcome {
  const context = {
    attrNames: { ...names },
    attrVals: structuredClone(attrVals),
    unusedAttrNames: Object.fromEntries(Object.keys(names).map((name) => [name, true])),
    unusedAttrVals: Object.fromEntries(Object.keys(attrVals ?? {}).map((name) => [name, true])),
    isReserved: (name: string) => name === "name",
    compare: (_: string, one: object, other: object) => JSON.stringify(one) > JSON.stringify(other),
  };
  const { attrNames: _, attrVals: __, isReserved: ___, compare: ____, ...unused } = context;
  try {
    const parsed = parse(text, { context });
    return { parsed, keys: JSON.stringify(parsed), ...(typeof parsed === "string" ? {} : unused) };
  } catch (thrown) {
    return { thrown: String((thrown as Error).message) };
  }
}

let understood = 0;

describe("a parser that remembers", () => {
  test.prop([asked, fc.array(values, { minLength: 2, maxLength: 4 })], { numRuns: 1_000 })(
    "says of every expression what dynalite's own says, whatever values it was remembered with",
    ([kind, text], all) => {
      for (const some of all) {
        const expected = outcome(parsers[kind], text, some);
        expect(outcome(kept[kind], text, some)).toEqual(expected);
        understood += Number(typeof expected.parsed === "object");
      }
    },
  );

  test("gives out copies: nobody changes what the next one gets", () => {
    const first = outcome(kept.update, "SET #a = :v", { ":v": { S: "one" } });
    for (const list of Object.values(first.parsed as Record<string, unknown[]>))
      if (Array.isArray(list)) list.splice(0);
    expect(outcome(kept.update, "SET #a = :v", { ":v": { S: "two" } })).toEqual(
      outcome(parsers.update, "SET #a = :v", { ":v": { S: "two" } }),
    );
  });

  afterAll(() => expect(understood).toBeGreaterThan(200));
});
