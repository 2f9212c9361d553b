import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { cursorText, readCursor } from "../../../core/admin/read/cursor.ts";
import { readRoutes } from "../../../core/endpoints/admin-read.ts";
import { trustDomain } from "../../kit/registry.ts";
import { planner, reading, setUp, sid, sidOf } from "./ground.ts";

setUp();

const b64 = (text: string) => Buffer.from(text, "latin1").toString("base64url");

const lastRecord = () => JSON.parse(reading.world.store.records.at(-1)?.body ?? "{}");

describe("who may look", () => {
  test("nobody without an IAM identity, and it is aggregated, not recorded one by one", async () => {
    const before = reading.world.store.records.length;
    const { status, body } = await reading.get("/agents", "nobody");
    expect([status, body.error]).toEqual([403, "access_denied"]);
    expect(reading.world.store.records.length).toBe(before);
    expect(reading.world.aggregated.at(-1)).toMatchObject({
      operation: "admin.read",
      denial: { code: "caller_not_authorized" },
    });
  });

  test("a refusal names the operator by unique id and ARN, and what was asked", async () => {
    await reading.get("/sessions?agent=x");
    const record = lastRecord();
    expect(record.actor.user).toMatchObject({ uid: "AROAEXAMPLE", type: "Admin" });
    expect(record.actor.user.name).toContain("assumed-role/operator");
    expect(record).toMatchObject({
      class_name: "API Activity",
      activity_name: "Read",
      status_code: "parameter_invalid",
    });
    expect(record.unmapped.lanyard.target).toBe("/sessions");
  });

  test("an answer leaves no record", async () => {
    const before = reading.world.store.records.length;
    expect((await reading.get("/agents")).status).toBe(200);
    expect(reading.world.store.records.length).toBe(before);
  });
});

