import { describe, expect, it } from "vitest";
import { type Policies, readPolicy, refusal, type Statement } from "../../../local/emulator/iam/policy.ts";

const account = "111122223333";
const worker = `arn:aws:iam::${account}:role/worker`;
const table = `arn:aws:dynamodb:eu-west-1:${account}:table/rows`;
const key = `arn:aws:kms:eu-west-1:${account}:key/1`;

const ask = (action: string, resource: string, context: Record<string, string[]> = {}) => ({
  principalArn: worker,
  account,
  action,
  resource,
  context: { "aws:principalarn": [worker], ...context },
});
const allow = (
  Action: string | string[],
  Resource: string | string[],
  Condition?: Statement["Condition"],
): Statement => ({
  Effect: "Allow",
  Action,
  Resource,
  ...(Condition && { Condition }),
});
const deny = (Action: string, Resource: string, Condition?: Statement["Condition"]): Statement => ({
  ...allow(Action, Resource, Condition),
  Effect: "Deny",
});
const decide = (request: ReturnType<typeof ask>, identity: Statement[], more: Partial<Policies> = {}) =>
  refusal(request, { identity, ...more }) === undefined;

describe("identity policies", () => {
  it("deny what nothing allows", () => {
    expect(refusal(ask("dynamodb:GetItem", table), { identity: [] })).toMatch(
      /not authorized to perform: dynamodb:GetItem/,
    );
  });

  it.each([
    ["the action's exact name", allow("dynamodb:GetItem", table), true],
    ["another case of the action", allow("dynamodb:getitem", table), true],
    ["a wildcard in the action", allow("dynamodb:Get*", table), true],
    ["another action", allow("dynamodb:PutItem", table), false],
    ["a resource's prefix without wildcard", allow("dynamodb:GetItem", table.slice(0, -1)), false],
    ["a wildcard in the resource", allow("dynamodb:GetItem", `arn:aws:dynamodb:*:${account}:table/r?ws`), true],
    ["a dot that is no wildcard", allow("dynamodb.GetItem", table), false],
  ])("evaluates %s", (_name, statement, expected) => {
    expect(decide(ask("dynamodb:GetItem", table), [statement])).toBe(expected);
  });

  it("let an explicit deny win over every allow", () => {
    expect(decide(ask("dynamodb:GetItem", table), [allow("*", "*"), deny("dynamodb:*", "*")])).toBe(false);
  });

  it("honour NotAction and NotResource", () => {
    const statement: Statement = { Effect: "Allow", NotAction: "iam:*", NotResource: key };
    expect(decide(ask("dynamodb:GetItem", table), [statement])).toBe(true);
    expect(decide(ask("iam:PassRole", table), [statement])).toBe(false);
    expect(decide(ask("kms:Sign", key), [statement])).toBe(false);
  });
});

