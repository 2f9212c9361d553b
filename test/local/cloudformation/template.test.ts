import { describe, expect, it } from "vitest";
import type { Stack, Template } from "../../../local/emulator/cloudformation/assembly.ts";
import { physicalNames } from "../../../local/emulator/cloudformation/physical.ts";
import { resolveStacks } from "../../../local/emulator/cloudformation/template.ts";

const sub = (text: string) => text.replaceAll("@", "$");

function stack(name: string, template: Template): Stack {
  return { name, account: "111122223333", region: "eu-west-1", template, assets: new Map() };
}

function resolve(...stacks: Stack[]) {
  return resolveStacks(stacks, physicalNames({ functionUrl: () => "http://127.0.0.1:4000/" }));
}

/** What one value resolves to, in a stack with a bucket and a table. */
function value(written: unknown, more: Partial<Template> = {}) {
  const template: Template = {
    Resources: {
      Bucket: { Type: "AWS::S3::Bucket" },
      Table: { Type: "AWS::DynamoDB::GlobalTable", Properties: { TableName: "rows" } },
      Holder: { Type: "AWS::Logs::LogGroup", Properties: { held: written } },
    },
    ...more,
  };
  const cloud = resolve(stack("one", template));
  const holder = cloud.ofType("AWS::Logs::LogGroup")[0];
  if (holder === undefined) throw new Error("no holder");
  return cloud.properties(holder).held;
}

describe("intrinsics", () => {
  it.each([
    ["Ref of a named resource", { Ref: "Table" }, "rows"],
    ["Ref of a pseudo parameter", { Ref: "AWS::Region" }, "eu-west-1"],
    ["GetAtt as a list", { "Fn::GetAtt": ["Table", "Arn"] }, "arn:aws:dynamodb:eu-west-1:111122223333:table/rows"],
    ["GetAtt as text", { "Fn::GetAtt": "Table.Arn" }, "arn:aws:dynamodb:eu-west-1:111122223333:table/rows"],
    ["Join", { "Fn::Join": ["-", ["a", { Ref: "AWS::AccountId" }, 3]] }, "a-111122223333-3"],
    [
      "Sub",
      { "Fn::Sub": sub("@{AWS::Region}/@{Table}/@{Table.Arn}") },
      "eu-west-1/rows/arn:aws:dynamodb:eu-west-1:111122223333:table/rows",
    ],
    ["Sub with a map", { "Fn::Sub": [sub("@{x}@{!y}"), { x: { Ref: "Table" } }] }, sub("rows@{y}")],
    ["Select of Split", { "Fn::Select": [2, { "Fn::Split": ["/", "http://h/p"] }] }, "h"],
    ["FindInMap", { "Fn::FindInMap": ["M", { Ref: "AWS::Region" }, "x"] }, "mapped"],
    ["If by a condition", { "Fn::If": ["IsHere", "yes", "no"] }, "yes"],
    ["a member without value", { a: { Ref: "AWS::NoValue" }, b: 1 }, { b: 1 }],
    ["a list member without value", [{ Ref: "AWS::NoValue" }, 1], [1]],
    ["Ref of a parameter", { Ref: "P" }, "default"],
    [
      "an IAM condition, which is no intrinsic",
      { Condition: { Bool: { a: "true" } } },
      { Condition: { Bool: { a: "true" } } },
    ],
  ])("answer %s", (_name, written, expected) => {
    const more = {
      Mappings: { M: { "eu-west-1": { x: "mapped" } } },
      Conditions: {
        IsHere: {
          "Fn::And": [
            { "Fn::Equals": [{ Ref: "AWS::Region" }, "eu-west-1"] },
            { "Fn::Not": [{ "Fn::Equals": ["a", "b"] }] },
          ],
        },
      },
      Parameters: { P: { Default: "default" } },
    };
    expect(value(written, more)).toEqual(expected);
  });

  it.each([
    ["an intrinsic that is not known", { "Fn::Cidr": ["10.0.0.0/8", 1, 8] }, /Fn::Cidr/],
    [
      "an attribute that is not known",
      { "Fn::GetAtt": ["Table", "Colour"] },
      /Colour of AWS::DynamoDB::GlobalTable one\/Table/,
    ],
    ["a resource that is not there", { Ref: "Nowhere" }, /one refers to "Nowhere"/],
    ["an export that nobody makes", { "Fn::ImportValue": "nothing" }, /nothing/],
    ["a parameter without a value", { Ref: "Q" }, /Q has no default/],
    ["an index outside its list", { "Fn::Select": [5, ["a"]] }, /outside/],
    ["a condition that is not defined", { "Fn::If": ["Never", 1, 2] }, /Never/],
  ])("refuse %s", (_name, written, message) => {
    expect(() => value(written, { Parameters: { Q: {} } })).toThrow(message);
  });
});

