import { randomBytes } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import type { Credentials } from "../../../local/emulator/iam/caller.ts";
import {
  allow,
  assume,
  assumed,
  away,
  cloud,
  deny,
  document,
  home,
  outcome,
  reach,
  role,
  setUp,
  somebody,
  sts,
  trusting,
  variable,
  whoIs,
} from "./ground.ts";

setUp();

const everything = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];
const homeRoot = `arn:aws:iam::${home}:root`;

describe("a role's session", () => {
  let caller: Credentials & { readonly roleArn: string };
  beforeEach(() => {
    caller = somebody([allow(everything)]);
  });

  it("is opened for whom the role trusts, and is what it says it is", async () => {
    const arn = role([trusting(homeRoot, everything)]);
    const askedAt = Date.now();
    const answer = await assume(caller, arn, { DurationSeconds: 900, SourceIdentity: "ada" });
    const name = arn.slice(arn.lastIndexOf("/") + 1);
    expect(answer.AssumedRoleUser).toEqual({
      Arn: `arn:aws:sts::${home}:assumed-role/${name}/session-1`,
      AssumedRoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}:session-1$/),
    });
    expect(answer.SourceIdentity).toBe("ada");
    expect(answer.SessionTokenSize).toBe(answer.Credentials?.SessionToken?.length);
    expect(answer.Credentials?.AccessKeyId).toMatch(/^ASIA/);
    const endsAt = answer.Credentials?.Expiration?.getTime() ?? 0;
    expect(endsAt).toBeGreaterThan(askedAt + 899_000);
    expect(endsAt).toBeLessThanOrEqual(Date.now() + 900_000);
    const made = await assumed(caller, arn);
    expect(await whoIs(made)).toMatchObject({ Arn: answer.AssumedRoleUser?.Arn, Account: home });
    expect(await reach(made)).toEqual({ read: "ok", write: "ok" });
  });

  it.each([
    ["another account", [trusting(`arn:aws:iam::${away}:root`)]],
    ["another role", [trusting(`arn:aws:iam::${home}:role/callers/other`)]],
    [
      "a service",
      [{ ...allow("sts:AssumeRole"), Resource: undefined, Principal: { Service: "lambda.amazonaws.com" } }],
    ],
    ["the caller, whom it denies as well", [trusting(homeRoot), { ...trusting("*"), Effect: "Deny" }]],
  ])("is refused where the role trusts %s", async (_name, trust) => {
    expect(await outcome(assume(caller, role(trust)))).toBe("AccessDenied");
  });

  it("needs no right of one's own where one's role is named, within the account", async () => {
    const nobody = somebody([]);
    expect(await outcome(assume(nobody, role([trusting(nobody.roleArn)])))).toBe("ok");
    expect(await outcome(assume(nobody, role([trusting(homeRoot)])))).toBe("AccessDenied");
    const forbidden = somebody([deny("sts:AssumeRole")]);
    expect(await outcome(assume(forbidden, role([trusting(forbidden.roleArn)])))).toBe("AccessDenied");
  });

  it("needs the word of both accounts for a role of another one", async () => {
    const [allowed, nobody] = [somebody([allow(everything)]), somebody([])];
    const arn = role([trusting([allowed.roleArn, nobody.roleArn])], {}, away);
    expect(await outcome(assume(allowed, arn))).toBe("ok");
    expect(await outcome(assume(nobody, arn))).toBe("AccessDenied");
    const stranger = somebody([allow(everything)], away);
    expect(await outcome(assume(stranger, role([trusting(homeRoot)])))).toBe("AccessDenied");
    expect(await outcome(assume(allowed, `arn:aws:iam::${away}:role/nobody-made-it`))).toBe("AccessDenied");
  });

  it("of another account reaches nothing here that does not name it", async () => {
    const made = await assumed(caller, role([trusting(homeRoot)], {}, away));
    expect(await whoIs(made)).toMatchObject({ Account: away });
    expect(await reach(made)).toEqual({ read: "AccessDeniedException", write: "AccessDeniedException" });
  });

  it("needs the external id that the role asks for, to the letter", async () => {
    const Condition = { StringEquals: { "sts:ExternalId": "id.example/prod" } };
    const arn = role([trusting(homeRoot, "sts:AssumeRole", { Condition })]);
    expect(await outcome(assume(caller, arn, { ExternalId: "id.example/prod" }))).toBe("ok");
    for (const ExternalId of ["id.example/dev", "id.example/prod2", "ID.EXAMPLE/PROD", undefined])
      expect(await outcome(assume(caller, arn, { ExternalId }))).toBe("AccessDenied");
  });

  it("is narrowed by its policy, and never widened", async () => {
    const arn = role([trusting(homeRoot)], { policies: [document(allow("dynamodb:GetItem"))] });
    const wide = await assumed(caller, arn, { Policy: JSON.stringify(document(allow("*"))) });
    expect(await reach(wide)).toEqual({ read: "ok", write: "AccessDeniedException" });
    const narrow = await assumed(caller, arn, { Policy: JSON.stringify(document(allow("dynamodb:PutItem"))) });
    expect(await reach(narrow)).toEqual({ read: "AccessDeniedException", write: "AccessDeniedException" });
  });

  it.each([
    ["a life under fifteen minutes", { DurationSeconds: 899 }, "ValidationError"],
    ["a chained life over an hour", { DurationSeconds: 3_601 }, "ValidationError"],
    ["a name with a space", { RoleSessionName: "a b" }, "ValidationError"],
    ["a name of one letter", { RoleSessionName: "a" }, "ValidationError"],
    ["a source identity with a colon", { SourceIdentity: "aws:x" }, "ValidationError"],
    ["a policy of 2,049 characters", { Policy: JSON.stringify(document(allow("*"))).padEnd(2_049) }, "ValidationError"],
    [
      "a policy outside Latin-1",
      { Policy: JSON.stringify(document(allow("s3:GetObject", "arn:aws:s3:::ŝ"))) },
      "ValidationError",
    ],
    ["a policy that is no JSON", { Policy: "{" }, "MalformedPolicyDocumentException"],
    [
      "a policy that names a principal",
      { Policy: JSON.stringify(document(trusting("*", "*"))) },
      "MalformedPolicyDocumentException",
    ],
    [
      "a policy with an unknown operator",
      { Policy: JSON.stringify(document(allow("*", "*", { Condition: { StringSounds: { a: "b" } } }))) },
      "MalformedPolicyDocumentException",
    ],
    [
      "a managed policy that is not there",
      { PolicyArns: [{ arn: `arn:aws:iam::${home}:policy/none` }] },
      "MalformedPolicyDocumentException",
    ],
    [
      "more than fifty tags",
      { Tags: Array.from({ length: 51 }, (_, n) => ({ Key: `k${n}`, Value: "v" })) },
      "ValidationError",
    ],
    [
      "two tags whose keys differ in case alone",
      {
        Tags: [
          { Key: "team", Value: "a" },
          { Key: "Team", Value: "b" },
        ],
      },
      "InvalidParameterValue",
    ],
    ["a tag of AWS's own", { Tags: [{ Key: "aws:team", Value: "a" }] }, "ValidationError"],
    ["a transitive key without its tag", { TransitiveTagKeys: ["team"] }, "ValidationError"],
  ])("is not opened for %s", async (_name, more, code) => {
    expect(await outcome(assume(caller, role([trusting(homeRoot, everything)]), more))).toBe(code);
  });

  it("is not opened when policy and tags are too much for a session token", async () => {
    const noise = (length: number) => randomBytes(length).toString("base64url").slice(0, length);
    const Tags = Array.from({ length: 50 }, (_, n) => ({ Key: `k${n}`, Value: noise(64) }));
    const Policy = JSON.stringify(document(allow("s3:GetObject", `arn:aws:s3:::bucket/${noise(1_800)}`)));
    const arn = role([trusting(homeRoot, everything)]);
    expect(await outcome(assume(caller, arn, { Tags }))).toBe("ok");
    expect(await outcome(assume(caller, arn, { Policy }))).toBe("ok");
    expect(await outcome(assume(caller, arn, { Policy, Tags }))).toBe("PackedPolicyTooLargeException");
  });
});

