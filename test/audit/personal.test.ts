import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { createRecorder } from "../../core/audit/ocsf.ts";
import { decryptText, encryptText, withheld } from "../../core/audit/personal.ts";
import { type AuditFacts, ocsfVersions } from "../../core/audit/record.ts";
import { erased, revealColumns } from "../../core/audit/reveal.ts";
import type { PolicyQuestion } from "../../core/model/decision.ts";
import type { PersonKey } from "../../core/model/person-key.ts";
import { randomIds } from "../kit/keys.ts";
import { exampleForm } from "../kit/records.ts";
import { bare, full, operations } from "./samples.ts";

const recorders = ocsfVersions.map((ocsf) => createRecorder({ ...exampleForm, ocsf }, randomIds));
const [toRecord = recorders[0]] = recorders;
if (!toRecord) throw new Error("no version of OCSF");

const ada = "p_abcdefghijklmnopqrstuvwxyz234567";
const bob = "p_bbcdefghijklmnopqrstuvwxyz234567";
const keyFor = (person: string): PersonKey => ({ person, key: randomIds.secret(), madeAtSeconds: 1 });
const said = "Frau Lovelace wants her invoice";
const groups = ["people/works-council", "people/on-sick-leave"];
const question = (principal: PolicyQuestion["principal"]): PolicyQuestion => ({
  action: "open",
  agent: "spiffe://agents.example.com/agent/planner",
  principal,
  grant: { resource: "https://tickets.example", scopes: ["tickets:read"], details: [] },
  depth: 0,
  assurance: "fresh",
  evidence: { type: "x", facts: {} },
  nowSeconds: 1,
  asserted: { purpose: said },
});
const ofAda: Partial<AuditFacts> = {
  principal: ada,
  purpose: said,
  reason: said,
  asked: [question({ id: ada, kind: "person", groups }), question({ id: ada, kind: "person", groups })],
  operator: { arn: "arn:aws:iam::111122223333:role/operator", uniqueId: "AROAEXAMPLE" },
};
const words = [said, ...groups, "works-council"];
const eventId = "DDDDDDDDDDDDDDDDDDDDDD";
const columnsOf = (facts: AuditFacts, id = eventId) => JSON.parse(toRecord(facts, id).body).unmapped.lanyard;
const holder =
  (...keys: readonly PersonKey[]) =>
  async (person: string) =>
    keys.find((one) => one.person === person)?.key;

