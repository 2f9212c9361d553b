import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { openDuckDb } from "../../bin/lanyard/trace/duckdb.ts";
import { athenaText } from "../../core/lineage/athena.ts";
import { type FindingAsked, findingColumns, findingStatement, signUnknown } from "../../core/lineage/findings.ts";
import { type Answer, answerOf } from "../../core/lineage/questions/question.ts";
import { filedAudit, filedTrail, openLake } from "./lake/lake.ts";

const roles = "arn:aws:iam::111122223333:role/lanyard-dev-eu-west-1-";
const key = "arn:aws:kms:eu-west-1:111122223333:key/session";
const at = Date.parse("2026-11-30T10:00:00Z");
const hour = 3_600_000;
const asked: FindingAsked = {
  days: { first: "2026-11-29", last: "2026-12-01" },
  sinceMillis: at - hour,
  untilMillis: at + hour,
  roles,
};

let made = 0;
/** A signature as CloudTrail has it. */
const signed = (role: string, userAgent: string, more: Record<string, unknown> = {}) => {
  made += 1;
  return {
    ...{ eventVersion: "1.11", recipientAccountId: "111122223333", awsRegion: "eu-west-1" },
    ...{ eventID: `sign-${made}`, eventTime: "2026-11-30T10:00:00Z", requestID: `r-${made}` },
    ...{ eventSource: "kms.amazonaws.com", eventName: "Sign", eventCategory: "Management", userAgent },
    userIdentity: {
      ...{ type: "AssumedRole", principalId: "AROA:x", accessKeyId: "ASIA1" },
      sessionContext: { sessionIssuer: { arn: role } },
    },
    resources: [{ ARN: key, accountId: "111122223333", type: "AWS::KMS::Key" }],
    ...more,
  };
};
const named = (id: string) => `aws-sdk-js/3 lanyard/${id}`;
const otherKey = { resources: [{ ARN: `${key}-of-others` }] };

/** An audit record of a session, or of an attestation by its token. */
const record = (facts: { sid?: string; jti?: string; canary?: boolean }, time = at) => ({
  time,
  metadata: { uid: `u-${made++}` },
  unmapped: { lanyard: { operation: "session.open", outcome: "allowed", ...facts } },
});
const audited = [record({ sid: "s1" }), record({ jti: "j1" })];

let folder: string | undefined;
afterEach(() => folder && rmSync(folder, { recursive: true, force: true }));

/** What either engine finds; both must agree. */
async function findings(lines: readonly object[], records: readonly object[] = audited, one = asked) {
  folder = mkdtempSync(join(tmpdir(), "findings-"));
  const [audit, trail] = [join(folder, "audit"), join(folder, "trail")];
  for (const each of [audit, trail]) mkdirSync(each);
  writeFileSync(join(audit, "a.gz"), gzipSync(records.map((each) => JSON.stringify(each)).join("\n")));
  writeFileSync(join(trail, "a.json.gz"), gzipSync(JSON.stringify({ Records: lines })));
  const statement = findingStatement(signUnknown, one);
  const files = await openDuckDb({ audit, trail }, findingColumns);
  const lake = await openLake({ audit: filedAudit(records as never), cloudtrail: filedTrail(lines as never) });
  try {
    const read = (rows: readonly Record<string, unknown>[]) => rows.map((row) => answerOf(signUnknown, row as never));
    const ours = read((await files.ask(statement)) as never);
    expect(read(await lake.run(athenaText(statement), statement.values))).toEqual(ours);
    return ours;
  } finally {
    files.close();
    lake.close();
  }
}
const why = (rows: readonly Answer[]) => rows.map((row) => [row.why, row.name]);