describe("session tags", () => {
  const Tags = [
    { Key: "agent", Value: "spiffe://id.example/a" },
    { Key: "session", Value: "s-1" },
  ];
  const tagged = { Tags, RoleSessionName: "s-1" };
  const exactly = {
    "ForAllValues:StringEquals": { "aws:TagKeys": ["agent", "session"] },
    Null: { "aws:RequestTag/agent": "false", "aws:RequestTag/session": "false" },
  };

  it("need the right to tag from the caller and from the role", async () => {
    const caller = somebody([allow(everything)]);
    expect(await outcome(assume(caller, role([trusting(homeRoot, everything)]), tagged))).toBe("ok");
    expect(await outcome(assume(caller, role([trusting(homeRoot)]), tagged))).toBe("AccessDenied");
    const untagging = somebody([allow("sts:AssumeRole")]);
    expect(await outcome(assume(untagging, role([trusting(homeRoot, everything)]), tagged))).toBe("AccessDenied");
  });

  it("threat 21: with one key more or one less than the role asks for are refused", async () => {
    const caller = somebody([allow(everything)]);
    const arn = role([
      trusting(homeRoot, "sts:AssumeRole"),
      trusting(homeRoot, "sts:TagSession", { Condition: exactly }),
    ]);
    expect(await outcome(assume(caller, arn, tagged))).toBe("ok");
    const extra = { Key: "admin", Value: "yes" };
    expect(await outcome(assume(caller, arn, { Tags: [...Tags, extra] }))).toBe("AccessDenied");
    expect(await outcome(assume(caller, arn, { Tags: Tags.slice(1) }))).toBe("AccessDenied");
  });

  it("may pin the session's name and the agents that a role is for", async () => {
    const caller = somebody([allow(everything)]);
    const Condition = {
      StringEquals: {
        "sts:RoleSessionName": variable("aws:RequestTag/session"),
        "aws:RequestTag/agent": ["spiffe://id.example/a", "spiffe://id.example/b"],
      },
    };
    const arn = role([trusting(homeRoot, "sts:AssumeRole", { Condition }), trusting(homeRoot, "sts:TagSession")]);
    expect(await outcome(assume(caller, arn, tagged))).toBe("ok");
    expect(await outcome(assume(caller, arn, { ...tagged, RoleSessionName: "s-2" }))).toBe("AccessDenied");
    const other = Tags.map(({ Key, Value }) => ({ Key, Value: Key === "agent" ? `${Value}x` : Value }));
    expect(await outcome(assume(caller, arn, { ...tagged, Tags: other }))).toBe("AccessDenied");
    expect(await outcome(assume(caller, arn, { RoleSessionName: "s-1" }))).toBe("AccessDenied");
  });

  it("override the role's, and count in every policy of the session", async () => {
    const caller = somebody([allow(everything)]);
    const Condition = { StringEquals: { "aws:PrincipalTag/team": "blue" } };
    const policies = [document(allow("dynamodb:GetItem", "*", { Condition }))];
    const arn = role([trusting(homeRoot, everything)], { policies, tags: { Team: "red" } });
    const blue = await assumed(caller, arn, { Tags: [{ Key: "team", Value: "blue" }] });
    expect((await reach(blue)).read).toBe("ok");
    expect((await reach(await assumed(caller, arn))).read).toBe("AccessDeniedException");
  });
});

