import { describe, expect, test } from "vitest";
import { type TakenAsk, tellPeople } from "../../core/endpoints/notices.ts";
import type { Notice } from "../../core/notices/fold.ts";

const now = 1_800_000_000;
const id = (n: number): string => `ap_${String(n).padStart(22, "A")}`;
const body = (n: number, more: object = {}): string =>
  JSON.stringify({
    ...{ operation: "approval.ask", outcome: "allowed", approval: id(n), approval_group: "people/deployers" },
    ...{ agent: "spiffe://lanyard.test/agent/planner", expires_at: (now + 900) * 1_000, ...more },
  });

/** A queue whose messages come again until they are deleted, rows of what people were told, and a topic. */
function world(...bodies: readonly string[]) {
  const queue = bodies.map((text, at): TakenAsk => ({ body: text, receipt: `r${at}` }));
  const told = new Set<string>();
  const sent: Notice[] = [];
  const broken = { publish: false, keep: false, drop: false, group: "" };
  const failures: string[] = [];
  const deps = {
    clock: { nowMillis: () => now * 1_000 },
    queue: {
      take: async (most: number) => queue.slice(0, most),
      drop: async (messages: readonly TakenAsk[]) => {
        if (broken.drop) throw new Error("crashed");
        for (const { receipt } of messages)
          queue.splice(
            queue.findIndex((one) => one.receipt === receipt),
            1,
          );
      },
    },
    told: {
      among: async (asks: readonly { id: string }[]) =>
        new Set(asks.map((one) => one.id).filter((one) => told.has(one))),
      keep: async (asks: readonly { id: string }[]) => {
        if (broken.keep) throw new Error("no table");
        for (const one of asks) told.add(one.id);
      },
    },
    publish: async (notice: Notice) => {
      if (broken.publish || notice.group === broken.group) throw new Error("no SNS");
      sent.push(notice);
    },
    failed: ({ group }: Notice) => void failures.push(group),
  };
  const put = (text: string) => queue.push({ body: text, receipt: `r${queue.length}-${text.length}` });
  return { run: () => tellPeople(deps), queue, told, sent, broken, failures, put };
}

describe("the function that tells people", () => {
  test("sends one notice a group for all that came since its last run, and is done with it", async () => {
    const { run, queue, sent } = world(body(1), body(2), body(3, { approval_group: "people/leads" }));
    expect(await run()).toEqual({ notices: 2, requests: 3, unreadable: 0, failed: 0 });
    expect(sent.map(({ title }) => title)).toEqual([
      "Lanyard: 2 requests wait for people/deployers",
      "Lanyard: 1 request waits for people/leads",
    ]);
    expect(queue).toEqual([]);
  });

  test("says nothing where nothing waits", async () => {
    const { run, sent } = world();
    expect(await run()).toMatchObject({ notices: 0 });
    expect(sent).toEqual([]);
  });

  test("tells of a request once, which the bus brought twice, in one minute or in two", async () => {
    const { run, queue, sent, put } = world(body(1), body(1));
    await run();
    put(body(1));
    put(body(2));
    expect(await run()).toMatchObject({ notices: 1, requests: 1 });
    expect(sent.map(({ asks }) => asks.map((one) => one.id))).toEqual([[id(1)], [id(2)]]);
    expect(queue).toEqual([]);
  });

  test("tells nobody of what is over, and forgets it", async () => {
    const { run, queue, sent } = world(body(1, { expires_at: now * 1_000 }));
    await run();
    expect([sent, queue]).toEqual([[], []]);
  });

  test("loses nothing while SNS does not answer, and tells of it together with what came meanwhile", async () => {
    const { run, queue, sent, broken, failures, put } = world(body(1));
    broken.publish = true;
    expect(await run()).toEqual({ notices: 0, requests: 0, unreadable: 0, failed: 1 });
    expect([queue.length, failures]).toEqual([1, ["people/deployers"]]);
    broken.publish = false;
    put(body(2));
    await run();
    expect(sent.map(({ asks }) => asks.length)).toEqual([2]);
  });

  test("is not kept from one group by what fails for another", async () => {
    const { run, queue, sent, broken } = world(body(1), body(2, { approval_group: "people/leads" }));
    broken.group = "people/deployers";
    expect(await run()).toMatchObject({ notices: 1, failed: 1 });
    expect(sent.map(({ group }) => group)).toEqual(["people/leads"]);
    expect(queue).toHaveLength(1);
  });

  test("does not tell twice where it dies before it deletes, but where it dies before it keeps what it told", async () => {
    const { run, sent, broken } = world(body(1));
    broken.drop = true;
    await expect(run()).rejects.toThrow("crashed");
    broken.drop = false;
    await run();
    expect(sent).toHaveLength(1);
    const other = world(body(1));
    other.broken.keep = true;
    expect(await other.run()).toMatchObject({ failed: 1 });
    other.broken.keep = false;
    await other.run();
    expect(other.sent).toHaveLength(2);
  });

  test("threat 65: leaves what is none of ours to the queue, which sets it aside, and tells of the rest", async () => {
    const { run, queue, sent } = world("https://evil.example", body(1));
    expect(await run()).toMatchObject({ notices: 1, unreadable: 1 });
    expect(sent).toHaveLength(1);
    expect(queue.map((one) => one.body)).toEqual(["https://evil.example"]);
  });

  test("takes so many at once that it is done before its time, and the rest a minute later", async () => {
    const { run, queue } = world(...Array.from({ length: 501 }, (_, n) => body(n)));
    expect(await run()).toMatchObject({ notices: 1, requests: 500 });
    expect(queue).toHaveLength(1);
  });
});
