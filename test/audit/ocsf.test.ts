import { createHash } from "node:crypto";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { ocsfClasses } from "../../core/audit/classes.ts";
import { createRecorder } from "../../core/audit/ocsf.ts";
import { type AuditFacts, type AuditOperation, ocsfVersions, type RecordForm } from "../../core/audit/record.ts";
import { assuranceLevels } from "../../core/model/assurance.ts";
import { randomIds } from "../kit/keys.ts";
import { exampleForm, toRecord } from "../kit/records.ts";
import { classNames, load, validIn } from "./bundles.ts";
import { bare, full, operations } from "./samples.ts";

const valid = validIn("1.9.0");

type Event = Record<string, unknown> & {
  class_uid: number;
  activity_id: number;
  type_uid: number;
  category_uid: number;
  time: number;
  metadata: { uid: string; version: string; profiles: string[] };
  unmapped: { lanyard: Record<string, unknown> };
};
const event = (facts: AuditFacts, id = "DDDDDDDDDDDDDDDDDDDDDD"): Event => JSON.parse(toRecord(facts, id).body);

describe("the bundle evaluates as its own cases say", () => {
  type Case = { readonly name: string; readonly class_: string; readonly schema_valid?: boolean; event: unknown };
  const cases = (["1.8.0", "1.9.0"] as const).flatMap((version) =>
    (load(version === "1.8.0" ? "event-cases.json" : "event-cases-1.9.0-dev.json").cases as Case[]).map(
      (one) => [version, one.name, one] as const,
    ),
  );
  test.each(cases)("%s: %s", (version, _, { class_, event, schema_valid = true }) => {
    expect(validIn(version)(class_, event) === "").toBe(schema_valid);
  });
});

const written = (version: RecordForm["ocsf"], facts: AuditFacts): Event =>
  JSON.parse(createRecorder({ ...exampleForm, ocsf: version }, randomIds)(facts, "DDDDDDDDDDDDDDDDDDDDDD").body);

describe.each(operations)("%s", (operation: AuditOperation) => {
  test.each([
    ["with every fact known", full(operation)],
    ["denied with next to nothing known", bare(operation)],
    [
      "denied with every fact known",
      { ...full(operation), outcome: "denied", denial: { code: "scope_exceeds", by: "offer", scopes: ["x"] } } as const,
    ],
    [
      "by an operator",
      { ...full(operation), operator: { arn: "arn:aws:sts::1:assumed-role/o/ada", uniqueId: "AROA:ada" } },
    ],
    ["from a service's name instead of an address", { ...bare(operation), sourceIp: "lambda.amazonaws.com" }],
    ["from IPv6", { ...bare(operation), sourceIp: "2001:db8::ffff:1.2.3.4" }],
    ["aggregated", { ...bare(operation), count: 4711 }],
  ] as [string, AuditFacts][])(
    "is a valid event of either version %s, with OCSF's arithmetic and times",
    (_, facts) => {
      for (const version of ocsfVersions) {
        const e = written(version, facts);
        expect(validIn(version)(classNames[e.class_uid] ?? "none", e)).toBe("");
        expect(e.type_uid).toBe(e.class_uid * 100 + e.activity_id);
        expect(e.category_uid).toBe(Math.floor(e.class_uid / 1000));
        expect(e.time).toBe(facts.timeMillis);
        expect(e.metadata).toMatchObject({ uid: "DDDDDDDDDDDDDDDDDDDDDD", version });
        expect(e.status_id).toBe(facts.outcome === "allowed" ? 1 : 2);
      }
    },
  );
});

test("activities and classes are those of the released schema", () => {
  const captions = new Set(Object.values(ocsfClasses).map((c) => `${c.classUid} ${c.activityId} ${c.activityName}`));
  expect([...captions].sort()).toEqual([
    "3002 1 Logon",
    "3002 2 Logoff",
    "3002 4 Service Ticket Request",
    "3003 1 Assign Privileges",
    "3003 99 Other",
    "3004 1 Create",
    "3004 3 Update",
    "3004 4 Delete",
    "3004 8 Enable",
    "3004 9 Disable",
    "3004 99 Other",
    "6003 2 Read",
    "6003 3 Update",
    "6003 99 Other",
  ]);
});

