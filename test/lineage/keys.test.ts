import { describe, expect, test } from "vitest";
import { join } from "../../core/lineage/join.ts";
import type { AuditLine, TrailLine } from "../../core/lineage/lines.ts";
import { ids, line, opened, read, role, sid, stsOf, vended } from "./ground.ts";

const callsOf = (audit: readonly AuditLine[], trail: readonly TrailLine[], name: string) =>
  (join(audit, trail).calls.get(sid(name)) ?? []).map(({ line: { eventId }, by }) => [eventId, by]);

describe("a call is a session's", () => {
  const [assume, scope] = stsOf("planner");
  const audit = [opened("planner"), vended("planner")];

  test("by a key that STS gave out in a request that our record holds, and so are the calls that got it", () => {
    const get = read("planner");
    expect(callsOf(audit, [get, scope, assume], "planner").toSorted()).toEqual(
      [
        [get.eventId, "key"],
        // with the key of the first call, which nobody but us ever had
        [scope.eventId, "key"],
        [assume.eventId, "vend"],
      ].toSorted(),
    );
  });

  test("in one order of its calls, though they fell into one second, in whichever order and however often they came", () => {
    const lines = [read("planner"), read("planner"), read("planner"), scope, assume];
    const first = callsOf(audit, lines, "planner");
    expect(first).toHaveLength(5);
    for (const again of [lines.toReversed(), [...lines.slice(2), ...lines]])
      expect(callsOf(audit, again, "planner")).toEqual(first);
  });

  test("by keys that were got with its own, however long the chain, and though the chain is a circle", () => {
    const chain = [1, 2, 3].map((at) =>
      line("sts", "AssumeRole", {
        accessKeyId: at === 1 ? "ASIASCOPEDPLANNER" : `ASIACHAIN${at - 1}`,
        issuedKeyId: `ASIACHAIN${at}`,
      }),
    );
    const circle = line("sts", "AssumeRole", { accessKeyId: "ASIACHAIN3", issuedKeyId: "ASIACHAIN1" });
    const last = line("dynamodb", "PutItem", { accessKeyId: "ASIACHAIN3" });
    const found = callsOf(audit, [last, circle, ...chain.toReversed(), assume, scope], "planner");
    expect(found).toContainEqual([last.eventId, "key"]);
    expect(join(audit, [assume, scope, ...chain]).keys.owners.get("ASIACHAIN3")).toMatchObject({ by: "chained" });
  });

  test("in another account too, whose copy of the STS event names the same request", () => {
    const copy = {
      ...assume,
      eventId: "their-copy",
      account: "444455556666",
      accessKeyId: undefined,
    } as never as TrailLine;
    const { keys, calls } = join(audit, [assume, copy, scope]);
    expect(keys.disputed).toEqual([]);
    expect(ids((calls.get(sid("planner")) ?? []).map(({ line }) => line))).toContain("their-copy");
  });

  test("in the trail of the account that owns what it read, which is told no key", () => {
    const get = read("planner", { requestId: "get-1", roleArn: role });
    const copy = line("s3", "GetObject", { requestId: "get-1", account: "444455556666", principalId: "AROA:x" });
    const other = line("s3", "DeleteObject", { requestId: "get-1", account: "444455556666" });
    const theirs = line("s3", "GetObject", { requestId: "get-1", accessKeyId: "ASIASTRANGER" });
    const found = callsOf(audit, [copy, other, theirs, get, assume, scope], "planner").map(([id]) => id);
    expect(found).toContain(copy.eventId);
    // another call, and another's key, whatever request they name
    expect(found).not.toContain(other.eventId);
    expect(found).not.toContain(theirs.eventId);
  });

  test("only once STS's event is there: until then it is told as missing, and as a claim", () => {
    const get = read("planner");
    const { calls, claims, keys } = join(audit, [get]);
    expect([calls.get(sid("planner")), ids(claims)]).toEqual([undefined, [get.eventId]]);
    expect(keys.missing.map(({ requestId }) => requestId)).toEqual(["assume-planner", "scope-planner"]);
  });
});

