import { decodeJwt, decodeProtectedHeader } from "jose";
import { describe, expect, it } from "vitest";
import { publishChanges, publishMinute, publishRows } from "../../../../core/endpoints/publisher.ts";
import { limits } from "../../../../core/model/limits.ts";
import { cutName } from "../../../../core/status/cut-name.ts";
import { emptyLedger } from "../../../../core/status/cuts.ts";
import { windowEndsAtSeconds, windowOf } from "../../../../core/status/windows.ts";
import { createListReader } from "../../../../lambdas/aws/dynamodb/lists/lists.ts";
import { now, planner } from "../../samples.ts";
import { cloud, cut, deps, issuer, open, place, raised, setUp, time, tombstoned, valid } from "./ground.ts";

setUp();

const agent = `agent:${planner}`;
const served = () => createListReader(cloud.client, "Lists", deps.clock).cuts();

/** What anybody is served. */
async function document() {
  const token = await served();
  if (token === undefined) throw new Error("nobody signed a document of cuts");
  return { header: decodeProtectedHeader(token), claims: decodeJwt(token) as Record<string, unknown> };
}
const told = async () => (await document()).claims.cuts;
const named = (epochs: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(epochs).map(([subject, epoch]) => [cutName(issuer, subject), epoch]));

describe("the document of cuts", () => {
  it("is there before anything was cut, since a token with epochs is refused without one", async () => {
    await publishMinute(deps);
    const { header, claims } = await document();
    expect(header.typ).toBe("lanyard-cuts+jwt");
    expect(claims).toEqual({
      iss: issuer,
      sub: `${issuer}/status/cuts`,
      iat: now,
      exp: now + 120,
      ttl: 5,
      version: 0,
      cuts: {},
    });
  });

  it("tells of an agent, a principal, a build, a login and the deployment, each by its epoch", async () => {
    const subjects = [agent, "principal:p_a", "build:sha256:x", `login:${"l".repeat(22)}`];
    for (const subject of [...subjects, agent]) await publishChanges(await raised(subject), deps);
    await publishChanges(await cut(), deps);
    expect(await told()).toEqual(
      named({ ...Object.fromEntries(subjects.map((one) => [one, 1])), [agent]: 2, deployment: 1 }),
    );
    expect((await document()).claims.version).toBe(6);
  });

  it("is signed before a single session is looked for, so that it does not wait for them", async () => {
    const session = await open();
    await publishMinute(deps);
    const changes = await raised(agent);
    const seen: unknown[] = [];
    const sessions: typeof deps.store.sessions = (...of) => {
      seen.push(served());
      return deps.store.sessions(...of);
    };
    const before = await told();
    await publishChanges(changes, { ...deps, store: { ...deps.store, sessions } });
    expect(before).toEqual({});
    const [first] = await Promise.all(seen);
    expect(decodeJwt(String(first)).cuts).toEqual(named({ [agent]: 1 }));
    expect(await valid(session)).toBe(false);
  });

  it("is signed though sessions cannot be found, and bits are set though it cannot be signed", async () => {
    const session = await open();
    await publishMinute(deps);
    const changes = await raised(agent);
    const broken = () => {
      throw new Error("no way to Subjects");
    };
    await expect(publishChanges(changes, { ...deps, store: { ...deps.store, sessions: broken } })).rejects.toThrow();
    expect(await told()).toEqual(named({ [agent]: 1 }));
    const putSignedCuts = async () => {
      throw new Error("no way to Lists");
    };
    const again = await raised(agent);
    await expect(publishChanges(again, { ...deps, store: { ...deps.store, putSignedCuts } })).rejects.toThrow("Lists");
    expect(await valid(session)).toBe(false);
    // what was noted is told by whoever signs next
    await publishMinute(deps);
    expect(await told()).toEqual(named({ [agent]: 2 }));
  });

  it("threat 48: tells of a walk that is not done, though the publisher that met it never came to the ledger", async () => {
    const [change] = await raised(agent);
    if (change?.kind !== "raised") throw new Error("not raised");
    await deps.store.addDue({ change, sinceSeconds: now });
    await publishMinute(deps);
    expect(await told()).toEqual(named({ [agent]: 1 }));
  });

  it("does not tell of sessions and trees, which agents end as often as they like", async () => {
    const session = await open();
    await publishMinute(deps);
    await publishChanges(await tombstoned(session), deps);
    expect(await told()).toEqual({});
    expect(await valid(session)).toBe(false);
  });

  it("does not tell of a lift, and what was cut stays over", async () => {
    await publishChanges(await raised(agent), deps);
    const image = { subject: `standing#${agent}`, generation: 1, blocked: false, lifted: true, of: agent };
    await publishRows([{ at: "1", image }], deps, () => undefined);
    expect(await told()).toEqual(named({ [agent]: 1 }));
    expect((await document()).claims.version).toBe(1);
  });

  it("keeps a cut until the last token that was issued before it can be over, whatever registry it was issued under", async () => {
    await place(now + 7_200, 0);
    await publishChanges(await raised(agent), deps);
    const ends = windowEndsAtSeconds(windowOf(now + 7_200));
    time.seconds = ends - 1;
    await publishMinute(deps);
    expect(await told()).toEqual(named({ [agent]: 1 }));
    time.seconds = ends;
    await publishMinute(deps);
    expect(await told()).toEqual({});
  });

  it("loses no cut to publishers at one instant, and the newest document wins", async () => {
    const subjects = Array.from({ length: 12 }, (_, n) => `build:sha256:${n}`);
    const changes = await Promise.all(subjects.map(raised));
    await Promise.all(changes.map((change) => publishChanges(change, deps)));
    expect(await told()).toEqual(named(Object.fromEntries(subjects.map((one) => [one, 1]))));
    expect((await document()).claims.version).toBe(12);
  });

  it("gives way to no older one, nor to the same for a shorter time", async () => {
    const signed = (version: number, untilSeconds: number) =>
      deps.store.putSignedCuts({ token: `${version} ${untilSeconds}`, version, untilSeconds });
    for (const [version, until] of [
      [2, 10],
      [1, 20],
      [2, 9],
    ] as const)
      await signed(version, until);
    expect(await served()).toBe("2 10");
    await signed(2, 11);
    expect(await served()).toBe("2 11");
    await signed(3, 1);
    expect(await served()).toBe("3 1");
  });

  it("is never larger than 64 kB; the widest reach is kept, and it says that it overflowed", async () => {
    const { clock } = deps;
    const many = Array.from(
      { length: 2_500 },
      (_, n) => ({ kind: "raised", subject: n < 10 ? `agent:a${n}` : `login:${n}`, epoch: 1 }) as const,
    );
    const walks = { ...deps.store, sessions: async function* () {}, addDue: async () => {}, removeDue: async () => {} };
    await publishChanges(many, { ...deps, store: walks });
    const token = (await served()) ?? "";
    expect(token.length).toBeLessThanOrEqual(limits.cutsBytes);
    const { cuts, overflow } = decodeJwt(token) as { cuts: Record<string, number>; overflow: boolean };
    expect(overflow).toBe(true);
    expect(Object.keys(cuts).length).toBeGreaterThan(1_500);
    expect(cuts).toMatchObject(named(Object.fromEntries(many.slice(0, 10).map(({ subject }) => [subject, 1]))));
    expect(clock.nowMillis()).toBe(now * 1000);
  });

  it("starts from nothing where nothing was noted", async () => {
    expect(await deps.store.cuts()).toEqual(emptyLedger);
    expect(await served()).toBeUndefined();
  });
});
