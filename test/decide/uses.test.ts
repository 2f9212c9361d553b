import { beforeEach, describe, expect, test } from "vitest";
import { ask, begin, no, pathOf, question, session, toolServer, why, world, yes } from "./ground.ts";

beforeEach(() => begin({ ...toolServer, introspecting: true }));

const left = (sid: string) => world.store.counters.get(sid);
const list = (sid: string, count: number) => ({ evaluations: Array.from({ length: count }, () => question(sid)) });

describe("threat 24: counted uses", () => {
  test("are taken by an evaluation, one each, and what is used up is answered no", async () => {
    const { sid } = await session({ max_uses: "2" });
    expect([left(sid), (await ask(question(sid))).text, left(sid)]).toEqual([2, yes, 1]);
    expect([(await ask(question(sid))).text, (await ask(question(sid))).text, why()]).toEqual([yes, no, "uses_spent"]);
  });

  test("of two evaluations at one instant for the last use, exactly one is answered yes", async () => {
    const { sid } = await session({ max_uses: "1" });
    const texts = (await Promise.all([1, 2, 3, 4].map(() => ask(question(sid))))).map(({ text }) => text);
    expect(texts.toSorted()).toEqual([no, no, no, yes]);
    expect(left(sid)).toBe(0);
  });

  test("are not taken by what is refused, by several questions in one call, or by searches", async () => {
    const { sid } = await session({ max_uses: "1" });
    await ask(
      question(sid, { resource: { type: "tool", id: "close_ticket", properties: { server: toolServer.uri } } }),
    );
    await ask(list(sid, 3), pathOf.many);
    await ask(question(sid), pathOf.many);
    await ask(question(sid), "/access/v1/search/resource");
    await ask(question(sid), "/access/v1/search/action");
    expect(left(sid)).toBe(1);
    expect((await ask(question(sid))).text).toBe(yes);
  });
});
