import { describe, expect, it, test } from "vitest";
import type { AuthorizationDetail } from "../../core/model/session.ts";
import { createDetailsCheck, type DetailsTypeDeclaration, type DetailsUse } from "../../core/verify/permits.ts";
import { declared } from "../kit/registry.ts";

const files: DetailsTypeDeclaration = {
  name: "files",
  ...declared(
    {
      locations: { type: "array", items: { type: "string" } },
      paths: { type: "array", items: { type: "string" } },
      actions: { type: "array", items: { type: "string", enum: ["read", "write"] } },
      except: { type: "array", items: { type: "string" } },
      until: { type: "string" },
      amount: {
        type: "object",
        additionalProperties: false,
        required: ["currency"],
        properties: { currency: { type: "string" }, value: { type: "number" } },
      },
    },
    {
      locations: "url",
      paths: "path",
      actions: "one_of",
      except: "not",
      until: "before",
      "amount.currency": "exact",
      "amount.value": "max",
    },
    ["paths"],
  ),
};
const owners: DetailsTypeDeclaration = {
  name: "owners",
  ...declared({ who: { type: "array", items: { type: "string" } } }, { who: "one_of" }, ["who"]),
};
const permits = createDetailsCheck([files, owners]);
const outcome = (detail: object | readonly object[], use: object) => {
  const details = [detail].flat() as AuthorizationDetail[];
  const result = permits(details, use as DetailsUse);
  if (result.ok) return "admitted";
  return result.error.code === "details_forbid" ? `${result.error.type} ${result.error.field}` : result.error.code;
};
const under = { type: "files", paths: ["/srv/ada"] };

describe("a concrete request", () => {
  it("is admitted when every detail admits every value it names", () => {
    const detail = {
      ...under,
      locations: ["https://files.example/v1"],
      actions: ["read"],
      except: ["secret"],
      until: "2026-11-24T12:00:00Z",
      amount: { currency: "EUR", value: 100 },
    };
    const use = {
      paths: ["/srv/ada/a.txt", "/srv/ada/b.txt"],
      locations: "https://FILES.example:443/v1/ada",
      actions: "read",
      except: "public",
      until: new Date("2026-11-24T11:59:59Z"),
      "amount.currency": "EUR",
      "amount.value": 100,
    };
    expect(outcome(detail, { files: use })).toBe("admitted");
    for (const [field, value] of [
      ["paths", ["/srv/ada/a.txt", "/srv/eve/b.txt"]],
      ["locations", "https://files.example/v2"],
      ["actions", "write"],
      ["except", "SECRET"],
      ["until", new Date("2026-11-24T12:00:00Z")],
      ["amount.currency", "USD"],
      ["amount.value", 100.01],
    ] as const)
      expect(outcome(detail, { files: { ...use, [field]: value } })).toBe(`files ${field}`);
  });

  it("is refused when it does not name what the token restricts, or names it as nothing", () => {
    for (const use of [
      {},
      { files: {} },
      { files: { paths: [] } },
      { files: { paths: undefined } },
      { owners: { who: "ada" } },
    ])
      expect(outcome(under, use)).toBe("files paths");
  });

  it("is refused when a field's name has a typing error, which would be asked of nobody", () => {
    expect(outcome(under, { files: { paths: "/srv/ada", path: "/etc" } })).toBe("files path");
  });

  it("is not admitted by what every object inherits", () => {
    expect(outcome({ type: "constructor" }, { files: { paths: "/srv/ada" } })).toBe("constructor type");
    const inherited = Object.create({ files: { paths: "/srv/ada" } });
    expect(outcome(under, inherited)).toBe("files paths");
    expect(outcome(under, { files: Object.create({ paths: "/srv/ada" }) })).toBe("files paths");
  });

  it("needs every one of several details", () => {
    const both = [under, { type: "owners", who: ["ada"] }];
    expect(outcome(both, { files: { paths: "/srv/ada" }, owners: { who: "ada" } })).toBe("admitted");
    expect(outcome(both, { files: { paths: "/srv/ada" } })).toBe("owners who");
    expect(
      outcome([...both, { type: "owners", who: ["eve"] }], { files: { paths: "/srv/ada" }, owners: { who: "ada" } }),
    ).toBe("owners who");
  });

  it("is admitted by a token without details: nothing restricts it", () => {
    expect(outcome([], {})).toBe("admitted");
  });

  test.each([
    ["a type this server does not know", { type: "folders", paths: ["/srv"] }, "folders type"],
    ["a field this server does not know", { ...under, depth: 1 }, "files depth"],
    ["a required field that is missing", { type: "files", actions: ["read"] }, "files paths"],
    ["a value of another type", { type: "files", paths: "/srv/ada" }, "files paths"],
    ["a value outside the schema", { ...under, actions: ["delete"] }, "files actions.0"],
    ["a path that steps up", { type: "files", paths: ["/srv/ada/.."] }, "files paths"],
    ["an object for a nested field that says nothing", { ...under, amount: {} }, "files amount"],
    ["a nested field spelled like a path", { ...under, "amount.value": 5 }, "files amount.value"],
  ])("is refused by a detail with %s, whatever it names", (_, detail, expected) => {
    expect(outcome(detail, { files: { paths: "/srv/ada", actions: "read" } })).toBe(expected);
  });

  test.each([
    ["../eve", "/srv/ada/../eve"],
    ["an encoded step up", "/srv/ada/%2e%2e/eve"],
    ["a neighbour with a longer name", "/srv/adam"],
    ["another spelling of the root", "//srv/ada"],
    ["a backslash", "/srv/ada\\..\\eve"],
  ])("does not leave its path by %s", (_, path) => {
    expect(outcome(under, { files: { paths: path } })).toBe("files paths");
  });
});

it("takes no declaration the registry would refuse, and none twice", () => {
  const loose = { ...files, rules: { paths: "path" } } as DetailsTypeDeclaration;
  expect(() => createDetailsCheck([loose])).toThrow(/files: schema.properties.locations: field locations has no rule/);
  expect(() => createDetailsCheck([files, files])).toThrow(TypeError);
});