describe("what is asked is held against what can be asked", () => {
  test.each(["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "get"])(
    "%s is refused on every path",
    async (method) => {
      for (const { template } of readRoutes) {
        const path = template
          .replace("{name}", "planner")
          .replace("{sid}", sid)
          .replace("{id}", `p_${"a".repeat(32)}`);
        const { status, body } = await reading.get(path, undefined, method);
        expect([status, body.error]).toEqual([405, "invalid_request"]);
      }
    },
  );

  test.each([
    ["/", 404],
    ["/agents/", 404],
    ["/agents/Planner", 404],
    ["/agents/../registry", 404],
    ["/agents//planner", 404],
    [`/agents/${"a".repeat(500)}`, 404],
    ["/agents/nobody", 404],
    ["/registry/versions/1", 404],
    ["/sessions/short", 404],
    [`/sessions/${"A".repeat(23)}`, 404],
    [`/sessions/${sid}`, 404],
    ["/sessions/offer%23AAAAAAAAAAAAAAAAAA", 404],
    ["/agents?sudo=1", 400],
    ["/agents?limit=0", 400],
    ["/agents?limit=101", 400],
    ["/agents?limit=1e1", 400],
    ["/agents?limit=-1", 400],
    ["/agents?limit=", 400],
    ["/agents?limit=5&limit=6", 400],
    ["/agents?limit=5&%6cimit=6", 400],
    ["/agents?limit=%ZZ", 400],
    ["/agents?limit=%C0%AF", 400],
    [`/agents?limit=${"1".repeat(3000)}`, 400],
    ["/registry?version=0", 400],
    ["/registry?version=1.0", 400],
    ["/registry?version=999999999", 400],
    ["/registry?version=2", 404],
    ["/sessions", 400],
    ["/sessions?dead=true", 400],
    ["/sessions?deployment=elsewhere.example", 400],
    [`/sessions?deployment=${trustDomain}&dead=true`, 400],
    [`/sessions?agent=${planner}&tree=yes`, 400],
    [`/sessions?agent=${planner}&root=${sid}`, 400],
    [`/sessions?root=${sid}&dead=1`, 400],
    ["/sessions?root=offer%23x", 400],
    ["/sessions?agent=planner", 400],
    ["/sessions?agent=spiffe://other.example/agent/planner", 400],
    [`/sessions?agent=spiffe://${trustDomain}.evil.example/agent/planner`, 400],
    [`/sessions?agent=spiffe://${trustDomain}/agent/../x`, 404],
    [`/sessions?agent=${planner}%230`, 400],
    ["/sessions?principal=spiffe://other.example/agent/x", 400],
    ["/sessions?principal=ada", 400],
    [`/sessions?build=${"a".repeat(129)}`, 400],
    ["/reach", 400],
    ["/reach?deployment=other.example", 400],
    [`/reach?session=${sid}&cursor=${cursorText({ list: "walk", name: "planner" })}`, 400],
  ])("%s is refused with %i", async (target, status) => {
    const answer = await reading.get(target);
    // `..` is a name like any other here: it is looked up as it stands and is nobody's
    expect(answer.status).toBe(target.includes("/agent/../x") ? 200 : status);
    if (answer.status === 200) expect(answer.body.items).toEqual([]);
  });

  property.prop([fc.string({ maxLength: 300 })])("no text after ? makes it fail", async (query) => {
    for (const path of ["/agents", "/sessions", "/reach", "/registry"]) {
      const { status } = await reading.get(`${path}?${query}`);
      expect([200, 400]).toContain(status);
    }
  });

  test("fails closed when liveness cannot be read", async () => {
    const root = sidOf(await reading.open());
    reading.world.store.unreadable = true;
    for (const target of ["/agents", "/agents/planner", `/sessions?root=${root}`, `/sessions/${root}`, "/principals"]) {
      const { status, body } = await reading.get(target);
      expect([target, status, body.error]).toEqual([target, 503, "temporarily_unavailable"]);
    }
  });
});

describe("cursors", () => {
  const place = { endSeconds: 1_785_542_400, root: sid, sid: "B".repeat(22) };
  const cursors = [
    { list: "agents", name: "support/planner" },
    { list: "versions", before: 7 },
    { list: "places", place },
    { list: "tree", key: `~offer#${"C".repeat(43)}` },
    { list: "walk", name: "planner", place },
    { list: "walk", name: "planner" },
  ] as const;

  test.each(cursors)("$list comes back as it was written, and in no other list", (cursor) => {
    const text = cursorText(cursor);
    for (const list of ["agents", "versions", "places", "tree", "walk"] as const) {
      const read = readCursor(text, list);
      expect(read.ok).toBe(list === cursor.list);
      if (read.ok) expect(read.value).toEqual(cursor);
    }
  });

  test.each([
    "",
    " ",
    "agents planner",
    b64("agents planner\n"),
    b64("agents planner "),
    b64("agents Planner"),
    b64("agents /etc/x"),
    b64("agents planner#0"),
    b64(`agents ${"a".repeat(101)}`),
    `${b64("agents planner")}=`,
    `${b64("agents planner")}!`,
    b64("agents planne\xff"),
    "A".repeat(2000),
  ])("%j is no cursor of ours", (text) => {
    expect(readCursor(text, "agents").ok).toBe(false);
  });

  test("one place has one spelling: bits that decoding drops are looked at", () => {
    const text = cursorText({ list: "agents", name: "planner" });
    const others = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"].map(
      (c) => text.slice(0, -1) + c,
    );
    const same = others.filter((other) => Buffer.from(other, "base64url").equals(Buffer.from(text, "base64url")));
    expect(same.filter((other) => readCursor(other, "agents").ok)).toEqual([text]);
  });

  test("a forged one moves within one's own list: it reaches nobody else's sessions and nothing before its beginning", async () => {
    const ended = sidOf(await reading.open("grace"));
    reading.world.time.seconds += 1_000;
    const live = sidOf(await reading.open("ada"));
    const own = await reading.handOn("planner", await reading.open("eve"), "researcher");
    const from = (endSeconds: number) =>
      cursorText({ list: "places", place: { endSeconds, root: "-".repeat(22), sid: "-".repeat(22) } });
    const everything = await reading.get(`/sessions?agent=${planner}&cursor=${from(0)}`);
    const sids = everything.body.items.map((item: { sid: string }) => item.sid);
    expect(sids).toContain(live);
    expect(sids).not.toContain(ended);
    expect(sids).not.toContain(sidOf(own));
    expect(reading.asked.every((subject) => subject === `agent:${planner}`)).toBe(true);
  });
});
