import { runSimulation } from "@cloud-copilot/iam-simulate";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { type Policies, refusal, type Statement } from "../../../local/emulator/iam/policy.ts";

const [home, away] = ["111122223333", "444455556666"];
const roleArn = `arn:aws:iam::${home}:role/agents/worker`;
const sessionArn = `arn:aws:sts::${home}:assumed-role/worker/s-1`;
const variable = (name: string) => `$\{${name}}`;

/** What can be asked: an ordinary resource, a key whose policy must allow, a role whose trust must allow. */
const asked = fc.constantFrom(
  { action: "dynamodb:PutItem", resource: (account: string) => `arn:aws:dynamodb:eu-west-1:${account}:table/rows` },
  { action: "kms:Sign", resource: (account: string) => `arn:aws:kms:eu-west-1:${account}:key/k-1` },
  { action: "sts:AssumeRole", resource: (account: string) => `arn:aws:iam::${account}:role/target` },
);

const pick = (...values: string[]) => fc.subarray(values, { minLength: 1 });
const named = <T>(operator: fc.Arbitrary<string>, key: string, values: fc.Arbitrary<T>) =>
  fc.tuple(operator, values).map(([name, value]) => ({ [name]: { [key]: value } }));
const condition = fc.oneof(
  named(
    fc.constantFrom("StringEquals", "StringNotEquals", "StringLike", "StringEqualsIgnoreCase"),
    "aws:SourceIdentity",
    pick("lyd.root.s1", "LYD.root.s1", "lyd.*", `l${variable("?")}d.*`),
  ),
  named(
    // a negated comparison with a variable without value holds, says IAM's guide; the simulator has it fail
    fc.constantFrom("StringEquals", "StringLike"),
    "aws:PrincipalTag/agent",
    pick("a", "b*", variable("aws:SourceIdentity"), variable("aws:PrincipalTag/none")),
  ),
  named(fc.constantFrom("StringNotEquals", "StringNotLike"), "aws:PrincipalTag/agent", pick("a", "b*", "lyd.*")),
  // whether `StringEquals` knows the escape, on which pages are silent, is not asked
  named(
    fc.constantFrom("StringLike", "StringNotLike"),
    "aws:PrincipalTag/agent",
    pick(variable("*"), `b${variable("*")}`),
  ),
  named(
    fc.constantFrom(
      "DateGreaterThan",
      "DateLessThan",
      "DateLessThanEquals",
      "DateGreaterThanEquals",
      "DateEquals",
      "DateNotEquals",
    ),
    "aws:CurrentTime",
    pick("2026-11-30T16:00:00Z", "2026-11-30T16:00:01Z", "2026-11-30"),
  ),
  named(
    fc.constantFrom("NumericLessThan", "NumericEquals", "NumericNotEquals", "NumericGreaterThanEqualsIfExists"),
    "aws:EpochTime",
    pick("1796054400", "1796054401"),
  ),
  named(
    fc.constantFrom("IpAddress", "NotIpAddress", "NotIpAddressIfExists"),
    "aws:SourceIp",
    pick("10.0.0.0/8", "10.1.2.3", "192.0.2.0/31"),
  ),
  named(
    fc.constantFrom("ArnLike", "ArnNotLike", "ArnEquals"),
    "aws:PrincipalArn",
    pick(roleArn, `arn:aws:iam::*:role/agents/*`, `arn:aws:iam::${home}:role/other`),
  ),
  named(fc.constant("Null"), "aws:SourceIdentity", fc.constantFrom("true", "false")),
  named(fc.constant("Bool"), "aws:SecureTransport", fc.constantFrom("true", "false")),
);
const context = fc.record(
  {
    "aws:SourceIdentity": fc.constantFrom("lyd.root.s1", "mallory"),
    "aws:PrincipalTag/agent": fc.constantFrom("a", "b*", "lyd.root.s1", "*"),
    "aws:SourceIp": fc.constantFrom("10.1.2.3", "192.0.2.1", "198.51.100.1"),
    "aws:SecureTransport": fc.constantFrom("true", "false"),
  },
  { requiredKeys: [] },
);
const surroundings = {
  "aws:PrincipalArn": roleArn,
  "aws:CurrentTime": "2026-11-30T16:00:00Z",
  "aws:EpochTime": "1796054400",
};

const effect = fc.constantFrom("Allow" as const, "Allow" as const, "Allow" as const, "Deny" as const);
const actions = fc.oneof(
  pick("dynamodb:PutItem", "kms:*", "sts:Assume*", "s3:GetObject").map((Action) => ({ Action })),
  pick("dynamodb:*", "kms:Sign", "sts:AssumeRole").map((NotAction) => ({ NotAction })),
);
const resources = fc.oneof(
  fc.constant({ Resource: "*" }),
  pick(
    `arn:aws:dynamodb:*:${home}:table/*`,
    `arn:aws:kms:eu-west-1:${away}:key/?-1`,
    `arn:aws:iam::${home}:role/target`,
  ).map((Resource) => ({ Resource })),
  pick(`arn:aws:dynamodb:eu-west-1:${away}:table/rows`, `arn:aws:kms:*:*:key/*`).map((NotResource) => ({
    NotResource,
  })),
);
const statement = (who: fc.Arbitrary<object>) =>
  fc
    .tuple(effect, actions, resources, fc.option(condition, { nil: undefined, freq: 2 }), who)
    .map(([Effect, action, resource, Condition, principal]) => ({
      Effect,
      ...action,
      ...resource,
      ...principal,
      ...(Condition === undefined ? {} : { Condition }),
    }));
