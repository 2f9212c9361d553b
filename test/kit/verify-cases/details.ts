import type { DetailsTypeDeclaration, DetailsUse } from "../../../client/verify.ts";
import type { VerifyCase } from "./case.ts";
import { asks, token } from "./issuer.ts";

const texts = { type: "array", items: { type: "string" } } as const;
const declare = (
  name: string,
  fields: Readonly<Record<string, readonly [schema: object, rule: string]>>,
): DetailsTypeDeclaration => ({
  name,
  schema: {
    type: "object",
    additionalProperties: false,
    properties: Object.fromEntries(Object.entries(fields).map(([field, [schema]]) => [field, schema])),
  },
  rules: Object.fromEntries(
    Object.entries(fields).map(([field, [, rule]]) => [field, rule]),
  ) as DetailsTypeDeclaration["rules"],
});
/** One type a rule; what a bound admits stands in the table below. */
const ruled = (rule: string, schema: object): DetailsTypeDeclaration =>
  declare(`of-${rule}`, { field: [schema, rule] });

/** Bounds of each rule, and values that a request names: each pair is a case. */
const tables: readonly (readonly [
  rule: string,
  schema: object,
  bounds: readonly unknown[],
  values: readonly unknown[],
])[] = [
  [
    "one_of",
    texts,
    [["a", "b"], ["a"], [], ["a", "a"], ["\u0061\u0301"], "a", [1], ["\u200b"]],
    ["a", "c", ["a", "b"], ["a", "c"], [], 1, "A", null],
  ],
  [
    "not",
    texts,
    [["root"], ["\u00c4dmin", "x"]],
    ["ada", "root", "ROOT", " root ", "\uff52\uff4f\uff4f\uff54", "root\u200b", "\u00e4dmin", ["ada", "root"], 1],
  ],
  ["exact", { type: "string" }, ["eur", "", "e\u0301"], ["eur", "EUR", ["eur"], 1, true]],
  ["exact", { type: "number" }, [1, 0, 2 ** 53], [1, 1.5, "1", true, 0, false]],
  ["exact", { type: "boolean" }, [true, false], [true, false, 1, 0, "true"]],
  ["max", { type: "number" }, [10, 0, -1.5, 2 ** 53], [10, 11, 9.99, -2, "9", true, [1, 10], [1, 11]]],
  ["min", { type: "integer" }, [10, 10.5], [10, 9, 11, "11", [11, 9]]],
  [
    "range",
    { type: "object", additionalProperties: false, properties: { min: { type: "number" }, max: { type: "number" } } },
    [{ min: 1, max: 3 }, { min: 1 }, { max: 3 }, {}, { min: 3, max: 1 }, { min: 1, other: 2 }],
    [0, 1, 2, 3, 4, "2", [1, 3], [1, 4]],
  ],
  [
    "before",
    { type: "string" },
    [
      "2026-11-30T10:00:00Z",
      "2026-11-30T12:00:00+02:00",
      "2026-02-29T00:00:00Z",
      "2026-11-30",
      "2026-11-30T23:59:60Z",
      "1969-12-31T23:59:59Z",
    ],
    [
      "2026-11-30T09:59:59.999Z",
      "2026-11-30T10:00:00Z",
      "2026-11-30T11:00:00+02:00",
      "2026-11-30T09:00:00-02:00",
      "tomorrow",
      "2026-13-01T00:00:00Z",
      1,
    ],
  ],
  [
    "after",
    { type: "string" },
    ["2026-11-30T10:00:00.5Z"],
    ["2026-11-30T10:00:00.501Z", "2026-11-30T10:00:00.5Z", "2026-11-30T10:00:00Z", "2026-11-30T10:00:01.1234Z"],
  ],
  ["prefix", { type: "string" }, ["team/", ""], ["team/a", "team", "Team/a", "team/../x", "team/\u0000", 1]],
  [
    "prefix",
    texts,
    [
      ["a/", "b/"],
      ["a/", "\u0001"],
    ],
    ["a/1", "b/1", "c/1", ["a/1", "c/1"]],
  ],
  [
    "path",
    { type: "string" },
    ["/a", "/a/", "/", "//a", "/a/../b", "/a/./b", "a", "/a/%2e", "/a//b", "/a/ . /b", "/\uff0e\uff0e/b"],
    ["/a", "/a/b", "/ab", "/a/../b", "/b", "/a/./b", "//a", "/a/b/c", "/a\\b", "/a/..", 1, "/"],
  ],
  [
    "url",
    { type: "string" },
    [
      "https://api.example/v1",
      "https://API.example:443/v1/",
      "http://api.example/",
      "https://api.example/v1?x=1",
      "https://ada@api.example/",
      "https://api.example/v1#x",
      "https://api.example//v1",
      "https://api.example/%2e%2e/x",
      "https://api.example/a%2fb",
      "https://[::1]/x",
      "https://127.0.0.1/",
      "https://0177.0.0.1/",
      "https://api%2eexample/",
      "ftp://api.example/",
      "https://b\u00fccher.example/",
      "https://api.example/v1/../v2",
    ],
    [
      "https://api.example/v1",
      "https://api.example/v1/x",
      "https://api.example/v2",
      "https://api.example/v12",
      "https://api.example:8443/v1",
      "http://api.example/v1",
      "https://api.example/v1?x=1",
      "https://api.example/v1/%78",
      "https://api.example/v1/../v2",
      "https://evil.example/v1",
      "https://api.example.evil.example/v1",
      "https://api.example/v1\\..",
      "https://xn--bcher-kva.example/",
      "https://127.0.0.1/x",
      "https://[0:0::1]/x/y",
      7,
    ],
  ],
];

