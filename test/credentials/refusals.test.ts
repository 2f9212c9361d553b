import { describe, expect, it } from "vitest";
import { limits } from "../../core/model/limits.ts";
import { accessTokenType, idTokenType } from "../../core/model/wire.ts";
import { agent, tickets } from "../kit/registry.ts";
import { startSeconds } from "../kit/world/ground.ts";
import {
  accessOf,
  awsRole,
  files,
  lastDenial,
  lastRecord,
  openSession,
  planner,
  researcher,
  roleArn,
  rows,
  rowsWith,
  setUp,
  vend,
  world,
} from "./ground.ts";

setUp();

const refused = async (answer: Promise<{ status: number; body: { error: string } }>) => {
  const { status, body } = await answer;
  return [status, body.error, lastDenial()];
};

describe("nothing is asked of AWS", () => {
  it("for a role that is not registered for the agent", async () => {
    const triage = await world.newAgent("triage");
    const session = await openSession(triage);
    expect(await refused(vend(triage, session))).toEqual([400, "invalid_target", "aws_role_missing"]);
    expect(await refused(vend(triage, session, { role: "files" }))).toEqual([
      400,
      "invalid_target",
      "aws_role_missing",
    ]);
    expect(world.roleSts.calls).toEqual([]);
  });

  it("for a role that stands for another resource, or for none", async () => {
    const session = await openSession(planner, { resource: [files, tickets], scope: "files:read tickets:read" });
    const other = { resource: tickets, scope: "tickets:read" };
    expect(await refused(vend(planner, session, other))).toEqual([400, "invalid_target", "aws_role_missing"]);
    const named = { ...other, role: "files" };
    expect(await refused(vend(planner, session, named))).toEqual([400, "invalid_target", "aws_role_missing"]);
    expect(world.roleSts.calls).toEqual([]);
  });

  it("while several roles fit, and names them", async () => {
    world.publish(2, ...rowsWith(awsRole("files-too")));
    const session = await openSession(planner);
    const { status, body } = await vend(planner, session);
    expect([status, body.error, lastDenial()]).toEqual([400, "invalid_request", "aws_role_several"]);
    expect(body.error_description).toContain("files, files-too");
    expect(world.roleSts.calls).toEqual([]);
    expect((await vend(planner, session, { role: "files-too" })).status).toBe(200);
  });

  it("for a role in an account that the stage does not name, whatever the registry says", async () => {
    world.publish(2, ...rowsWith(awsRole("files", { arn: "arn:aws:iam::444455556666:role/agents/files" })));
    const session = await openSession(planner);
    expect(await refused(vend(planner, session))).toEqual([400, "invalid_target", "aws_account_unlisted"]);
    expect(world.roleSts.calls).toEqual([]);
  });

  it.each([
    ["a scope that the session does not hold", { scope: "files:admin" }, "invalid_scope", "scope_exceeds"],
    ["two resources", { resource: [files, tickets] }, "invalid_target", "resource_several"],
    ["no resource", { resource: undefined }, "invalid_target", "resource_missing"],
    ["a life beyond the stage's", { lifetime_seconds: "61" }, "invalid_request", "lifetime_exceeds"],
    ["a life of nothing", { lifetime_seconds: "0" }, "invalid_request", "parameter_invalid"],
    ["a role by no name", { role: "Files*" }, "invalid_request", "parameter_invalid"],
  ])("for %s", async (_, params, error, code) => {
    const session = await openSession(planner);
    expect(await refused(vend(planner, session, params))).toEqual([400, error, code]);
    expect(world.roleSts.calls).toEqual([]);
    expect(world.store.vends.size).toBe(0);
  });

  it("for a detail that is wider than the session's", async () => {
    const within = JSON.stringify([{ type: "file-folder", folder: "42" }]);
    const beyond = JSON.stringify([{ type: "file-folder", folder: "43" }]);
    const session = await openSession(planner, { authorization_details: within });
    const asked = vend(planner, session, { authorization_details: beyond });
    expect(await refused(asked)).toEqual([400, "invalid_authorization_details", "details_exceed"]);
    expect(world.roleSts.calls).toEqual([]);
  });

  it("for a life beyond what is left of the session", async () => {
    const session = await openSession(planner);
    world.time.seconds = startSeconds + 850;
    const asked = vend(planner, session, { lifetime_seconds: "51" });
    expect(await refused(asked)).toEqual([400, "invalid_request", "lifetime_exceeds"]);
    expect((await vend(planner, session, { lifetime_seconds: "50" })).status).toBe(200);
  });

  it("for a session that has less left than is worth it", async () => {
    const session = await openSession(planner);
    world.time.seconds = startSeconds + 900 - limits.vendRestSeconds + 1;
    expect(await refused(vend(planner, session))).toEqual([400, "invalid_request", "session_ending"]);
    world.time.seconds -= 1;
    expect((await vend(planner, session)).status).toBe(200);
  });

  it("where policy does not permit", async () => {
    const session = await openSession(planner);
    world.policy.engine = {
      decide: () => ({ allowed: false, policies: ["never"], missing: { who: "agent" }, why: "no" }),
    };
    expect(await refused(vend(planner, session))).toEqual([403, "access_denied", "policy_denied"]);
    expect(lastRecord().asked).toMatchObject([{ action: "access", resource: files, scopes: ["files:read"] }]);
    expect(world.roleSts.calls).toEqual([]);
  });

  it("where policy permits it to another sign-in alone: plainly, since no person is asked for here", async () => {
    const session = await openSession(planner);
    world.policy.engine = {
      decide: () => ({
        ...{ allowed: false, policies: ["fresh"], missing: { who: "agent" }, why: "no" },
        signIn: { maxAgeSeconds: 60 },
      }),
    };
    const vended = vend(planner, session);
    expect(await refused(vended)).toEqual([403, "access_denied", "policy_denied"]);
    expect((await vended).body).not.toHaveProperty("max_age");
    expect(world.roleSts.calls).toEqual([]);
  });

  it("over the agent's own bucket, which is not that of its tokens", async () => {
    const session = await openSession(planner);
    const take = world.limiter.take;
    const asked: unknown[] = [];
    world.limiter.take = (async (...args: unknown[]) => {
      asked.push(args);
      return false;
    }) as typeof take;
    expect(await refused(vend(planner, session))).toEqual([429, "slow_down", "rate_exceeded"]);
    expect(asked).toEqual([[planner.id, limits.vendsPerSecond, "vend"]]);
    expect(world.roleSts.calls).toEqual([]);
  });

  it("more often than the agent's registration lets it issue", async () => {
    world.publish(2, ...rowsWith(agent("researcher", { may: [], issuancesPerSecond: 2 })));
    const asked: unknown[] = [];
    world.limiter.take = (async (...args: unknown[]) => asked.push(args) > 0) as typeof world.limiter.take;
    await vend(researcher, "no.session.token");
    // (the first look was by the version that this instance had)
    expect(asked.at(-1)).toEqual([researcher.id, 2, "vend"]);
  });
});