describe("conditions", () => {
  const held = (Condition: Statement["Condition"], context: Record<string, string[]>) =>
    decide(ask("x:Y", "z", context), [allow("x:Y", "z", Condition)]);

  it.each([
    ["StringEquals", { StringEquals: { k: ["a", "b"] } }, { k: ["b"] }, true],
    ["StringEquals of an absent key", { StringEquals: { k: "a" } }, {}, false],
    ["StringNotEquals of an absent key", { StringNotEquals: { k: "a" } }, {}, true],
    ["StringNotEquals of one of several", { StringNotEquals: { k: ["a", "b"] } }, { k: ["b"] }, false],
    ["IfExists of an absent key", { StringEqualsIfExists: { k: "a" } }, {}, true],
    ["IfExists of a wrong key", { StringEqualsIfExists: { k: "a" } }, { k: ["b"] }, false],
    ["StringLike", { StringLike: { k: "denied#*" } }, { k: ["denied#1"] }, true],
    ["key names in another case", { StringEquals: { K: "a" } }, { k: ["a"] }, true],
    ["Bool", { Bool: { k: "false" } }, { k: ["false"] }, true],
    ["Bool of an absent key", { Bool: { k: "false" } }, {}, false],
    ["BoolIfExists of an absent key", { BoolIfExists: { k: "false" } }, {}, true],
    ["Null of an absent key", { Null: { k: "true" } }, {}, true],
    ["Null of a present key", { Null: { k: "true" } }, { k: ["a"] }, false],
    ["ArnLike", { ArnLike: { k: "arn:aws:iam::*:role/worker" } }, { k: [worker] }, true],
    ["NumericLessThanEquals", { NumericLessThanEquals: { k: "300" } }, { k: ["60"] }, true],
    ["ForAllValues when one strays", { "ForAllValues:StringLike": { k: "d#*" } }, { k: ["d#1", "e#1"] }, false],
    ["ForAllValues of nothing at all", { "ForAllValues:StringLike": { k: "d#*" } }, {}, true],
    ["ForAnyValue", { "ForAnyValue:StringEquals": { k: "a" } }, { k: ["b", "a"] }, true],
    ["ForAnyValue of nothing at all", { "ForAnyValue:StringEquals": { k: "a" } }, {}, false],
  ] as [string, Statement["Condition"], Record<string, string[]>, boolean][])(
    "evaluates %s",
    (_name, condition, context, expected) => {
      expect(held(condition, context)).toBe(expected);
    },
  );

  it("fill policy variables and match nothing when one has no value", () => {
    const condition = { StringEquals: { "dynamodb:LeadingKeys": "$" + "{aws:PrincipalTag/agent}" } };
    const context = { "dynamodb:leadingkeys": ["a1"] };
    expect(held(condition, { ...context, "aws:principaltag/agent": ["a1"] })).toBe(true);
    expect(held(condition, context)).toBe(false);
  });

  it("refuse an operator or element that is not known, when the policy is read", () => {
    const read = (statement: object) => () =>
      readPolicy({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "x:Y", ...statement }] }, "a role");
    expect(read({ Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/33" } } })).toThrow(/IpAddress/);
    expect(read({ Condition: { StringSounds: { k: "a" } } })).toThrow(/StringSounds/);
    expect(read({ Condition: { DateLessThan: { "aws:CurrentTime": "x" } } })).toThrow(/DateLessThan/);
    expect(read({ Condition: { DateLessThan: { k: "$" + "{aws:PrincipalTag/end}" } } })).toThrow(/DateLessThan/);
    expect(read({ Condition: { "ForAnyValue:StringEqualsIfExists": { k: "a" } } })).toThrow(/not clear/);
    expect(read({ NotPrincipal: "*" })).toThrow(/NotPrincipal/);
    expect(read({ NotAction: "x:Z" })).toThrow(/NotAction/);
    expect(read({ Sign: "x" })).toThrow(/Sign/);
    expect(read({ Effect: "Maybe" })).toThrow(/Effect/);
  });
});

describe("resource policies", () => {
  const root = { AWS: `arn:aws:iam::${account}:root` };
  const delegating: Statement = { Effect: "Allow", Principal: root, Action: "kms:*", Resource: "*" };

  it("threat 11: an administrator's identity policy cannot sign where the key's policy denies it", () => {
    const onlyToken: Statement = {
      Effect: "Deny",
      Principal: "*",
      Action: "kms:Sign",
      Resource: "*",
      Condition: { ArnNotEquals: { "aws:PrincipalArn": `arn:aws:iam::${account}:role/token` } },
    };
    const policies = { resource: [delegating, onlyToken], resourceMustAllow: true };
    expect(decide(ask("kms:Sign", key), [allow("*", "*")], policies)).toBe(false);
    expect(decide(ask("kms:DescribeKey", key), [allow("*", "*")], policies)).toBe(true);
  });

  it("need both the key's policy and the identity when the key's policy names the account", () => {
    const policies = { resource: [delegating], resourceMustAllow: true };
    expect(decide(ask("kms:Sign", key), [], policies)).toBe(false);
    expect(decide(ask("kms:Sign", key), [allow("kms:Sign", key)], policies)).toBe(true);
    expect(decide(ask("kms:Sign", key), [allow("kms:Sign", key)], { resource: [], resourceMustAllow: true })).toBe(
      false,
    );
  });

  it("allow by themselves when they name the role, and never for another account's root", () => {
    const direct: Statement = {
      Effect: "Allow",
      Principal: { AWS: worker },
      Action: "events:PutEvents",
      Resource: "b",
    };
    expect(decide(ask("events:PutEvents", "b"), [], { resource: [direct] })).toBe(true);
    const foreign = { ...direct, Principal: { AWS: "arn:aws:iam::999999999999:root" } };
    expect(decide(ask("events:PutEvents", "b"), [], { resource: [foreign] })).toBe(false);
    const service = { ...direct, Principal: { Service: "events.amazonaws.com" } };
    expect(decide(ask("events:PutEvents", "b"), [], { resource: [service] })).toBe(false);
  });
});
