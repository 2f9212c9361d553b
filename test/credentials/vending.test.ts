import { describe, expect, it } from "vitest";
import { startSeconds } from "../kit/world/ground.ts";
import {
  awsRole,
  files,
  lastRecord,
  openSession,
  planner,
  researcher,
  roleArn,
  rowsWith,
  setUp,
  vend,
  world,
} from "./ground.ts";

setUp();

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());

describe("credentials of AWS for a session", () => {
  it("are answered in the shape of a credential_process, with whose they are", async () => {
    const session = await openSession(planner);
    const { sid, root, sub } = claimsOf(session);
    const { status, body } = await vend(planner, session);
    expect([status, body]).toEqual([
      200,
      {
        Version: 1,
        AccessKeyId: "ASIAMEMORY0000000002",
        SecretAccessKey: expect.stringContaining("call2"),
        SessionToken: expect.stringContaining("of2"),
        Expiration: new Date((startSeconds + 60) * 1000).toISOString().replace(".000Z", "Z"),
        expires_in: 60,
        session: { sid, root, agent: planner.id, principal: sub },
      },
    ]);
  });

  it("are of a role session that AWS knows by session, tree, agent and principal, and of no other", async () => {
    const session = await openSession(planner);
    const { sid, root, sub } = claimsOf(session);
    await vend(planner, session);
    const [assume, scope, ...more] = world.roleSts.calls;
    expect(more).toEqual([]);
    expect(assume).toMatchObject({
      name: "AssumeRole",
      order: {
        roleArn,
        externalId: "agents.example.com/test",
        sourceIdentity: `lyd.${root}.${sid}`,
        roleSessionName: sid,
        tags: {
          "lanyard-session": sid,
          "lanyard-tree": root,
          "lanyard-agent": planner.id,
          "lanyard-principal": sub,
        },
        durationSeconds: 900,
      },
    });
    expect(scope).toMatchObject({
      name: "GetScopedCredentials",
      held: { accessKeyId: "ASIAMEMORY0000000001" },
      order: { durationSeconds: 60, description: `${planner.id} depth=0 policies=1` },
    });
  });

  it("are compiled for the scopes and details that were asked for, and for the session's end", async () => {
    const session = await openSession(researcher, { lifetime_seconds: "1800" });
    const details = JSON.stringify([{ type: "file-folder", folder: "42" }]);
    const asked = await vend(researcher, session, { authorization_details: details });
    expect(asked).toMatchObject({ status: 200 });
    const [assume] = world.roleSts.calls;
    const policies = assume?.name === "AssumeRole" ? assume.order.policy : "";
    expect(policies).toContain("team-files/cases/42/*");
    expect(policies).not.toContain("PutObject");
    expect(policies).toContain(new Date((startSeconds + 1_800) * 1000).toISOString().slice(0, 19));
  });

  it("threat 10: are the credentials of the last call: what is assumed for fifteen minutes is never released", async () => {
    const session = await openSession(planner);
    const { body } = await vend(planner, session);
    const first = world.roleSts.calls.find(({ name }) => name === "GetScopedCredentials");
    const held = first?.name === "GetScopedCredentials" ? first.held : undefined;
    const seen = JSON.stringify([body, world.store.records, [...world.store.vends]]);
    expect(seen).not.toContain(held?.secretAccessKey);
    expect(seen).not.toContain(held?.sessionToken);
    expect(seen).not.toContain(held?.accessKeyId);
  });

  it("stand on record by access key, role, request ids and digest of the policies", async () => {
    const session = await openSession(planner);
    const { sid, root, sub } = claimsOf(session);
    const { body } = await vend(planner, session);
    expect(lastRecord()).toMatchObject({
      ...{ operation: "credentials.vend", outcome: "allowed", agent: planner.id, principal: sub, sid, root },
      aws_role: "files",
      aws_role_arn: roleArn,
      aws_access_key_id: body.AccessKeyId,
      aws_request_ids: ["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"],
      aws_resources: ["arn:aws:s3:::team-files/cases/"],
      aws_policy_digest: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      grants: [{ resource: files, scopes: ["files:read"] }],
      expires_at: (startSeconds + 60) * 1000,
    });
  });

  it("leave a row beside the session, one a role, whose end only moves forward", async () => {
    const session = await openSession(planner);
    const { sid, root } = claimsOf(session);
    await vend(planner, session);
    const { body } = await vend(planner, session, { lifetime_seconds: "10" });
    expect([...world.store.vends.values()]).toEqual([
      {
        ...{ root, sid, agent: planner.id, role: "files", arn: roleArn, account: "111122223333" },
        accessKeyId: body.AccessKeyId,
        endsAtSeconds: startSeconds + 60,
      },
    ]);
  });

  it("are given again and again within the session, each by a proof of its own", async () => {
    const session = await openSession(planner);
    const answers = [await vend(planner, session), await vend(planner, session), await vend(planner, session)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(new Set(answers.map(({ body }) => body.AccessKeyId)).size).toBe(3);
  });

  it("end with their session where that ends first", async () => {
    const session = await openSession(planner);
    world.time.seconds = startSeconds + 870;
    const { body } = await vend(planner, session);
    expect(body.Expiration).toBe(new Date((startSeconds + 900) * 1000).toISOString().replace(".000Z", "Z"));
    expect(body.expires_in).toBe(30);
    expect(world.roleSts.calls[1]).toMatchObject({ order: { durationSeconds: 30 } });
  });

  it("live as briefly as asked", async () => {
    const session = await openSession(planner);
    await vend(planner, session, { lifetime_seconds: "15" });
    expect(world.roleSts.calls[1]).toMatchObject({ order: { durationSeconds: 15 } });
  });
});

describe("of several roles of one resource", () => {
  it("the one that maps every scope is taken, and the one that is named", async () => {
    world.publish(2, ...rowsWith(awsRole("admin", { grants: [] })));
    const session = await openSession(researcher);
    expect((await vend(researcher, session)).status).toBe(200);
    expect(lastRecord().aws_role).toBe("files");
    expect((await vend(researcher, session, { role: "files" })).status).toBe(200);
  });
});