describe("threat 21: a line is nobody's", () => {
  const audit = [opened("planner"), vended("planner")];
  const trail = stsOf("planner");
  const foreign = { accessKeyId: "ASIASTRANGER", roleArn: "arn:aws:iam::111122223333:role/other" };

  test.each([
    ["a source identity that another role set", { sourceIdentity: `lyd.${sid("planner")}.${sid("planner")}` }],
    ["a session name that imitates a session's id", { principalId: `AROAOTHER:${sid("planner")}` }],
  ])("by %s; it is shown as a claim", (_, more) => {
    const forged = line("s3", "DeleteObject", { ...foreign, ...more });
    const { calls, claims } = join(audit, [...trail, forged]);
    expect(ids((calls.get(sid("planner")) ?? []).map(({ line }) => line))).not.toContain(forged.eventId);
    expect(ids(claims)).toEqual([forged.eventId]);
  });

  test("by an STS event of a request that no record of ours holds, though it names role, session and source identity", () => {
    const stranger = line("sts", "AssumeRole", {
      ...foreign,
      requestId: "strangers",
      assumedRoleArn: role,
      issuedKeyId: "ASIAFORGED",
      sourceIdentity: `lyd.${sid("planner")}.${sid("planner")}`,
    });
    const { keys, calls } = join(audit, [...trail, stranger, line("s3", "GetObject", { accessKeyId: "ASIAFORGED" })]);
    expect(keys.owners.has("ASIAFORGED")).toBe(false);
    expect(calls.get(sid("planner"))).toHaveLength(2);
  });

  test("by a request that failed, or was asked of another service than STS", () => {
    const [assume] = trail;
    const failed = { ...assume, error: "AccessDenied" };
    expect(join(audit, [failed]).keys.owners.size).toBe(0);
    const other = { ...assume, source: "s3.amazonaws.com" };
    expect(join(audit, [other]).keys.owners.size).toBe(0);
  });
});

describe("a record that says what cannot be takes nothing over", () => {
  const [assume, scope] = stsOf("planner");
  const honest = vended("planner");
  const whys = (audit: readonly AuditLine[], trail: readonly TrailLine[]) => {
    const { keys } = join(audit, trail);
    return { whys: keys.disputed.map(({ why }) => why), owners: [...keys.owners.keys()] };
  };

  test("replayed as another session's it leaves the key to neither", () => {
    const replayed = { ...honest, uid: "replayed", sid: sid("thief"), root: sid("thief") };
    expect(whys([honest, replayed], [assume, scope])).toEqual({
      whys: ["held_by_two_sessions", "held_by_two_sessions"],
      owners: [],
    });
  });

  test("replayed as it is, or delivered twice, it changes nothing", () => {
    const again = { ...honest, uid: "again" };
    const { owners } = whys([honest], [assume, scope]);
    expect(whys([honest, again, honest], [assume, scope, scope])).toEqual({ whys: [], owners });
  });

  test("under the name of another record neither counts, and both are told", () => {
    const changed = { ...honest, sid: sid("thief") };
    const { contradicted, keys } = join([honest, changed], [assume, scope]);
    expect(contradicted).toEqual([honest.uid]);
    expect(keys.owners.size).toBe(0);
  });

  test("with another role or another access key than STS gave out it counts for nothing", () => {
    const elsewhere = { ...honest, awsRoleArn: "arn:aws:iam::111122223333:role/other" };
    expect(whys([elsewhere], [assume]).whys).toEqual(["another_role"]);
    const otherKey = { ...honest, awsAccessKeyId: "ASIAOTHER" };
    expect(whys([otherKey], [scope]).whys).toEqual(["another_key"]);
  });

  test("with a key that two requests gave out it counts for nothing", () => {
    const twice = line("sts", "AssumeRole", { requestId: "else", issuedKeyId: assume.issuedKeyId ?? "" });
    expect(whys([honest], [assume, twice]).whys).toEqual(["issued_twice"]);
  });
});
