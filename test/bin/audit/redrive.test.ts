import { describe, expect, test } from "vitest";
import { notSealed, type Sought } from "../../../bin/lanyard/audit/log/sealed.ts";
import type { AuditStore } from "../../../bin/lanyard/audit/log/store.ts";
import { type Redriven, redrivenOf } from "../../../bin/lanyard/audit/redrive/order.ts";
import { type RedriveOptions, type RedrivePorts, runRedrive } from "../../../bin/lanyard/audit/redrive/redrive.ts";
import { keptOf } from "../../../bin/lanyard/audit/redrive/refused.ts";
import type { Profile } from "../../../bin/lanyard/deployment/model.ts";
import { memoryTrail } from "../../kit/memory/trail.ts";

const hash = "A".repeat(43);
const profile = {
  ...{ name: "prod", kind: "aws", from: "a test", stage: "prod", account: "123456789012", region: "eu-west-1" },
  ...{ issuer: "https://i.example", trustDomain: "t.example", admin: "", adminWrite: "", adminRead: "", variables: {} },
} as unknown as Profile;

/** Runs the command on an Outbox, a queue and a log of these ids. */
async function redrive(
  named: readonly string[],
  options: RedriveOptions,
  {
    outbox = [],
    refuses = [],
    queue = [],
    sealsAfter = {},
    answer = true,
  }: {
    outbox?: readonly string[];
    refuses?: readonly string[];
    queue?: readonly string[];
    /** How many looks it takes until the log has a record; without an entry it never does. */
    sealsAfter?: Readonly<Record<string, number>>;
    answer?: boolean;
  },
) {
  const [out, err]: [string[], string[]] = [[], []];
  const orders: [readonly string[], boolean][] = [];
  const removed: string[] = [];
  let looks = 0;
  const ports: RedrivePorts = {
    async order(ids, dryRun) {
      orders.push([ids, dryRun]);
      const known = ids.filter((id) => outbox.includes(id));
      const refused = known.filter((id) => refuses.includes(id));
      const unknown = ids.filter((id) => !outbox.includes(id));
      return { carried: known.filter((id) => !refused.includes(id)), left: [], refused, unknown };
    },
    refused: options.refused
      ? {
          list: async () => queue.map((eventId) => ({ eventId, hash, handle: `handle of ${eventId}` })),
          remove: async ({ handle }) => void removed.push(handle),
        }
      : undefined,
    async notSealed(records: readonly Sought[]) {
      looks += 1;
      return records.filter(({ eventId }) => looks <= (sealsAfter[eventId] ?? Number.POSITIVE_INFINITY));
    },
    pause: async () => undefined,
  };
  const terminal = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    ask: async () => answer,
  };
  const failure = await runRedrive(named, options, { profile, terminal }, ports).catch((cause: unknown) => cause);
  return { out, err, orders, removed, failure: failure instanceof Error ? failure.message : undefined };
}

