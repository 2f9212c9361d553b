import { describe, expect, test } from "vitest";
import { join } from "../../core/lineage/join.ts";
import type { AuditLine, TrailLine } from "../../core/lineage/lines.ts";
import { line, opened, record, role, sid } from "./ground.ts";

const provider = "arn:aws:iam::111122223333:oidc-provider/id.example.com";
const nameOf = (name: string) => `${provider}#${`token-${name}`.padEnd(22, "0")}`;

/** The record of a token by which an agent takes a role by itself. */
const token = (name: string, more: Partial<AuditLine> = {}): AuditLine =>
  record("credentials.token", {
    ...opened(name),
    operation: "credentials.token",
    uid: `token-of-${name}`,
    awsRoleArn: role,
    awsToken: nameOf(name),
    ...more,
  });

/** What STS logs of whoever shows it. */
const taken = (name: string, more: Partial<TrailLine> = {}): TrailLine =>
  line("sts", "AssumeRoleWithWebIdentity", {
    requestId: `taken-${name}`,
    tokenId: nameOf(name),
    assumedRoleArn: role,
    issuedKeyId: `ASIATAKEN${name.toUpperCase()}`,
    sourceIdentity: `lyd.${sid(name)}.${sid(name)}`,
    ...more,
  });
const read = (accessKeyId: string): TrailLine => line("s3", "GetObject", { accessKeyId, roleArn: role });

const callsOf = (audit: readonly AuditLine[], trail: readonly TrailLine[], name = "planner") =>
  (join(audit, trail).calls.get(sid(name)) ?? []).map(({ line: { eventId }, by }) => [eventId, by]);

describe("threat 21: what an agent did with a role that it took by itself", () => {
  const audit = [opened("planner"), token("planner")];

  test("is its session's, by the token that our record names and STS read under our issuer's provider", () => {
    const [show, get] = [taken("planner"), read("ASIATAKENPLANNER")];
    expect(callsOf(audit, [get, show])).toEqual([
      [show.eventId, "vend"],
      [get.eventId, "key"],
    ]);
  });

  test("is its session's for each time that the token was shown, and for what was got with those keys", () => {
    const again = taken("planner", { requestId: "again", issuedKeyId: "ASIAAGAIN" });
    const narrowed = line("sts", "GetScopedCredentials", { accessKeyId: "ASIAAGAIN", issuedKeyId: "ASIANARROW" });
    const get = read("ASIANARROW");
    const found = callsOf(audit, [taken("planner"), again, narrowed, get]);
    expect(found).toHaveLength(4);
    expect(found).toContainEqual([get.eventId, "key"]);
  });

  test.each<[string, Partial<TrailLine>]>([
    [
      "a provider of another issuer, with the same tags",
      { tokenId: nameOf("planner").replace("id.example", "id.evil") },
    ],
    ["a provider in another account", { tokenId: nameOf("planner").replace("111122223333", "999900001111") }],
    ["a token that no record names", { tokenId: nameOf("other") }],
    ["no token's name, and our SourceIdentity alone", { tokenId: undefined as never }],
    ["a refused call", { error: "AccessDenied", issuedKeyId: undefined as never }],
    ["a call of another kind that bears the name", { name: "AssumeRole" }],
  ])("is nobody's of ours with %s", (_, more) => {
    expect(callsOf(audit, [taken("planner", more), read("ASIATAKENPLANNER")])).toEqual([]);
  });

  test("is in dispute, and joined to none, where the token is another role's or two sessions' records hold it", () => {
    const elsewhere = join(audit, [taken("planner", { assumedRoleArn: `${role}2` })]);
    expect(elsewhere.keys.disputed).toMatchObject([{ why: "another_role", sids: [sid("planner")] }]);
    const twice = [...audit, opened("mallory"), token("mallory", { awsToken: nameOf("planner") })];
    const copied = join(twice, [taken("planner")]);
    expect(copied.keys.disputed).toMatchObject([{ why: "held_by_two_sessions" }]);
    expect([copied.keys.owners.size, copied.calls.size]).toEqual([0, 0]);
  });

  test("leaves nothing to wait for while nobody shows the token", () => {
    expect(join(audit, []).keys.missing).toEqual([]);
  });
});