const money = declare("payment", {
  amount: [{ type: "number", minimum: 0 }, "max"],
  currency: [{ type: "string", enum: ["EUR", "USD"] }, "exact"],
});
const deep: DetailsTypeDeclaration = {
  name: "deep",
  schema: {
    type: "object",
    additionalProperties: false,
    required: ["order"],
    properties: {
      order: {
        type: "object",
        additionalProperties: false,
        required: ["id"],
        properties: {
          id: { type: "string", minLength: 2, maxLength: 4 },
          tags: { type: "array", items: { type: "string" }, maxItems: 2, uniqueItems: true },
        },
      },
    },
  },
  rules: { "order.id": "exact", "order.tags": "one_of" },
};

const whole: readonly (readonly [title: string, details: readonly object[], permits: DetailsUse | undefined])[] = [
  ["no details", [], { payment: { amount: 1 } }],
  ["a type nobody declared", [{ type: "other" }], undefined],
  ["a detail with its type alone", [{ type: "payment" }], {}],
  ["a field nobody declared", [{ type: "payment", note: "x" }], undefined],
  ["a field of the prototype", [{ type: "payment", constructor: 1 }], undefined],
  ["a bound that the schema refuses", [{ type: "payment", amount: -1 }], undefined],
  ["a currency that the schema refuses", [{ type: "payment", currency: "eur" }], undefined],
  [
    "both fields named",
    [{ type: "payment", amount: 10, currency: "EUR" }],
    { payment: { amount: 9, currency: "EUR" } },
  ],
  ["a field not named", [{ type: "payment", amount: 10, currency: "EUR" }], { payment: { amount: 9 } }],
  ["nothing named", [{ type: "payment", amount: 10 }], {}],
  ["a stray field named", [{ type: "payment", amount: 10 }], { payment: { amount: 9, ammount: 9 } }],
  [
    "a field named that is not restricted",
    [{ type: "payment", amount: 10 }],
    { payment: { amount: 9, currency: "USD" } },
  ],
  [
    "two details, one of them narrower",
    [
      { type: "payment", amount: 10 },
      { type: "payment", amount: 5 },
    ],
    { payment: { amount: 9 } },
  ],
  [
    "a nested detail",
    [{ type: "deep", order: { id: "o1", tags: ["a", "b"] } }],
    { deep: { "order.id": "o1", "order.tags": ["a"] } },
  ],
  ["a nested detail of another order", [{ type: "deep", order: { id: "o1" } }], { deep: { "order.id": "o2" } }],
  ["a nested detail without what is required", [{ type: "deep", order: { tags: ["a"] } }], undefined],
  ["a nested detail that is empty", [{ type: "deep", order: {} }], undefined],
  ["a nested detail that is no object", [{ type: "deep", order: "o1" }], undefined],
  ["an id too long", [{ type: "deep", order: { id: "order" } }], undefined],
  ["too many tags", [{ type: "deep", order: { id: "o1", tags: ["a", "b", "c"] } }], undefined],
  ["a tag twice", [{ type: "deep", order: { id: "o1", tags: ["a", "a"] } }], undefined],
  ["a dotted name for a nested field", [{ type: "deep", "order.id": "o1" }], undefined],
];

/** Details and uses; what is expected is recorded from the check itself, whose own tests say why. */
export function detailsCases(): readonly VerifyCase[] {
  const expect = "recorded";
  const pairs = tables.flatMap(([rule, schema, bounds, values], table) =>
    bounds.map((bound, n): VerifyCase => {
      const type = ruled(rule, schema);
      // a bearer token, so that no step needs a proof of its own
      const sent = token({ cnf: undefined, authorization_details: [{ type: type.name, field: bound }] });
      const headers = [["authorization", "Bearer {token}"]] as const;
      const steps = values.map((value) => ({ headers, expect, permits: { [type.name]: { field: value } } }));
      return {
        id: `rule-${table + 1}-${n + 1}`,
        title: `rule ${rule}: ${JSON.stringify(bound)}`,
        options: { acceptBearer: true, details: [type] },
        token: sent,
        steps,
      };
    }),
  );
  const others = whole.map(([title, details, permits], n): VerifyCase => {
    const step = asks(token({ authorization_details: details }), expect, permits === undefined ? {} : { permits });
    return { id: `details-${n + 1}`, title, options: { details: [money, deep] }, steps: [step] };
  });
  return [...pairs, ...others];
}