const own = fc.array(statement(fc.constant({})), { minLength: 1, maxLength: 3 });
const everything: Statement = { Effect: "Allow", Action: "*", Resource: "*" };
/** Often everything, or else hardly any request would get past all of them. */
const mostly = fc.oneof({ weight: 1, arbitrary: fc.constant([everything]) }, { weight: 2, arbitrary: own });
const principal = fc
  .constantFrom(
    "*",
    home,
    `arn:aws:iam::${home}:root`,
    `arn:aws:iam::${away}:root`,
    roleArn,
    sessionArn,
    `${sessionArn}x`,
  )
  .map((AWS) => ({ Principal: AWS === "*" ? "*" : { AWS } }));
const ofResource = fc.array(statement(principal), { minLength: 1, maxLength: 3 });

const world = fc.record(
  {
    request: asked,
    account: fc.constantFrom(home, home, away),
    values: context,
    identity: mostly,
    session: mostly,
    boundary: mostly,
    resource: ofResource,
  },
  { requiredKeys: ["request", "account", "values", "identity"] },
);

type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

const version = (Statement: unknown) => ({ Version: "2012-10-17", Statement });

async function simulated({ request, account, values, identity, session, boundary, resource }: World) {
  const result = await runSimulation(
    {
      request: {
        principal: sessionArn,
        action: request.action,
        resource: { resource: request.resource(account), accountId: account },
        contextVariables: { ...values, ...surroundings } as Record<string, string>,
      },
      identityPolicies: [{ name: "own", policy: version(identity) }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(session && { sessionPolicy: version(session) }),
      ...(boundary && { permissionBoundaryPolicies: [{ name: "boundary", policy: version(boundary) }] }),
      ...(resource && { resourcePolicy: version(resource) }),
    },
    {},
  );
  if (result.resultType !== "single") throw new Error(JSON.stringify(result));
  return result.overallResult === "Allowed";
}

function decided(made: World, session = made.session && [made.session]): boolean {
  const { request, account, values, identity, boundary, resource } = made;
  const all = Object.entries({ ...values, ...surroundings });
  const policies = {
    identity,
    ...(session && { session }),
    ...(boundary && { boundary }),
    ...(resource && { resource }),
    resourceMustAllow: !request.action.startsWith("dynamodb:"),
  } as Policies;
  const asking = {
    principalArn: roleArn,
    sessionArn,
    account: home,
    resourceAccount: account,
    action: request.action,
    resource: request.resource(account),
    context: Object.fromEntries(all.map(([key, value]) => [key.toLowerCase(), [value as string]])),
  };
  return refusal(asking, policies) === undefined;
}

describe("the evaluator and an independent simulator of IAM, for a role's session", () => {
  // The simulator lets a session policy limit what a resource's policy gives the session itself; IAM's guide does not.
  test.prop([world.map(({ session: _, ...made }) => made as World)], { numRuns: 400 })(
    "decide alike by identity, boundary and resource, in one account and across two",
    async (made) => {
      // a role is always asked about with a trust policy: without one the simulator takes it for no role
      fc.pre(!(made.request.action === "sts:AssumeRole" && made.resource === undefined));
      expect(decided(made)).toBe(await simulated(made));
    },
  );

  test.prop([world], { numRuns: 400 })(
    "decide alike by a session policy, unless the resource names the session",
    async (made) => {
      fc.pre(!(made.request.action === "sts:AssumeRole" && made.resource === undefined));
      const direct = (made.resource ?? []).some((each) => ["*", sessionArn].includes(namedBy(each)));
      const [mine, theirs] = [decided(made), await simulated(made)];
      if (!direct || made.account === away) expect(mine).toBe(theirs);
      else if (theirs) expect(mine).toBe(true);
    },
  );

  test.prop([world, fc.array(mostly, { minLength: 2, maxLength: 4 })], { numRuns: 200 })(
    "agree that stacked session policies allow what each of them allows",
    async (made, stacked) => {
      fc.pre(!(made.request.action === "sts:AssumeRole" && made.resource === undefined));
      fc.pre(!(made.resource ?? []).some((each) => ["*", sessionArn].includes(namedBy(each))));
      const each = await Promise.all(stacked.map((session) => simulated({ ...made, session } as World)));
      expect(decided(made, stacked as never)).toBe(each.every((allowed) => allowed));
    },
  );
});

function namedBy({ Principal }: object & { Principal?: unknown }): string {
  return Principal === "*" ? "*" : String((Principal as { AWS?: unknown }).AWS);
}