it("requests tell where they come from, and policies count on it", async () => {
  const from = (...nets: string[]) => [
    allow("dynamodb:GetItem", "*", { Condition: { IpAddress: { "aws:SourceIp": nets } } }),
  ];
  expect((await reach(somebody(from("10.0.0.0/8", "127.0.0.0/8")))).read).toBe("ok");
  expect((await reach(somebody(from("10.0.0.0/8")))).read).toBe("AccessDeniedException");
  const sdk = { Condition: { StringLike: { "aws:UserAgent": "aws-sdk-js/*" } } };
  expect((await reach(somebody([allow("dynamodb:GetItem", "*", sdk)]))).read).toBe("ok");
});

it("credentials are worth nothing with another's secret or another's token", async () => {
  const caller = somebody([allow(everything)]);
  const arn = role([trusting(homeRoot)]);
  const [one, other] = [await assumed(caller, arn), await assumed(caller, arn)];
  const refused = ["InvalidClientTokenId", "SignatureDoesNotMatch"];
  expect(refused).toContain(await outcome(whoIs({ ...one, secretAccessKey: other.secretAccessKey })));
  expect(refused).toContain(await outcome(whoIs({ ...one, sessionToken: other.sessionToken })));
  expect(refused).toContain(await outcome(whoIs({ ...one, accessKeyId: "ASIAAAAAAAAAAAAAAAAA" })));
  expect(
    await outcome(
      sts(one)
        .config.credentials()
        .then(() => whoIs(one)),
    ),
  ).toBe("ok");
  expect(cloud.account).toBe(home);
});
