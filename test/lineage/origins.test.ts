import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as path } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { run } from "../../bin/lanyard/program.ts";
import * as people from "./people.ts";

const sid = "P".repeat(22);
const facts = { agent: "spiffe://td/agent/planner", principal: "p_ada00000", jkt: "thumb" };
const audit = [
  { operation: "attest", jti: "token-1", evidence_id: "evidence-1" },
  { operation: "session.open", sid, root: sid, depth: 0 },
].map((each, n) => ({
  time: Date.parse("2026-11-30T09:06:20Z") + n,
  metadata: { uid: `record-${n}` },
  unmapped: { lanyard: { ...facts, outcome: "allowed", ...each } },
}));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path(tmpdir(), "origins-"));
  for (const each of ["audit", "trail"]) mkdirSync(path(folder, each));
  writeFileSync(path(folder, "audit/a.json"), audit.map((each) => JSON.stringify(each)).join("\n"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function trace(records: readonly object[], ...args: string[]) {
  writeFileSync(path(folder, "trail/a.json"), JSON.stringify({ Records: records }));
  const lines: string[] = [];
  const say = (text: string) => void lines.push(text);
  const all = ["trace", ...args, "--audit", "audit", "--trail", "trail"];
  const code = await run(all, { terminal: { out: say, err: say } as never, env: {}, folder });
  return { code, text: lines.join("\n") };
}

const told =
  `of user ${people.person.user} of d-0000000000 (email=ada@example.com, department=research), ` +
  "by the account access manager";
const claimed = (record: { userIdentity: object }) => {
  const identity = record.userIdentity as { sessionContext: object };
  const sessionContext = { ...identity.sessionContext, sourceIdentity: `lyd.${sid}.${sid}` };
  return { ...record, userIdentity: { ...identity, sessionContext } };
};

describe("a session of the account access manager", () => {
  test("is none of ours and has its person's name, asked by event, by key and beside a session that it claims", async () => {
    const records = [people.did("ListBuckets"), people.opened()];
    for (const question of [
      ["event", "person-ListBuckets"],
      ["key", people.person.key],
    ]) {
      const { code, text } = await trace(records, ...question);
      expect(code).toBe(1);
      expect(text).toContain(`nothing of ours: ${told}`);
      expect(text).toMatch(/^asked .*s3:ListBuckets.*by the account access manager$/m);
    }
    const beside = await trace([...records, claimed(people.did("GetObject"))], "session", sid);
    expect(beside.code).toBe(0);
    expect(beside.text).toMatch(/NOT OURS {2}1 line/);
    expect(beside.text).toMatch(new RegExp(`s3:GetObject .*${told.replace(/[().]/g, "\\$&")}$`, "m"));
  });

  test("stands behind the agent's session whose workload was started from it, with each hop between", async () => {
    const records = [people.document, people.did("ListBuckets"), people.chained, people.opened()];
    const { code, text } = await trace(records, "session", sid);
    expect(code).toBe(0);
    const [proof, link, who] = ["sts:GetWebIdentityToken", "with credentials of ", told].map((part) =>
      text.split("\n").findIndex((line) => line.includes(part)),
    );
    expect(proof).toBeGreaterThan(0);
    expect([link, who]).toEqual([Number(proof) + 1, Number(proof) + 2]);
    // the person's own calls are not the agent's
    expect(text).not.toContain("ListBuckets");
  });

  test("is told by its session's name where AWS writes no user, and as JSON", async () => {
    const { userIdentity, ...rest } = people.did("ListBuckets");
    const { onBehalfOf: _, ...bare } = userIdentity;
    const { text } = await trace(
      [{ ...rest, userIdentity: bare }, people.opened()],
      "event",
      "person-ListBuckets",
      "--json",
    );
    expect(JSON.parse(text).origins["person-ListBuckets"]).toMatchObject({
      by: "account-access",
      who: people.person.user,
    });
  });
});

describe("threat 21: nobody is told as the account access manager's person", () => {
  const assumed = { type: "AssumedRole", principalId: "AROAMALLORY:x", accessKeyId: "ASIAMALLORY000001" };
  const service = "account-access.amazonaws.com";
  test.each([
    ["a role, session, user agent and tags that imitate it", { userIdentity: assumed }],
    ["a service that acts in somebody's name", { userIdentity: { ...assumed, invokedBy: service } }],
    ["another service of AWS", { userIdentity: { type: "AWSService", invokedBy: "cloudformation.amazonaws.com" } }],
    ["a service whose name begins so", { userIdentity: { type: "AWSService", invokedBy: `${service}.example.com` } }],
    ["no call of STS", { eventSource: "account-access.amazonaws.com" }],
    ["another call of STS", { eventName: "AssumeRoleWithSAML" }],
    ["a call that a token is taken by", { eventName: "AssumeRoleWithWebIdentity" }],
    ["a call that was refused", { errorCode: "AccessDenied", responseElements: null }],
    ["a session of another second", { eventTime: "2026-11-30T09:00:12Z" }],
    ["a session of another name", { responseElements: { assumedRoleUser: { assumedRoleId: "AROAENGINEER:other" } } }],
  ])("by %s", async (_, more) => {
    const { code, text } = await trace([people.did("ListBuckets"), people.opened(more)], "event", "person-ListBuckets");
    expect(code).toBe(1);
    expect(text).not.toContain("account access manager");
    expect(text).not.toContain("ada@example.com");
  });

  test.each(["AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"])(
    "by a session of the same role, name and second that somebody else opened with %s",
    async (eventName) => {
      const own = people.opened({
        ...{ eventID: "mallory", requestID: "request-mallory", eventName, userIdentity: assumed },
        responseElements: {
          credentials: { accessKeyId: "ASIAMALLORY000002" },
          assumedRoleUser: { assumedRoleId: people.person.principal },
        },
      });
      const { userIdentity, ...rest } = people.did("ListBuckets");
      const calls = ["ASIAMALLORY000002", "ASIAUNKNOWN000001"].map((accessKeyId) => ({
        ...rest,
        ...{ eventID: accessKeyId, userIdentity: { ...userIdentity, accessKeyId } },
      }));
      for (const { eventID } of calls) {
        const { text } = await trace([...calls, own, people.opened()], "event", eventID);
        expect(text).toContain("nothing of ours: no record of ours");
        expect(text).not.toContain("ada@example.com");
      }
    },
  );

  test("by a circle of keys, which ends", async () => {
    const link = (eventID: string, accessKeyId: string, issued: string) => ({
      ...people.chained,
      ...{ eventID, requestID: eventID, userIdentity: { type: "AssumedRole", accessKeyId } },
      responseElements: { credentials: { accessKeyId: issued } },
    });
    const circle = [
      link("one", "ASIACIRCLE0000001", "ASIACIRCLE0000002"),
      link("two", "ASIACIRCLE0000002", "ASIACIRCLE0000001"),
    ];
    expect((await trace(circle, "event", "one")).text).toContain("nothing of ours: no record of ours");
  });
});

describe("delegated access", () => {
  test("is told by the account of the product provider, which AWS writes", async () => {
    const { code, text } = await trace([people.delegated()], "event", "delegated");
    expect(code).toBe(1);
    expect(text).toContain("nothing of ours: of the product provider of account 444455556666, by delegated access");
  });

  test("is not told of a record with another shape of that member", async () => {
    const { text } = await trace([people.delegated({ invokedByDelegate: "444455556666" })], "event", "delegated");
    expect(text).toContain("nothing of ours: no record of ours");
  });
});