describe("no ground for a role of AWS is", () => {
  it("an ID token, an access token or no token", async () => {
    const session = await openSession(planner);
    const idToken = world.idToken("planner-app");
    const access = await accessOf(planner, session, files);
    for (const [token, type] of [
      [idToken, idTokenType],
      [access, accessTokenType],
      [session, accessTokenType],
    ] as const)
      expect(await refused(vend(planner, token, { subject_token_type: type }))).toEqual([
        ...[400, "invalid_request", "parameter_invalid"],
      ]);
    expect(await refused(vend(planner, access))).toEqual([400, "invalid_request", "subject_token_invalid"]);
    expect(await refused(vend(planner, idToken))).toEqual([400, "invalid_request", "subject_token_invalid"]);
    expect(await refused(vend(planner, planner.identity()))).toEqual([
      ...[400, "invalid_request", "subject_token_invalid"],
    ]);
    expect((await vend(planner, session, { subject_token: undefined })).status).toBe(400);
    expect(world.roleSts.calls).toEqual([]);
  });

  it("a session whose uses are counted: at AWS nobody counts them (threat 24)", async () => {
    const counted = { ...rows[3], introspecting: true } as (typeof rows)[number];
    world.publish(2, ...rowsWith(counted));
    const session = await openSession(planner, { max_uses: "3" });
    expect(await refused(vend(planner, session))).toEqual([400, "invalid_target", "aws_uses_uncounted"]);
    expect(world.roleSts.calls).toEqual([]);
  });
});