test("the hash is SHA-256 over the very bytes of the body", () => {
  const record = toRecord(full("session.open"), "DDDDDDDDDDDDDDDDDDDDDD");
  expect(record.hash).toBe(createHash("sha256").update(record.body, "utf8").digest("base64url"));
  expect(record).toMatchObject({ detailType: "Authorize Session", timeMillis: 1_785_542_400_123 });
});

test("every fact stands flat under unmapped.lanyard, so that a query by session, agent or principal is plain SQL", () => {
  expect(event(full("session.offer")).unmapped.lanyard).toMatchObject({
    operation: "session.offer",
    outcome: "allowed",
    agent: "spiffe://agents.example.com/agent/planner",
    principal: "p_abcdefghijklmnopqrstuvwxyz234567",
    sid: "AAAAAAAAAAAAAAAAAAAAAA",
    root: "BBBBBBBBBBBBBBBBBBBBBB",
    parent: "BBBBBBBBBBBBBBBBBBBBBB",
    depth: 1,
    offered_to: "spiffe://agents.example.com/agent/researcher",
    grants: full("session.offer").grants,
    jti: "CCCCCCCCCCCCCCCCCCCCCC",
    jkt: "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
    assurance: "fresh",
    evidence: { roleArn: "arn:aws:iam::111122223333:role/agents/planner", account: "111122223333" },
    build: "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    registry_version: 7,
    policies: ["agents-work-for-people"],
    purpose: "[withheld]",
  });
});

test("a denial keeps its code and every fact of it", () => {
  const denial = {
    code: "policy_denied",
    policies: ["p"],
    resource: "https://tickets.example",
    action: "open",
    missing: { who: "task", tool: "tickets:read" },
    why: "the use of tickets:read is forbidden by p",
  } as const;
  const e = event({ ...bare("session.open"), denial });
  expect(e.status_code).toBe("policy_denied");
  expect(e.unmapped.lanyard.denial).toEqual(denial);
});

test.each(operations)(
  "a refusal that knows everything still says why: every column of ours stands, %s",
  (operation) => {
    const facts = { ...full(operation), outcome: "denied", denial: { code: "dpop_replayed" } } as const;
    const columns = (of: AuditFacts) =>
      Object.keys((JSON.parse(toRecord(of, "id").body) as { unmapped: { lanyard: object } }).unmapped.lanyard);
    const { operator: _, ...refused } = facts;
    const known = columns({ ...refused, outcome: "allowed" });
    expect(columns(refused)).toEqual(known);
    expect(columns(refused)).toContain("denial");
  },
);

property.prop([fc.string({ unit: "grapheme", maxLength: 300 })], { numRuns: 200 })(
  "any source address or name makes a valid event",
  (sourceIp) => {
    expect(valid("api_activity", event({ ...bare("request"), sourceIp }))).toBe("");
  },
);

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 60 }),
  fc.constantFrom(
    "spiffe://agents.example.com/agent/planner",
    "p_abcdefghijklmnopqrstuvwxyz234567",
    "AAAAAAAAAAAAAAAAAAAAAA",
  ),
);
const texts = fc.array(text, { maxLength: 4 });
const session = fc.record(
  { sid: text, root: text, depth: fc.nat(8), parent: text, anc: texts },
  { requiredKeys: ["sid", "root", "depth"] },
);
const grant = fc.record({ resource: text, scopes: texts, details: fc.constant([]) });
const anyFacts: fc.Arbitrary<AuditFacts> = fc.record(
  {
    operation: fc.constantFrom(...operations),
    outcome: fc.constantFrom("allowed", "denied"),
    timeMillis: fc.integer({ min: 1_700_000_000_000, max: 2_000_000_000_000 }),
    requestId: text,
    sourceIp: fc.oneof(fc.ipV4(), fc.ipV6(), text),
    userAgent: text,
    agent: text,
    owner: text,
    operator: fc.record({ arn: text, uniqueId: text }),
    principal: text,
    actors: texts,
    session,
    offeredTo: text,
    grants: fc.array(grant, { maxLength: 3 }),
    requested: fc.record({ resources: texts, scopes: texts }),
    expiresAtSeconds: fc.integer({ min: 0, max: 4_000_000_000 }),
    aws: fc.record({ role: text, roleArn: text, accessKeyId: text }),
    assurance: fc.constantFrom(...assuranceLevels),
    keyReplaced: fc.constant(true as const),
    build: text,
    policies: texts,
    denial: fc.constantFrom(
      { code: "dpop_missing" } as const,
      { code: "scope_exceeds", by: "offer", scopes: ["x"] } as const,
    ),
    target: text,
    reason: text,
    count: fc.nat(),
  },
  { requiredKeys: ["operation", "outcome", "timeMillis", "requestId"] },
);

