import {
  AttachRolePolicyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRolePermissionsBoundaryCommand,
  DetachRolePolicyCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListEntitiesForPolicyCommand,
  ListPolicyVersionsCommand,
  PutRolePermissionsBoundaryCommand,
  SetDefaultPolicyVersionCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
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
  trusting,
} from "../sts/ground.ts";

setUp();

const homeRoot = `arn:aws:iam::${home}:root`;
const text = (...statements: object[]) => JSON.stringify(document(...statements));
const nameOf = (arn: string) => arn.slice(arn.lastIndexOf("/") + 1);
const iam = (credentials: Credentials = cloud.operator) =>
  new IAMClient({ endpoint: cloud.aws.endpoint, region: cloud.aws.region, credentials, maxAttempts: 1 });

let policies = 0;
async function policy(...statements: object[]): Promise<string> {
  policies += 1;
  const PolicyName = `policy-${policies}`;
  const { Policy } = await iam().send(
    new CreatePolicyCommand({ PolicyName, Path: "/stops/", PolicyDocument: text(...statements) }),
  );
  return Policy?.Arn ?? "";
}

describe("managed policies", () => {
  it("are kept in versions, the default of which counts", async () => {
    const PolicyArn = await policy(allow("dynamodb:GetItem"));
    expect(PolicyArn).toBe(`arn:aws:iam::${home}:policy/stops/${nameOf(PolicyArn)}`);
    const arn = role([trusting(homeRoot)], { policies: [] });
    await iam().send(new AttachRolePolicyCommand({ RoleName: nameOf(arn), PolicyArn }));
    const session = await assumed(somebody([allow("sts:AssumeRole")]), arn);
    expect(await reach(session)).toEqual({ read: "ok", write: "AccessDeniedException" });

    const second = text(allow("dynamodb:*"), deny("dynamodb:GetItem"));
    const aside = await iam().send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: second }));
    expect(aside.PolicyVersion).toMatchObject({ VersionId: "v2", IsDefaultVersion: false });
    expect((await reach(session)).read).toBe("ok");
    await iam().send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: "v2" }));
    expect(await reach(session)).toEqual({ read: "AccessDeniedException", write: "ok" });
    const made = await iam().send(new GetPolicyVersionCommand({ PolicyArn, VersionId: "v2" }));
    expect(decodeURIComponent(made.PolicyVersion?.Document ?? "")).toBe(second);
    const { Policy } = await iam().send(new GetPolicyCommand({ PolicyArn }));
    expect(Policy).toMatchObject({ DefaultVersionId: "v2", AttachmentCount: 1, Path: "/stops/" });

    await iam().send(new DetachRolePolicyCommand({ RoleName: nameOf(arn), PolicyArn }));
    expect(await reach(session)).toEqual({ read: "AccessDeniedException", write: "AccessDeniedException" });
  });

  it("have five versions and no more, whose ids are never used again", async () => {
    const PolicyArn = await policy(allow("s3:GetObject"));
    const add = (more: object = {}) =>
      iam().send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: text(allow("s3:*")), ...more }));
    for (let n = 0; n < 4; n += 1) await add({ SetAsDefault: true });
    expect(await outcome(add())).toBe("LimitExceededException");
    expect(await outcome(iam().send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v5" })))).toBe(
      "DeleteConflictException",
    );
    await iam().send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: "v2" }));
    expect((await add()).PolicyVersion?.VersionId).toBe("v6");
    const { Versions = [] } = await iam().send(new ListPolicyVersionsCommand({ PolicyArn }));
    expect(Versions.map(({ VersionId, IsDefaultVersion }) => [VersionId, IsDefaultVersion])).toEqual([
      ["v6", false],
      ["v5", true],
      ["v4", false],
      ["v3", false],
      ["v1", false],
    ]);
    const gone = new GetPolicyVersionCommand({ PolicyArn, VersionId: "v2" });
    expect(await outcome(iam().send(gone))).toBe("NoSuchEntityException");
  });

  it.each([
    ["that is no JSON", "{", "MalformedPolicyDocumentException"],
    ["that names a principal", text(trusting("*", "*")), "MalformedPolicyDocumentException"],
    [
      "with an operator that is not known",
      text(allow("*", "*", { Condition: { Sounds: { a: "b" } } })),
      "MalformedPolicyDocumentException",
    ],
    ["of more than 6,144 characters", text(allow("*", `arn:aws:s3:::${"x".repeat(6_144)}`)), "LimitExceededException"],
  ])("are refused a document %s", async (_name, PolicyDocument, code) => {
    const PolicyArn = await policy(allow("s3:GetObject"));
    expect(await outcome(iam().send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument })))).toBe(code);
    expect(await outcome(iam().send(new CreatePolicyCommand({ PolicyName: "bad", PolicyDocument })))).toBe(code);
  });

  it("tell who carries them, page by page, as policy and as boundary", async () => {
    const PolicyArn = await policy(allow("*"));
    const arns = [role([]), role([]), role([], { boundary: PolicyArn })];
    for (const arn of arns.slice(0, 2))
      await iam().send(new AttachRolePolicyCommand({ RoleName: nameOf(arn), PolicyArn }));
    const list = (more: object = {}) => iam().send(new ListEntitiesForPolicyCommand({ PolicyArn, ...more }));
    const names = async (more: object = {}) => (await list(more)).PolicyRoles?.map(({ RoleName }) => RoleName);
    expect(await names()).toEqual(arns.map(nameOf));
    expect(await names({ PolicyUsageFilter: "PermissionsBoundary" })).toEqual([nameOf(arns[2] ?? "")]);
    const first = await list({ MaxItems: 2 });
    expect(first).toMatchObject({ IsTruncated: true, Marker: "2" });
    expect(await names({ MaxItems: 2, Marker: first.Marker })).toEqual([nameOf(arns[2] ?? "")]);
    expect(await outcome(iam().send(new DeletePolicyCommand({ PolicyArn })))).toBe("DeleteConflictException");
  });

  it("are ten at most to a role", async () => {
    const RoleName = nameOf(role([]));
    for (let n = 0; n < 10; n += 1)
      await iam().send(new AttachRolePolicyCommand({ RoleName, PolicyArn: await policy(allow("s3:*")) }));
    const PolicyArn = await policy(allow("s3:*"));
    const more = new AttachRolePolicyCommand({ RoleName, PolicyArn });
    expect(await outcome(iam().send(more))).toBe("LimitExceededException");
    const { AttachedPolicies = [] } = await iam().send(new ListAttachedRolePoliciesCommand({ RoleName }));
    expect(AttachedPolicies).toHaveLength(10);
  });

  it("threat 20: are written by nobody whose rights name another policy", async () => {
    const [own, other] = [await policy(deny("*")), await policy(allow("*"))];
    const writer = somebody([allow(["iam:CreatePolicyVersion", "iam:DeletePolicyVersion"], own)]);
    const write = (PolicyArn: string, by = writer) =>
      outcome(iam(by).send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: text(allow("*")) })));
    expect(await write(own)).toBe("ok");
    expect(await write(other)).toBe("AccessDenied");
    expect(
      await outcome(iam(writer).send(new SetDefaultPolicyVersionCommand({ PolicyArn: own, VersionId: "v1" }))),
    ).toBe("AccessDenied");
    const stranger = somebody([allow("*")], away);
    expect(await write(own, stranger)).toBe("AccessDenied");
  });
});