describe("threat 23: a signature that nobody audited", () => {
  test("is none where it names an audited session or attestation, by the roles that sign for them, nor for lists and checkpoints", async () => {
    const lines = [
      signed(`${roles}token`, named("s1")),
      signed(`${roles}attest`, named("j1")),
      signed(`${roles}publisher`, named("cuts")),
      signed(`${roles}publisher`, named("list-495123")),
      signed(`${roles}sealer`, named("checkpoint")),
      signed(`${roles}transmitter`, named("event-1")),
    ];
    expect(await findings(lines)).toEqual([]);
  });

  test.each<[string, string, object, string, string | null]>([
    [
      "a role of ours that names no session",
      `${roles}token`,
      { userAgent: "aws-sdk-js/3" },
      "names no audited session",
      null,
    ],
    ["a session that was never audited", `${roles}token`, { userAgent: named("s9") }, "names no audited session", "s9"],
    [
      "an audited session first, and another last",
      `${roles}token`,
      { userAgent: `${named("s1")} lanyard/s9` },
      "names no audited session",
      "s9",
    ],
    [
      "a checkpoint by the role of sessions",
      `${roles}token`,
      { userAgent: named("checkpoint") },
      "names no audited session",
      "checkpoint",
    ],
    [
      "a session by the role of lists",
      `${roles}publisher`,
      { userAgent: named("s1") },
      "for what this role does not sign",
      "s1",
    ],
    [
      "a list by the role of checkpoints",
      `${roles}sealer`,
      { userAgent: named("list-1") },
      "for what this role does not sign",
      "list-1",
    ],
    [
      "another role of ours",
      `${roles}introspect`,
      { userAgent: named("s1") },
      "for what this role does not sign",
      "s1",
    ],
    [
      "the user agent of a real session, by another role",
      "arn:aws:iam::111122223333:role/admin",
      { userAgent: named("s1"), ...otherKey },
      "in the name of ours, by another role",
      "s1",
    ],
    [
      "a role that begins as ours do, of another account",
      "arn:aws:iam::999922223333:role/lanyard-dev-eu-west-1-token",
      { userAgent: named("s1"), ...otherKey },
      "in the name of ours, by another role",
      "s1",
    ],
  ])("is found: %s", async (_, role, more, expected, name) => {
    expect(why(await findings([signed(role, "", more as Record<string, unknown>)]))).toEqual([[expected, name]]);
  });

  test("is found where another role, or none at all, signs with a key of ours in nobody's name", async () => {
    const ours = signed(`${roles}token`, named("s1"));
    const admin = signed("arn:aws:iam::111122223333:role/admin", "aws-cli/2");
    const root = signed("", "console", { userIdentity: { type: "Root" } });
    const rows = await findings([ours, admin, root]);
    expect(rows.map(({ eventid }) => eventid)).toEqual([admin.eventID, root.eventID]);
    expect(new Set(why(rows).map(([reason]) => reason))).toEqual(new Set(["with a key of ours, by another role"]));
  });

  test("is none of ours where another program signs with its own key, nor where KMS refused", async () => {
    const others = signed("arn:aws:iam::111122223333:role/payments", "aws-sdk-java", otherKey);
    const refused = signed(`${roles}token`, named("s9"), { errorCode: "AccessDenied" });
    expect(await findings([others, refused])).toEqual([]);
  });

  test("is none where its record came late, into the next day, and is one until then", async () => {
    const lines = [signed(`${roles}token`, named("late"))];
    expect(why(await findings(lines))).toEqual([["names no audited session", "late"]]);
    expect(await findings(lines, [record({ sid: "late" }, at + 20 * hour)])).toEqual([]);
  });

  test("is none of the canary's sessions, and is told once however often its line was delivered", async () => {
    const line = signed(`${roles}token`, named("s9"));
    const canary = signed(`${roles}token`, named("c1"));
    expect(await findings([line, line, canary], [...audited, record({ sid: "c1", canary: true })])).toHaveLength(1);
  });

  test("is looked for within the times that are asked for", async () => {
    const lines = ["08:59:59", "09:00:00", "11:00:00", "11:00:01"].map((time) =>
      signed(`${roles}token`, named("s9"), { eventTime: `2026-11-30T${time}Z` }),
    );
    const rows = await findings(lines);
    expect(rows.map(({ eventtime }) => eventtime)).toEqual(["2026-11-30T09:00:00Z", "2026-11-30T11:00:00Z"]);
  });
});

test("a finding's question is asked of roles of one deployment, with a question mark for each value", () => {
  for (const wrong of ["", "%", "arn:aws:iam::111122223333:role/", `${roles}token`])
    expect(() => findingStatement(signUnknown, { ...asked, roles: wrong })).toThrow(RangeError);
  const statement = findingStatement(signUnknown, asked);
  const text = athenaText(statement);
  expect(text.split("?").length - 1).toBe(statement.values.length);
  expect(text).not.toContain(roles);
});