describe("threat 51: free text and claims of a person in a record", () => {
  test.each([
    ["person", ada, `principal:${ada}`],
    ["person's session", ada, `session:${eventId}`],
  ])(
    "of a %s are nowhere in its bytes, with a key or without one, in whatever operation and version",
    (_, principal, target) => {
      for (const record of recorders)
        for (const operation of operations)
          for (const outcome of ["allowed", "denied"] as const)
            for (const personKey of [undefined, keyFor(ada), keyFor(bob)]) {
              if (operation === "person.erase") continue;
              const facts = { ...full(operation), ...ofAda, principal, target, outcome };
              const { body } = record({ ...facts, ...(personKey ? { personKey } : {}) }, eventId);
              for (const word of words) expect(body).not.toContain(word);
              if (personKey) expect(body).not.toContain(personKey.key);
            }
    },
  );

  test("come back with the key, each in its place, and the columns keep their types", async () => {
    const personKey = keyFor(ada);
    const written = columnsOf({ ...full("revoke"), ...ofAda, target: `principal:${ada}`, personKey });
    expect(written.purpose).toMatch(/^enc:v1:[A-Za-z0-9_-]+$/);
    expect(written.asked[1].groups).toEqual([expect.stringMatching(/^enc:v1:/)]);
    const seen = await revealColumns(written, eventId, holder(personKey));
    expect([seen.purpose, seen.reason]).toEqual([said, said]);
    for (const one of seen.asked) expect([one.purpose, one.groups]).toEqual([said, groups]);
  });

  test("stand in OCSF's comment as in our column, encrypted", () => {
    const personKey = keyFor(ada);
    const facts = { ...full("revoke"), ...ofAda, target: `principal:${ada}`, personKey };
    const { comment, unmapped } = JSON.parse(toRecord(facts, eventId).body);
    expect(comment).toBe(unmapped.lanyard.reason);
  });

  test("are withheld where whose they are is not known yet, as in a refusal before liveness is read", () => {
    const facts = { ...bare("request"), purpose: said, personKey: keyFor(ada) };
    expect(columnsOf(facts).purpose).toBe(withheld);
  });

  test("are withheld of one person where the key is another's", () => {
    const written = columnsOf({ ...full("session.open"), ...ofAda, personKey: keyFor(bob) });
    expect([written.purpose, written.asked[0].purpose, written.asked[0].groups]).toEqual([
      withheld,
      withheld,
      [withheld],
    ]);
  });

  test("of an agent on its own account stay readable, as does an operator's word about an agent", () => {
    const planner = "spiffe://agents.example.com/agent/planner";
    const own = { ...ofAda, principal: planner, asked: [question({ id: planner, kind: "agent" })] };
    const written = columnsOf({ ...full("revoke"), ...own, target: `agent:${planner}` });
    expect([written.purpose, written.reason, written.asked[0].purpose]).toEqual([said, said, said]);
  });

  test("an erasure says why in clear, since the key of its reason goes with it", () => {
    const facts = { ...full("person.erase"), ...ofAda, reason: "request 4711", target: `principal:${ada}` };
    expect(columnsOf({ ...facts, personKey: keyFor(ada) }).reason).toBe("request 4711");
  });

  test("half an encrypted text never stands in a record that had to be cut", async () => {
    const personKey = keyFor(ada);
    const many = Array.from({ length: 100 }, () => question({ id: ada, kind: "person", groups: ["x".repeat(2_000)] }));
    const facts = { ...full("session.open"), ...ofAda, asked: many, personKey };
    const event = JSON.parse(toRecord(facts, eventId).body);
    expect(event.metadata.is_truncated).toBe(true);
    expect(event.unmapped.lanyard.asked[0].groups).toEqual([withheld]);
  });

  test("after the erasure nobody reads them, a later key neither; of others everything", async () => {
    const [before, other] = [keyFor(ada), keyFor(bob)];
    const hers = columnsOf({ ...full("session.open"), ...ofAda, personKey: before });
    const asked = [question({ id: bob, kind: "person", groups })];
    const his = columnsOf({ ...full("session.open"), ...ofAda, principal: bob, asked, personKey: other });
    for (const keys of [[other], [other, keyFor(ada)]]) {
      const seen = await revealColumns(hers, eventId, holder(...keys));
      expect([seen.purpose, seen.asked[0].purpose, seen.asked[0].groups]).toEqual([erased, erased, [erased]]);
      expect((await revealColumns(his, eventId, holder(...keys))).purpose).toBe(said);
    }
  });
});

describe("an encrypted text", () => {
  const place = { eventId, column: "purpose" };
  const anyText = fc.string({ maxLength: 300, unit: "binary" });
  const wellFormed = anyText.filter((text) => text.isWellFormed());

  property.prop([wellFormed, fc.string({ maxLength: 40 }), fc.string({ maxLength: 20 })])(
    "opens in its own place alone, and only with its own key",
    (text, otherId, otherColumn) => {
      const [key, another] = [randomIds.secret(), randomIds.secret()];
      const sealed = encryptText(text, key, { place, ids: randomIds });
      expect(decryptText(sealed, key, place)).toBe(text);
      expect(decryptText(sealed, another, place)).toBeUndefined();
      if (otherId !== eventId) expect(decryptText(sealed, key, { ...place, eventId: otherId })).toBeUndefined();
      if (otherColumn !== "purpose")
        expect(decryptText(sealed, key, { ...place, column: otherColumn })).toBeUndefined();
    },
  );

  property.prop([wellFormed, fc.nat(), fc.integer({ min: 1, max: 255 })])(
    "does not open with one byte changed, or cut",
    (text, at, by) => {
      const key = randomIds.secret();
      const sealed = encryptText(text, key, { place, ids: randomIds });
      const bytes = Buffer.from(sealed.slice("enc:v1:".length), "base64url");
      const where = at % bytes.length;
      const changed = Buffer.from(bytes);
      changed.writeUInt8((changed.readUInt8(where) ^ by) & 0xff, where);
      for (const other of [changed, bytes.subarray(0, where)])
        expect(decryptText(`enc:v1:${other.toString("base64url")}`, key, place)).toBeUndefined();
    },
  );

  property.prop([wellFormed])("is another each time, so that who said the same cannot be seen", (text) => {
    const key = randomIds.secret();
    const made = Array.from({ length: 20 }, () => encryptText(text, key, { place, ids: randomIds }));
    expect(new Set(made).size).toBe(20);
  });

  property.prop([fc.string()])("is told from anything else without an error", (text) => {
    expect(decryptText(text, randomIds.secret(), place)).toBeUndefined();
  });
});