describe("a permissions boundary", () => {
  let arn: string;
  let session: Credentials;
  beforeEach(async () => {
    const boundary = await policy(allow("dynamodb:GetItem"));
    arn = role([trusting(homeRoot)], { policies: [document(allow("*"))], boundary });
    session = await assumed(somebody([allow("sts:AssumeRole")]), arn);
  });

  it("threat 20: bounds whatever the role's policies allow, those attached later too", async () => {
    expect(await reach(session)).toEqual({ read: "ok", write: "AccessDeniedException" });
    const PolicyArn = await policy(allow("dynamodb:PutItem"));
    await iam().send(new AttachRolePolicyCommand({ RoleName: nameOf(arn), PolicyArn }));
    expect((await reach(session)).write).toBe("AccessDeniedException");
  });

  it("is told, put and taken away by whom IAM lets, and counts at once", async () => {
    const { Role } = await iam().send(new GetRoleCommand({ RoleName: nameOf(arn) }));
    expect(Role?.PermissionsBoundary?.PermissionsBoundaryArn).toMatch(/policy\/stops\/policy-\d+$/);
    expect(Role).toMatchObject({ Arn: arn, Path: "/agents/", MaxSessionDuration: 3_600 });
    const away = new DeleteRolePermissionsBoundaryCommand({ RoleName: nameOf(arn) });
    expect(await outcome(iam(session).send(away))).toBe("AccessDenied");
    await iam().send(away);
    expect(await reach(session)).toEqual({ read: "ok", write: "ok" });
    const PermissionsBoundary = await policy(deny("*"));
    await iam().send(new PutRolePermissionsBoundaryCommand({ RoleName: nameOf(arn), PermissionsBoundary }));
    expect(await reach(session)).toEqual({ read: "AccessDeniedException", write: "AccessDeniedException" });
  });
});

describe("managed session policies", () => {
  it("allow together with the inline one, and only within the role's account", async () => {
    const PolicyArns = [{ arn: await policy(allow("dynamodb:GetItem")) }];
    const caller = somebody([allow("sts:AssumeRole")]);
    const arn = role([trusting(homeRoot)]);
    expect(await reach(await assumed(caller, arn, { PolicyArns }))).toEqual({
      read: "ok",
      write: "AccessDeniedException",
    });
    const both = await assumed(caller, arn, { PolicyArns, Policy: text(allow("dynamodb:PutItem")) });
    expect(await reach(both)).toEqual({ read: "ok", write: "ok" });
    const foreign = role([trusting(homeRoot)], {}, away);
    expect(await outcome(assume(caller, foreign, { PolicyArns }))).toBe("MalformedPolicyDocumentException");
  });
});

describe("a role's trust", () => {
  it("counts as it was written last, and is never written as nonsense", async () => {
    const caller = somebody([allow("sts:AssumeRole")]);
    const arn = role([trusting(homeRoot)]);
    const write = (PolicyDocument: string) =>
      outcome(iam().send(new UpdateAssumeRolePolicyCommand({ RoleName: nameOf(arn), PolicyDocument })));
    expect(await write(text(trusting(`arn:aws:iam::${away}:root`)))).toBe("ok");
    expect(await outcome(assume(caller, arn))).toBe("AccessDenied");
    expect(await write("{}")).toBe("MalformedPolicyDocumentException");
    expect(await write(text(trusting(homeRoot)))).toBe("ok");
    expect(await outcome(assume(caller, arn))).toBe("ok");
  });
});
