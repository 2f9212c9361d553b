import { GetCommand } from "@aws-sdk/lib-dynamodb";
import { beforeEach, describe, expect, test } from "vitest";
import { publishChanges, publishMinute, publishRows } from "../../../../core/endpoints/publisher.ts";
import type { Session } from "../../../../core/model/session.ts";
import { createStopNotes, type StopStore } from "../../../../core/stop/note.ts";
import { createStopRows, readStops } from "../../../../lambdas/aws/dynamodb/lists/stop-rows.ts";
import { createRegistryStore } from "../../../../lambdas/aws/dynamodb/registry/registry-writer.ts";
import { createRevocationStore } from "../../../../lambdas/aws/dynamodb/revocations/revocation-store.ts";
import { readVends } from "../../../../lambdas/aws/dynamodb/vends/vend-reads.ts";
import { now, planner, record, researcher } from "../../samples.ts";
import { deps as bare, childOf, cloud, cut, open, raised, setUp, store, time, tombstoned, valid } from "./ground.ts";

setUp();

const account = "111122223333";
let wakes = 0;
let broken: Partial<StopStore> = {};

const deps = () => ({
  ...bare,
  stopNotes: () =>
    createStopNotes(
      {
        clock: bare.clock,
        ownRoles: false,
        store: {
          ...createStopRows(cloud.client, "Lists"),
          vends: (root) => readVends(cloud.client, cloud.tables, { root }),
          outliving: async () => [],
          endOf: async () => undefined,
          ...broken,
        },
      },
      async () => {
        wakes += 1;
      },
    ),
});

beforeEach(() => {
  wakes = 0;
  broken = {};
});

/** Gives a session AWS credentials, as the endpoint does. */
async function given({ root, sid, actors }: Session, lifeSeconds = 600): Promise<void> {
  const agent = actors.at(-1) ?? "";
  const arn = `arn:aws:iam::${account}:role/lanyard/target/Files`;
  const endsAtSeconds = now + lifeSeconds;
  const vend = { root, sid, agent, role: "files", arn, account, accessKeyId: "ASIAEXAMPLEEXAMPLE12", endsAtSeconds };
  await store.commit({ vend, replayEntries: [], record: record() });
}

/** The deployment's row as it stands now, as the stream brings it after each write. */
async function deploymentWritten(): Promise<void> {
  const Key = { subject: "deployment#0" };
  const { Item: image = {} } = await cloud.client.send(new GetCommand({ TableName: "Revocations", Key }));
  await publishRows([{ at: undefined, image }], deps(), () => expect.fail("it cannot be read"));
}

/** Applies a version of the registry, as its function does. */
async function applied(base: number): Promise<void> {
  const counts = { added: 0, changed: 0, removed: 0 };
  const entry = { ...counts, base, atMillis: now * 1_000, by: "arn:aws:iam::111122223333:role/operator", digest: "d" };
  const registry = createRegistryStore(cloud.client, cloud.tables);
  const done = await registry.apply({ base, rows: [], entry, record: () => record() });
  expect(done).toEqual({ ok: true, value: base + 1 });
}

const stops = async () => (await readStops(cloud.client, "Lists")).stops;

describe("threat 20: a walk notes for the stop in AWS", () => {
  test("the session and what lives below it, and no sibling", async () => {
    const root = await open();
    const [dead, sibling] = [await childOf(root), await childOf(root)];
    const below = await childOf(dead);
    for (const one of [root, dead, sibling, below]) await given(one);
    await publishChanges(await tombstoned(dead), deps());
    expect((await stops()).map((stop) => stop.kind === "listed" && stop.sid).toSorted()).toEqual(
      [dead.sid, below.sid].toSorted(),
    );
    expect(wakes).toBe(1);
    expect(await valid(dead)).toBe(false);
  });

  test("a root's whole tree in one line", async () => {
    const root = await open();
    await given(await childOf(root));
    await publishChanges(await tombstoned(root), deps());
    expect(await stops()).toEqual([
      { kind: "listed", account, root: root.root, agents: [researcher], atSeconds: now, untilSeconds: now + 600 },
    ]);
  });

  test("an agent by its name and every dead session by its own, also where another agent goes on with it", async () => {
    const [hit, spared] = [await open(), await open()];
    const dead = await childOf(hit);
    const below = await childOf(dead, { actors: [...dead.actors, planner] });
    for (const one of [hit, dead, below, spared]) await given(one);
    await publishChanges(await raised(`agent:${researcher}`), deps());
    const found = await stops();
    expect(found).toContainEqual({
      kind: "agent",
      id: researcher,
      beforeSeconds: now,
      untilSeconds: now + 900,
    });
    expect(found.flatMap((stop) => (stop.kind === "listed" ? [stop.sid] : [])).toSorted()).toEqual(
      [dead.sid, below.sid].toSorted(),
    );
  });

  test("the deployment by its name alone", async () => {
    await given(await open());
    await publishChanges(await cut(), deps());
    expect(await stops()).toEqual([{ kind: "deployment", id: "", beforeSeconds: now + 2, untilSeconds: now + 900 }]);
  });

  test("nothing when the deployment's row is written for another reason: a registry's version, a lift", async () => {
    const session = await open();
    await given(session);
    for (const base of [0, 1]) {
      await applied(base);
      await deploymentWritten();
    }
    const lift = { subject: "deployment" };
    await createRevocationStore(cloud.client, cloud.tables).revoke({ lift, replayEntries: [], record: record() });
    await deploymentWritten();
    expect([await stops(), wakes, await bare.store.cuts()]).toEqual([[], 0, expect.objectContaining({ cuts: [] })]);
    // and nothing more once it was cut: the stop is the cut's, at its own time
    await publishChanges(await cut(), deps());
    time.seconds = now + 300;
    await applied(2);
    await deploymentWritten();
    expect(await stops()).toEqual([{ kind: "deployment", id: "", beforeSeconds: now + 2, untilSeconds: now + 900 }]);
  });

  test("nothing, and wakes nobody, where credentials have less than two minutes left", async () => {
    const root = await open();
    await given(root, 119);
    await publishChanges(await tombstoned(root), deps());
    expect([await stops(), wakes]).toEqual([[], 0]);
  });

  test("and is continued by the next minute where the notes could not be stored, its bits set all the same", async () => {
    const root = await open();
    await given(root);
    broken = { putStops: () => Promise.reject(new Error("no table")) };
    await expect(publishChanges(await tombstoned(root), deps())).rejects.toThrow("no table");
    expect(await valid(root)).toBe(false);
    expect(await bare.store.dues()).toHaveLength(1);
    broken = {};
    time.seconds = now + 200;
    await publishMinute(deps());
    expect(await stops()).toHaveLength(1);
    expect(await bare.store.dues()).toEqual([]);
  });

  test("what other publishers note at the same time is not lost", async () => {
    const all = [await open(), await open(), await open(), await open()];
    for (const one of all) await given(one);
    await Promise.all(all.map(async (one) => publishChanges(await tombstoned(one), deps())));
    expect((await stops()).map((stop) => stop.kind === "listed" && stop.root).toSorted()).toEqual(
      all.map(({ root }) => root).toSorted(),
    );
  });
});
