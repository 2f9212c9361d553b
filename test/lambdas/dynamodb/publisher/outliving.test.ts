import { beforeEach, describe, expect, test } from "vitest";
import { publishChanges, publishMinute } from "../../../../core/endpoints/publisher.ts";
import type { Session, Vend } from "../../../../core/model/session.ts";
import { createStopNotes } from "../../../../core/stop/note.ts";
import { createStopRows, readStops } from "../../../../lambdas/aws/dynamodb/lists/stop-rows.ts";
import { readSession } from "../../../../lambdas/aws/dynamodb/sessions/session-reads.ts";
import { readOutliving, readVends } from "../../../../lambdas/aws/dynamodb/vends/vend-reads.ts";
import { now, record } from "../../samples.ts";
import { deps as bare, childOf, cloud, cut, open, setUp, store, time, tombstoned } from "./ground.ts";

setUp();

const account = "111122223333";
let ownRoles = true;
let wakes = 0;
let reads = 0;
beforeEach(() => {
  ownRoles = true;
  wakes = 0;
  reads = 0;
});

const deps = () => ({
  ...bare,
  stopNotes: () =>
    createStopNotes(
      {
        clock: bare.clock,
        ownRoles,
        store: {
          ...createStopRows(cloud.client, "Lists"),
          vends: (root) => readVends(cloud.client, cloud.tables, { root }),
          outliving: (nowSeconds) => readOutliving(cloud.client, cloud.tables, nowSeconds),
          endOf: async (root, sid) => {
            reads += 1;
            return (await readSession(cloud.client, cloud.tables, { root, sid }))?.expiresAtSeconds;
          },
        },
      },
      async () => {
        wakes += 1;
      },
    ),
});

/** Gives a session a token for a role of its agent's own, as the endpoint does. */
async function taken(session: Session, more: object = {}): Promise<void> {
  await commit({ ...given(session), sessionEndsAtSeconds: session.expiresAtSeconds, ...more });
}

const given = ({ root, sid, actors }: Session): Vend => {
  const agent = actors.at(-1) ?? "";
  const arn = `arn:aws:iam::${account}:role/lanyard/target/Files`;
  return { root, sid, agent, role: "files", arn, account, endsAtSeconds: time.seconds + 60 + 3_600 };
};

async function commit(vend: Vend): Promise<void> {
  const stored = await store.commit({ vend, replayEntries: [], record: record() });
  if (!stored.ok) throw new Error(JSON.stringify(stored.error));
}

const stops = async () => (await readStops(cloud.client, "Lists")).stops;
const later = async (seconds: number) => {
  time.seconds = seconds;
  await publishMinute(deps());
};

describe("threat 10: credentials of a role that its agent took by itself", () => {
  test("are stopped by the minute in which their session ends, until they end, and not before", async () => {
    const session = await open();
    await taken(session);
    const end = session.expiresAtSeconds;
    await later(end - 1);
    expect([await stops(), wakes]).toEqual([[], 0]);
    await later(end + 30);
    const { root, sid, actors } = session;
    const stop = { kind: "listed", account, root, sid, agents: actors, atSeconds: end + 30, untilSeconds: now + 3_660 };
    expect([await stops(), wakes]).toEqual([[stop], 1]);
  });

  test("are read once: what is stopped already is not asked for again", async () => {
    const session = await open();
    await taken(session);
    await later(session.expiresAtSeconds + 30);
    await later(session.expiresAtSeconds + 90);
    expect([reads, wakes, (await stops()).length]).toEqual([1, 1, 1]);
  });

  test("go on while their session was renewed", async () => {
    const session = await open();
    await taken(session, { sessionEndsAtSeconds: session.expiresAtSeconds - 300 });
    await later(session.expiresAtSeconds - 100);
    expect([await stops(), reads]).toEqual([[], 1]);
    await later(session.expiresAtSeconds + 1);
    expect(await stops()).toHaveLength(1);
  });

  test("are found whatever the hour, of which of them more than one may be open", async () => {
    for (const minutes of [0, 13, 31, 59]) {
      time.seconds = now + 7_200 + minutes * 60;
      const session = await open({ expiresAtSeconds: time.seconds + 600 });
      await taken(session);
      await later(time.seconds + 660);
      expect(
        (await stops()).some((stop) => stop.kind === "listed" && stop.sid === session.sid),
        `${minutes}`,
      ).toBe(true);
    }
  });

  test("are not stopped when they have under two minutes left, nor where no agent takes a role", async () => {
    const session = await open();
    await taken(session, { endsAtSeconds: session.expiresAtSeconds + 130 });
    ownRoles = false;
    await later(session.expiresAtSeconds + 1);
    ownRoles = true;
    await later(session.expiresAtSeconds + 30);
    expect([await stops(), reads]).toEqual([[], 0]);
  });

  test("are stopped with their session's revocation, also what a token of a moment ago begins after it", async () => {
    const root = await open();
    const [dead, sibling] = [await childOf(root), await childOf(root)];
    for (const one of [dead, sibling]) await taken(one);
    await publishChanges(await tombstoned(dead), deps());
    expect(await stops()).toEqual([
      expect.objectContaining({ sid: dead.sid, atSeconds: now + 60, untilSeconds: now + 3_660 }),
    ]);
  });

  test("are stopped with the deployment for as long as they may live", async () => {
    await taken(await open());
    await publishChanges(await cut(), deps());
    expect(await stops()).toEqual([{ kind: "deployment", id: "", beforeSeconds: now + 62, untilSeconds: now + 3_660 }]);
  });

  test("keep their end where the session gets others that end sooner, and the access key of those", async () => {
    const session = await open();
    await taken(session);
    await commit({ ...given(session), endsAtSeconds: now + 60, accessKeyId: "ASIAEXAMPLE" });
    await taken(session, { endsAtSeconds: now + 3_600 });
    const { root } = session;
    expect(await readVends(cloud.client, cloud.tables, { root })).toEqual([
      expect.objectContaining({ endsAtSeconds: now + 3_660, accessKeyId: "ASIAEXAMPLE" }),
    ]);
  });
});
