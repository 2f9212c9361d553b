import { describe, expect, test } from "vitest";
import { limits } from "../../../core/model/limits.ts";
import type { Session, Vend } from "../../../core/model/session.ts";
import { trustDomain } from "../../kit/registry.ts";
import { planner, reading, researcher, setUp, sidOf } from "./ground.ts";

setUp();

const session = (sid: string) => [...reading.world.store.sessions.values()].find((one) => one.sid === sid) as Session;

/** Stores what a session was given, as the endpoint does. */
async function give(sid: string, more: Partial<Vend> = {}): Promise<Vend> {
  const { root, actors } = session(sid);
  const role = more.role ?? "files";
  const vend: Vend = {
    root,
    sid,
    agent: actors.at(-1) ?? "",
    role,
    arn: `arn:aws:iam::111122223333:role/lanyard/target/${role}`,
    account: "111122223333",
    accessKeyId: "ASIAEXAMPLEEXAMPLE12",
    endsAtSeconds: reading.world.time.seconds + 60,
    ...more,
  };
  const record = { eventId: `${sid}${role}`, timeMillis: 0, detailType: "x", body: "{}", hash: "" };
  await reading.world.store.commit({ vend, replayEntries: [], record });
  return vend;
}

const shown = ({ role, arn, account, accessKeyId, endsAtSeconds }: Vend) => ({
  role,
  arn,
  account,
  accessKeyId,
  endsAtSeconds,
});

describe("what sessions were given at AWS", () => {
  test("stands in a session's story: its own, the last to end first, and neither a parent's nor a sibling's", async () => {
    const root = await reading.open();
    const [child, sibling] = [
      sidOf(await reading.handOn("planner", root, "researcher")),
      sidOf(await reading.handOn("planner", root, "researcher")),
    ];
    await give(sidOf(root), { accessKeyId: "ASIAOFTHEROOT0000001" });
    await give(sibling, { accessKeyId: "ASIAOFTHESIBLING0001" });
    const files = await give(child);
    const tables = await give(child, { role: "tables", endsAtSeconds: files.endsAtSeconds + 30 });
    const { body } = await reading.get(`/sessions/${child}`);
    expect(body.session.aws).toEqual([shown(tables), shown(files)]);
    expect(body.chain.concat(body.children).every((one: object) => !("aws" in one))).toBe(true);
  });

  test("is not mentioned of a session that was given nothing", async () => {
    const { body } = await reading.get(`/sessions/${sidOf(await reading.open())}`);
    expect(body.session).not.toHaveProperty("aws");
  });

  test("stands in trees at each session, asked by agent, by root or for everybody, and in no other list", async () => {
    const root = await reading.open();
    const child = sidOf(await reading.handOn("planner", root, "researcher"));
    const [above, below] = [await give(sidOf(root)), await give(child, { accessKeyId: "ASIABELOW00000000001" })];
    for (const query of [
      `agent=${researcher}&tree=true`,
      `root=${sidOf(root)}`,
      `deployment=${trustDomain}&tree=true`,
    ]) {
      const { items } = await reading.all(`/sessions?${query}`);
      expect([query, new Map(items.map(({ sid, aws }) => [sid, aws]))]).toEqual([
        query,
        new Map([
          [sidOf(root), [shown(above)]],
          [child, [shown(below)]],
        ]),
      ]);
    }
    for (const query of [`agent=${planner}`, `deployment=${trustDomain}`])
      expect((await reading.all(`/sessions?${query}`)).items[0]).not.toHaveProperty("aws");
  });

  test("is cut in a list, the last to end kept, so that an agent of many roles cannot hide from operators", async () => {
    const sid = sidOf(await reading.open());
    const all = [];
    for (let n = 0; n < limits.adminStoryItems; n++)
      all.push(await give(sid, { role: `role-${n}`, endsAtSeconds: reading.world.time.seconds + n }));
    const listed = (await reading.all(`/sessions?root=${sid}`)).items[0].aws;
    expect(listed).toEqual(all.slice(-limits.adminListedRoles).reverse().map(shown));
    expect((await reading.get(`/sessions/${sid}`)).body.session.aws).toHaveLength(limits.adminStoryItems);
  });

  test("says which trees were given more than is read", async () => {
    const sid = sidOf(await reading.open());
    const one = await give(sid);
    for (let n = 1; n < limits.adminTreeRows; n++)
      reading.world.store.vends.set(`${n}`, { ...one, sid: `${n}`.padStart(22, "z") });
    expect((await reading.get(`/sessions?root=${sid}`)).body.awsCut).toEqual([sid]);
    reading.world.store.vends.delete("1");
    expect((await reading.get(`/sessions?root=${sid}`)).body).not.toHaveProperty("awsCut");
  });
});