describe("stacks together", () => {
  const below = stack("below", {
    Resources: { Table: { Type: "AWS::DynamoDB::GlobalTable" } },
    Outputs: {
      Arn: { Value: { "Fn::GetAtt": ["Table", "Arn"] }, Export: { Name: { "Fn::Sub": sub("@{AWS::StackName}:Arn") } } },
    },
  });
  const above = (reference: unknown) =>
    stack("above", { Resources: {}, Outputs: { Seen: { Value: reference }, Arn: { Value: "another" } } });

  it("answer imports and weak references from the other stack's outputs", () => {
    const arn = resolve(below).outputs().Arn;
    expect(arn).toMatch(/^arn:aws:dynamodb:eu-west-1:111122223333:table\/below-Table-[0-9a-f]{12}$/);
    expect(resolve(below, above({ "Fn::ImportValue": "below:Arn" })).outputs().Seen).toBe(arn);
    const weak = { "Fn::GetStackOutput": { StackName: "below", Region: "eu-west-1", OutputName: "Arn" } };
    expect(resolve(below, above(weak)).outputs().Seen).toBe(arn);
  });

  it("keep an output whose name another stack has too", () => {
    const outputs = resolve(below, above("x")).outputs();
    expect(outputs["above.Arn"]).toBe("another");
    expect(outputs.Arn).not.toBe("another");
  });

  it("leave out a resource whose condition does not hold", () => {
    const cloud = resolve(
      stack("one", {
        Conditions: { No: { "Fn::Equals": ["a", "b"] } },
        Resources: { Bucket: { Type: "AWS::S3::Bucket", Condition: "No" } },
      }),
    );
    expect(cloud.resources).toEqual([]);
  });
});

describe("physical names", () => {
  it("refuse a resource type that is not known, by type and logical id", () => {
    const cloud = resolve(stack("one", { Resources: { Cluster: { Type: "AWS::Redshift::Cluster" } } }));
    const [resource] = cloud.resources;
    expect(() => resource && cloud.physical(resource)).toThrow(/AWS::Redshift::Cluster of one\/Cluster/);
  });

  it("stay the same from run to run and differ between stacks", () => {
    const resources = { Key: { Type: "AWS::KMS::Key" } };
    const idIn = (name: string) => {
      const cloud = resolve(stack(name, { Resources: resources }));
      return cloud.resources.map((resource) => cloud.physical(resource).ref)[0];
    };
    expect(idIn("one")).toBe(idIn("one"));
    expect(idIn("one")).not.toBe(idIn("two"));
  });

  it("give a function URL the trailing slash that AWS gives it", () => {
    const cloud = resolve(
      stack("one", {
        Resources: {
          Fn: { Type: "AWS::Lambda::Function", Properties: { FunctionName: "f" } },
          Url: { Type: "AWS::Lambda::Url", Properties: { TargetFunctionArn: { "Fn::GetAtt": ["Fn", "Arn"] } } },
        },
        Outputs: { Url: { Value: { "Fn::GetAtt": ["Url", "FunctionUrl"] } } },
      }),
    );
    expect(cloud.outputs().Url).toBe("http://127.0.0.1:4000/");
  });
});