describe("audit redrive", () => {
  test("tells first what would be carried, from the Outbox and from the queue, and orders nothing", async () => {
    const { out, orders, removed, failure } = await redrive(
      ["lost", "expired"],
      { refused: true, dryRun: true },
      { outbox: ["lost", "kept", "bad"], refuses: ["bad"], queue: ["kept", "bad"] },
    );
    expect(out).toEqual([
      "lost: would be carried",
      "kept: would be carried",
      "bad: can never be carried as it is, and stays in the queue of refused records",
      "expired: not in the Outbox: never recorded, or older than 14 days",
    ]);
    expect([orders, removed, failure]).toEqual([[[["lost", "expired", "kept", "bad"], true]], [], undefined]);
  });

  test("orders what it confirmed and waits for the log before it takes a message out of the queue", async () => {
    const { err, out, orders, removed, failure } = await redrive(
      ["lost"],
      { refused: true },
      { outbox: ["lost", "kept"], queue: ["kept"], sealsAfter: { lost: 1, kept: 2 } },
    );
    expect(err).toContain("lost: would be carried");
    expect(orders.at(-1)).toEqual([["lost", "kept"], false]);
    expect(removed).toEqual(["handle of kept"]);
    expect([out, failure]).toEqual([
      ["lost: in the log", "kept: in the log", "1 message taken out of the queue"],
      undefined,
    ]);
  });

  test("threat 23: leaves a message where its record has not reached the log, and says so", async () => {
    const { out, removed, failure } = await redrive(
      [],
      { refused: true, yes: true, wait: "10", json: true },
      { outbox: ["kept", "slow"], queue: ["kept", "slow"], sealsAfter: { kept: 0 } },
    );
    expect(removed).toEqual(["handle of kept"]);
    expect(JSON.parse(out[0] ?? "")).toMatchObject({
      ok: false,
      deployment: { stage: "prod" },
      carried: ["kept", "slow"],
      sealed: ["kept"],
      deleted: 1,
    });
    expect(failure).toBe("1 left");
  });

  test("orders nothing where the answer is no, and nothing that the relay would refuse again", async () => {
    const ground = { outbox: ["kept", "bad"], refuses: ["bad"], queue: ["kept", "bad"], sealsAfter: { kept: 0 } };
    const said = await redrive([], { refused: true }, { ...ground, answer: false });
    expect([said.orders.filter(([, dryRun]) => !dryRun), said.failure]).toEqual([[], "nothing was carried"]);
    const done = await redrive([], { refused: true }, ground);
    expect(done.orders.at(-1)).toEqual([["kept"], false]);
    expect([done.removed, done.failure]).toEqual([["handle of kept"], "1 left"]);
  });

  test("orders at most a hundred ids at a time", async () => {
    const outbox = Array.from({ length: 230 }, (_, n) => `e${n}`);
    const sealsAfter = Object.fromEntries(outbox.map((id) => [id, 0]));
    const { orders, failure } = await redrive(outbox, { yes: true }, { outbox, sealsAfter });
    expect([orders.map(([ids]) => ids.length), failure]).toEqual([[100, 100, 30, 100, 100, 30], undefined]);
  });

  test.each<[string, readonly string[], RedriveOptions, string]>([
    ["which records", [], {}, "which records?"],
    ["a wait that is none", ["a"], { wait: "soon" }, "--wait is a number of seconds"],
  ])("asks %s", async (_, named, options, message) => {
    expect((await redrive(named, options, {})).failure).toContain(message);
  });
});

describe("threat 23: what a redrive believes", () => {
  test("is an answer of the relay about the ids that were ordered, and no other", () => {
    const answer = { carried: ["a", "other"], left: [], refused: ["b"], unknown: [] };
    const expected: Redriven = { carried: ["a"], left: [], refused: ["b"], unknown: [] };
    expect(redrivenOf(JSON.stringify(answer), ["a", "b"])).toEqual(expected);
    for (const text of ["", "null", "{}", '{"batchItemFailures":[]}'])
      expect(() => redrivenOf(text, ["a"])).toThrow("older version");
  });

  test("is a message that names a record", () => {
    expect(keptOf(JSON.stringify({ eventId: "a", why: "x", image: { hash: { S: hash } } }), "h")).toEqual({
      ...{ eventId: "a", hash, handle: "h" },
    });
    for (const body of ["", "null", "[]", JSON.stringify({ eventId: "unknown" }), JSON.stringify({ eventId: 1 })])
      expect(keptOf(body, "h")).toBeUndefined();
  });

  test("is the log, where it has the record with its hash", async () => {
    const { log } = await memoryTrail([300, 2]);
    const store: AuditStore = {
      isLive: true,
      read: async (name) => log.files.get(name.slice("log/".length)),
      async *list() {},
    };
    const real = (await log.read({ level: "entries", index: 1, width: 46 }))?.subarray(-43).toString();
    const sought: Sought[] = [
      { eventId: "event-0-3" },
      { eventId: "event-1-1", ...(real && { hash: real }) },
      { eventId: "event-1-0", hash },
      { eventId: "nobody" },
    ];
    expect(await notSealed(store, sought)).toEqual([sought[2], sought[3]]);
    expect(await notSealed({ ...store, read: async () => undefined }, sought)).toEqual(sought);
  });
});
