import { rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { idTokenType } from "../../../core/model/wire.ts";
import { verifierKey } from "../../../core/tlog/note-key.ts";
import { memoryLog } from "../../kit/memory/log.ts";
import { writeTrail } from "../../kit/memory/log-folder.ts";
import { entryOfBody, heartbeatOf } from "../../kit/memory/trail.ts";
import { tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { deployment, lanyard, reading, setUp } from "../reading-ground.ts";

setUp();

const hers = "answer Frau Lovelace";
const his = "answer Herr Babbage";
let planner: TestAgent;
beforeEach(async () => {
  planner = await reading.world.newAgent("planner");
});

const openFor = async (sub: string, purpose: string) => {
  const { world } = reading;
  const token = world.idToken("planner-app", { sub });
  const more = { resource: tickets, scope: "tickets:read", purpose };
  expect((await world.exchange(planner, token, idTokenType, more)).status).toBe(200);
};
const people = () => [...reading.world.store.people.keys()];
const uidOf = (body: string): string => JSON.parse(body).metadata.uid;

/** Seals what the store has, and copies log and objects to where the command looks. */
async function sealed() {
  const bodies = reading.world.store.records.map(({ body }) => body);
  const atMillis = reading.world.time.seconds * 1_000;
  const sealing = memoryLog();
  await sealing.add(...bodies.map(entryOfBody));
  const arrivals = new Map([[sealing.size, atMillis + 20_000]]);
  await sealing.add(heartbeatOf(atMillis + 3_600_000));
  arrivals.set(sealing.size, atMillis + 3_610_000);
  const objects = [{ name: "audit/1.json", lines: bodies, writtenAtMillis: atMillis + 40_000 }];
  await rm(join(deployment.folder, "audit"), { recursive: true, force: true });
  await writeTrail(join(deployment.folder, "audit"), { log: sealing, arrivals, objects });
  return verifierKey(sealing.signer);
}

/** What `audit verify` and `audit prove` of one event end with. */
async function proven(eventId: string, key: string) {
  const copy = ["--log", "audit", "--key", key];
  const verified = await lanyard(["audit", "verify", ...copy]);
  const proof = await lanyard(["audit", "prove", eventId, ...copy, "--out", "-"]);
  return { verified: verified.out.split("\n").at(-1), proof: proof.out, codes: [verified.code, proof.code] };
}

const tail = async (...more: readonly string[]) => (await lanyard(["audit", "tail", "--json", ...more])).out;

describe("a person who is erased", () => {
  test("threat 51: is in no text any more, while every line, every proof and every other person stays", async () => {
    await openFor("ada", hers);
    await openFor("bob", his);
    const [ada = "", bob = ""] = people();
    const [first, second] = reading.world.store.records.map(({ body }) => body);
    const key = await sealed();
    const before = await proven(uidOf(first ?? ""), key);
    expect([before.codes, before.verified]).toEqual([[0, 0], "nothing is missing, changed or added"]);
    expect(await tail()).not.toContain("Lovelace");
    const open = await tail("--reveal");
    expect(open).toContain(hers);
    expect(open).toContain(his);

    const asked = await lanyard(["principals", "erase", ada, "--reason", "request 4711"]);
    expect([asked.code, deployment.questions]).toEqual([0, [`Erase ${ada} from the audit for good?`]]);
    expect((await reading.world.order(deployment.admin.calls.at(-1)?.body ?? {})).status).toBe(200);

    expect(await proven(uidOf(first ?? ""), key)).toEqual(before);
    const gone = await tail("--reveal");
    expect(gone).not.toContain(hers);
    expect(gone).toContain("[erased]");
    expect(gone).toContain(his);
    expect(people()).toEqual([bob]);
    // the lines themselves are what they were, and so are those that came since
    expect(reading.world.store.records.slice(0, 2).map(({ body }) => body)).toEqual([first, second]);
    const later = await proven(uidOf(first ?? ""), await sealed());
    expect([later.codes, later.verified]).toEqual([[0, 0], "nothing is missing, changed or added"]);
  });

  test("is told place by place, with what ends by itself and when; nothing is sent without a yes", async () => {
    await openFor("ada", hers);
    const [ada = ""] = people();
    const recoverableUntilSeconds = Date.UTC(2027, 0, 4) / 1_000;
    deployment.admin.answer = { erased: { principal: ada }, recoverableUntilSeconds };
    const no = await lanyard(["principals", "erase", ada, "--reason", "request 4711"], { answer: false });
    expect([no.code, no.err.includes("nothing was erased"), deployment.admin.calls]).toEqual([1, true, []]);
    expect(no.err).toContain("audit query operators says who");
    const { out, code } = await lanyard(["principals", "erase", ada, "--reason", "request 4711", "--yes"]);
    expect(code).toBe(0);
    for (const place of ["People", "Outbox", "audit bucket", "Sessions", "Revocations", "registry history"])
      expect(out).toContain(place);
    expect(out).toContain("2027-01-04");
    expect(deployment.admin.calls).toHaveLength(1);
    expect(deployment.admin.calls[0]?.body).toEqual({ erase: { principal: ada }, reason: "request 4711" });
  });

  test.each([
    [["spiffe://agents.example.com/agent/planner", "--reason", "x"], "only a person is erased"],
    [[`p_${"a".repeat(32)}`], "--reason"],
    [[`p_${"a".repeat(32)}`, "--reason", "x".repeat(101)], "name nobody"],
  ])("must be one, for a short reason: %j", async (args, said) => {
    const { code, err } = await lanyard(["principals", "erase", ...args, "--yes"]);
    expect([code, err.includes(said), deployment.admin.calls]).toEqual([2, true, []]);
  });
});

describe("--reveal", () => {
  test("asks for each person once, and it is on record to whom the key was given", async () => {
    await openFor("ada", hers);
    await openFor("ada", his);
    await sealed();
    const shown = await lanyard(["audit", "tail", "--reveal"]);
    expect(shown.code).toBe(0);
    expect(deployment.asked.filter((one) => one.includes("/people/"))).toEqual([`GET /read/people/${people()[0]}/key`]);
    const record = JSON.parse(reading.world.store.records.at(-1)?.body ?? "{}");
    expect(record.metadata.uid).toMatch(/^reveal#/);
    expect(record.unmapped.lanyard).toMatchObject({
      operation: "person.reveal",
      outcome: "allowed",
      target: `principal:${people()[0]}`,
      operator_arn: expect.stringContaining("arn:aws"),
    });
    expect(JSON.stringify(record)).not.toContain([...reading.world.store.people.values()][0]?.key);
  });

  test("shows nothing where the key cannot be had: the command fails, and no text is shown as erased", async () => {
    await openFor("ada", hers);
    await sealed();
    deployment.read.answer = () => Promise.reject(new Error("away"));
    const { code, out } = await lanyard(["audit", "tail", "--reveal"]);
    expect([code, out]).toEqual([1, ""]);
  });

  test("answers a query too, from a copy of the bucket", async () => {
    await openFor("ada", hers);
    await sealed();
    const query = (...more: readonly string[]) =>
      lanyard(["audit", "query", "activity", "--agent", "planner", "--audit", "audit", "--json", ...more]);
    expect((await query()).out).not.toContain(hers);
    const revealed = await query("--reveal");
    expect([revealed.code, revealed.out.includes(hers)]).toEqual([0, true]);
  });

  test("a few a second are given to one operator, and none without a record", async () => {
    await openFor("ada", hers);
    reading.world.limiter.allowed = undefined;
    const ask = () => reading.get(`/people/${people()[0]}/key`);
    const answers = await Promise.all(Array.from({ length: 60 }, ask));
    const given = answers.filter(({ status }) => status === 200);
    expect([given.length, answers.filter(({ status }) => status === 429).length]).toEqual([10, 50]);
    const records = reading.world.store.records.filter(({ body }) => body.includes('"person.reveal"'));
    expect(records.filter(({ body }) => body.includes('"allowed"'))).toHaveLength(10);
    reading.world.time.seconds += 1;
    reading.world.store.broken = true;
    await expect(ask()).rejects.toThrow("broken");
  });
});
