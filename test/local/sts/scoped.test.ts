import { describe, expect, it } from "vitest";
import {
  allow,
  type assume,
  assumed,
  away,
  deny,
  document,
  home,
  outcome,
  pass,
  reach,
  role,
  scope,
  scoped,
  setUp,
  somebody,
  trusting,
  whoIs,
} from "./ground.ts";

setUp();

const text = (...statements: object[]) => JSON.stringify(document(...statements));
const scoping = allow("sts:GetScopedCredentials");
const homeRoot = `arn:aws:iam::${home}:root`;
const everything = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"];

async function session(policies: object[] = [document(allow("*"))], more: Parameters<typeof assume>[2] = {}) {
  const arn = role([trusting(homeRoot, everything)], { policies });
  return assumed(somebody([allow(everything)]), arn, { DurationSeconds: 900, ...more });
}

describe("scoped credentials", () => {
  it("keep who one is, and say how they were made", async () => {
    const own = await session([document(allow("*"))], { SourceIdentity: "lyd.root.s1" });
    const before = await whoIs(own);
    const askedAt = Date.now();
    const answer = await scope(own, {
      Policy: text(allow("dynamodb:GetItem")),
      DurationSeconds: 60,
      ScopedSessionDescription: "agent a, depth 1",
    });
    expect(answer.SessionInfo).toEqual({ Arn: before.Arn, ScopedSessionId: before.UserId });
    expect(answer).toMatchObject({ ScopedPoliciesCount: 1, SourceIdentity: "lyd.root.s1" });
    expect(answer.SessionTokenSize).toBe(answer.Credentials?.SessionToken?.length);
    expect(answer.SessionTokenUtilization).toBeGreaterThan(0);
    const endsAt = answer.Credentials?.Expiration?.getTime() ?? 0;
    // to the second, and never longer than asked for
    expect(endsAt).toBeGreaterThan(askedAt + 59_000);
    expect(endsAt).toBeLessThanOrEqual(Date.now() + 60_000);
    const narrow = await scoped(own, { Policy: text(allow("dynamodb:GetItem")) });
    expect(await whoIs(narrow)).toMatchObject({ Arn: before.Arn, UserId: before.UserId });
    expect(await reach(narrow)).toEqual({ read: "ok", write: "AccessDeniedException" });
    expect(await reach(own)).toEqual({ read: "ok", write: "ok" });
  });

  it("are the intersection of every policy laid on, and never more", async () => {
    const own = await session([document(allow(["dynamodb:GetItem", "sts:GetScopedCredentials"]))]);
    const wide = await scoped(own, { Policy: text(allow("*")) });
    expect(await reach(wide)).toEqual({ read: "ok", write: "AccessDeniedException" });
    const one = await scoped(await session(), { Policy: text(allow("dynamodb:*"), scoping) });
    const two = await scoped(one, { Policy: text(allow("dynamodb:GetItem"), scoping) });
    expect(await reach(two)).toEqual({ read: "ok", write: "AccessDeniedException" });
    const three = await scoped(two, { Policy: text(allow("dynamodb:*"), deny("dynamodb:GetItem"), scoping) });
    expect(await reach(three)).toEqual({ read: "AccessDeniedException", write: "AccessDeniedException" });
    expect(await outcome(scope(three, { Policy: text(allow("*")) }))).toBe("AccessDenied");
    expect((await scope(three, { DurationSeconds: 60 })).ScopedPoliciesCount).toBe(3);
  });

  it("are given to nobody whose policies do not all allow it", async () => {
    const Policy = text(allow("dynamodb:*"));
    expect(await outcome(scope(await session([document(allow("dynamodb:*"))]), { Policy }))).toBe("AccessDenied");
    const closed = await session([document(allow("*"))], { Policy });
    expect(await outcome(scope(closed, { DurationSeconds: 60 }))).toBe("AccessDenied");
    const last = await scoped(await session(), { Policy });
    expect(await outcome(scope(last, { DurationSeconds: 60 }))).toBe("AccessDenied");
  });

  it.each([
    ["neither policy nor life", {}, "ValidationError"],
    ["a life of no second", { DurationSeconds: 0 }, "ValidationError"],
    ["a life over 36 hours", { DurationSeconds: 129_601 }, "ValidationError"],
    ["a life beyond the session's", { DurationSeconds: 901 }, "InsufficientSessionLifetimeException"],
    [
      "a description of 257 characters",
      { DurationSeconds: 60, ScopedSessionDescription: "x".repeat(257) },
      "ValidationError",
    ],
    ["a policy of 2,049 characters", { Policy: text(allow("*")).padEnd(2_049) }, "ValidationError"],
    ["a policy that is none", { Policy: "[]" }, "MalformedPolicyDocumentException"],
    ["a policy that names a principal", { Policy: text(trusting("*", "*")) }, "MalformedPolicyDocumentException"],
    ["a token larger than there are", { DurationSeconds: 60, MinimumSessionTokenSize: 4_097 }, "ValidationError"],
  ])("are refused for %s", async (_name, input, code) => {
    expect(await outcome(scope(await session(), input))).toBe(code);
  });

  it("are decided in the account of the role whose session it is, whoever assumed it", async () => {
    const arn = role([trusting(homeRoot, everything)], {}, away);
    const own = await assumed(somebody([allow(everything)]), arn, { DurationSeconds: 900 });
    expect(await whoIs(await scoped(own, { DurationSeconds: 60 }))).toMatchObject({ Account: away });
  });

  it("may have a token as large as asked for", async () => {
    const answer = await scope(await session(), { DurationSeconds: 60, MinimumSessionTokenSize: 4_000 });
    expect(answer.SessionTokenSize).toBeGreaterThanOrEqual(4_000);
    expect(answer.SessionTokenSize).toBeLessThanOrEqual(4_096);
  });

  it("threat 10: end to the second, everywhere, while the session that they came from lives on", async () => {
    const own = await session();
    const short = await scoped(own, { DurationSeconds: 60 });
    expect(await reach(short)).toEqual({ read: "ok", write: "ok" });
    pass(60);
    expect(await outcome(whoIs(short))).toMatch(/^ExpiredToken/);
    expect(await reach(short)).toEqual({ read: "ExpiredTokenException", write: "ExpiredTokenException" });
    expect(await outcome(scope(short, { DurationSeconds: 1 }))).toMatch(/^ExpiredToken/);
    expect(await outcome(whoIs(own))).toBe("ok");
  });

  it("threat 10: deny everything after a moment that their policy names, whatever their life", async () => {
    const at = new Date(Date.now() + 100_000).toISOString();
    const after = deny("*", "*", { Condition: { DateGreaterThan: { "aws:CurrentTime": at } } });
    const made = await scoped(await session(), { Policy: text(allow("*"), after), DurationSeconds: 600 });
    expect((await reach(made)).read).toBe("ok");
    pass(102);
    expect(await reach(made)).toEqual({ read: "AccessDeniedException", write: "AccessDeniedException" });
  });
});