property.prop([anyFacts], { numRuns: 300 })(
  "any decision is a valid event of either version, whatever is known of it",
  (facts) => {
    for (const version of ocsfVersions) {
      const e = written(version, facts);
      expect(validIn(version)(classNames[e.class_uid] ?? "none", e), JSON.stringify(e)).toBe("");
    }
  },
);

property.prop([anyFacts], { numRuns: 200 })(
  "an agent stands as OCSF's agent exactly where it proved who it is",
  (facts) => {
    const isProven = facts.agent !== undefined && facts.assurance !== undefined;
    const later = written("1.9.0", facts);
    expect("ai_agent" in later).toBe(isProven);
    expect(later.metadata.profiles.includes("ai_operation")).toBe(isProven);
    const earlier = written("1.8.0", facts) as Event & { actor: { app_uid?: string } };
    expect("app_uid" in earlier.actor).toBe(isProven);
    expect(earlier).not.toHaveProperty("ai_agent");
  },
);

test("whatever the version, our own columns say the same", () => {
  for (const operation of operations)
    expect(written("1.8.0", full(operation)).unmapped).toEqual(written("1.9.0", full(operation)).unmapped);
});

describe("what analysts filter by stands in OCSF's own members", () => {
  const vend = written("1.9.0", full("credentials.vend"));
  test("person, agent, run, code, session, tree, access key, account, Region and deployment", () => {
    expect(vend).toMatchObject({
      actor: {
        user: { uid: "p_abcdefghijklmnopqrstuvwxyz234567", type: "User" },
        session: { uid: "AAAAAAAAAAAAAAAAAAAAAA", credential_uid: "ASIAEXAMPLEEXAMPLE12" },
      },
      ai_agent: {
        uid: "spiffe://agents.example.com/agent/planner",
        name: "planner",
        instance_uid: "AAAAAAAAAAAAAAAAAAAAAA",
        version: full("credentials.vend").build,
      },
      metadata: { correlation_uid: "BBBBBBBBBBBBBBBBBBBBBB", log_name: "agents.example.com/lanyard/test/eu-west-1" },
      cloud: { provider: "AWS", account: { uid: "999988887777" }, region: "eu-west-1" },
    });
  });

  test("an agent on its own is the user of its work, and an operator of hers", () => {
    const agent = "spiffe://agents.example.com/agent/planner";
    expect(written("1.9.0", { ...full("session.open"), principal: agent })).toMatchObject({
      actor: { user: { uid: agent, type: "Service" } },
      ai_agent: { uid: agent },
    });
    const operator = { arn: "arn:aws:sts::1:assumed-role/o/ada", uniqueId: "AROA:ada" };
    expect(written("1.9.0", { ...full("revoke"), operator })).toMatchObject({ actor: { user: { uid: "AROA:ada" } } });
  });

  test("the whole chain of a deep session: root, what is between, parent and actors", () => {
    const [root, anc, parent] = [
      "BBBBBBBBBBBBBBBBBBBBBB",
      ["CCCCCCCCCCCCCCCCCCCCCC", "EEEEEEEEEEEEEEEEEEEEEE"],
      "EEEEEEEEEEEEEEEEEEEEEE",
    ];
    const session = { sid: "AAAAAAAAAAAAAAAAAAAAAA", root, anc, parent, depth: 3 };
    expect(event({ ...full("session.redeem"), session }).unmapped.lanyard).toMatchObject({
      root,
      anc,
      parent,
      depth: 3,
    });
    expect(event(full("session.redeem")).unmapped.lanyard).not.toHaveProperty("anc");
  });
});