describe("what STS says becomes", () => {
  it("a refusal that tells what the role's owner has to do", async () => {
    world.roleSts.failures.set("AssumeRole", { why: "refused", error: "AccessDenied: not you", requestId: "r-1" });
    const session = await openSession(planner);
    const { status, body } = await vend(planner, session);
    expect([status, body.error]).toEqual([403, "access_denied"]);
    expect(body.error_description).toMatch(/trust policy.*TargetRole/);
    expect(body.error_description).toContain(roleArn);
    expect(lastRecord()).toMatchObject({
      ...{ operation: "credentials.vend", outcome: "denied", aws_role_arn: roleArn, aws_request_ids: ["r-1"] },
      denial: { code: "aws_role_refused", error: "AccessDenied: not you" },
    });
  });

  it("a refusal of its own where only the shortening is denied", async () => {
    world.roleSts.failures.set("GetScopedCredentials", { why: "refused", error: "AccessDenied: no" });
    const session = await openSession(planner);
    expect((await vend(planner, session)).body.error_description).toContain("sts:GetScopedCredentials");
    expect(world.store.vends.size).toBe(0);
  });

  it.each([
    ["an identity-based policy", [503, "temporarily_unavailable", "aws_role_stopped"]],
    ["a permissions boundary", [403, "access_denied", "aws_role_refused"]],
    ["a service control policy", [403, "access_denied", "aws_role_refused"]],
  ])("by who denies it, whether to ask again: an explicit deny in %s", async (where, answer) => {
    const what = "is not authorized to perform: sts:GetScopedCredentials on resource: *";
    const error = `AccessDenied: User: arn:aws:sts::111122223333:assumed-role/files/s ${what} with an explicit deny in ${where}`;
    world.roleSts.failures.set("GetScopedCredentials", { why: "refused", error });
    const session = await openSession(planner);
    expect(await refused(vend(planner, session))).toEqual(answer);
    expect(world.store.vends.size).toBe(0);
    // nobody stops the taking of a role so: there it is the owner's word
    world.roleSts.failures.clear();
    world.roleSts.failures.set("AssumeRole", { why: "refused", error });
    expect(await refused(vend(planner, session))).toEqual([403, "access_denied", "aws_role_refused"]);
  });

  it("a request to ask for less, where the policies do not fit", async () => {
    world.roleSts.failures.set("AssumeRole", { why: "too_large", error: "PackedPolicyTooLarge: 104%" });
    const session = await openSession(planner);
    expect(await refused(vend(planner, session))).toEqual([400, "invalid_request", "aws_policy_packed_too_large"]);
  });

  it.each(["AssumeRole", "GetScopedCredentials"] as const)(
    "503 while %s is down, and nothing is written",
    async (call) => {
      world.roleSts.failures.set(call, { why: "unavailable", error: "Throttling" });
      const session = await openSession(planner);
      const proofs = world.store.replayEntries.size;
      expect(await refused(vend(planner, session))).toEqual([503, "temporarily_unavailable", "sts_unavailable"]);
      expect([world.store.vends.size, world.store.replayEntries.size]).toEqual([0, proofs]);
      world.roleSts.failures.clear();
      expect((await vend(planner, session)).status).toBe(200);
    },
  );
});
