import { beforeEach, describe, expect, test } from "vitest";
import type { AgentRegistration } from "../../../core/model/agent-registration.ts";
import { personId } from "../../../core/model/person-id.ts";
import { agent, idp } from "../../kit/registry.ts";
import { openReading, type Reading } from "../reading.ts";

const daySeconds = 86_400;
const ownedBy = (sub: string, more: Partial<AgentRegistration> = {}) => ({ owner: { issuer: idp, sub }, ...more });
const rows = [
  agent("a-good", ownedBy("olga")),
  agent("b-confirmed", ownedBy("otto", { ownerConfirmedDays: 30 })),
  agent("c-late", ownedBy("lea", { ownerConfirmedDays: 30 })),
  agent("d-never", ownedBy("nina", { ownerConfirmedDays: 30 })),
  agent("e-blocked", ownedBy("bob")),
  agent("f-text", { owner: "team@support.example" }),
];
const names = (items: readonly { name: string }[]) => items.map(({ name }) => name);

let reading: Reading;
let now: number;

beforeEach(async () => {
  reading = await openReading();
  await reading.put(rows);
  const { store, time } = reading.world;
  now = time.seconds;
  store.confirmations.set(personId(idp, "otto"), now - daySeconds);
  store.confirmations.set(personId(idp, "lea"), now - 30 * daySeconds);
  store.epochs.set(`principal:${personId(idp, "bob")}`, { epoch: 1, blocked: true });
});

describe("threat 53: agents for whom nobody who can be asked answers", () => {
  test("are listed by themselves, with why: blocked, unconfirmed, or a text; and no other is among them", async () => {
    const { items } = await reading.all("/agents?orphaned=true");
    expect(items.map(({ name, ownerStanding }) => [name, ownerStanding])).toEqual([
      ["c-late", "unconfirmed"],
      ["d-never", "unconfirmed"],
      ["e-blocked", "blocked"],
      ["f-text", "unverified"],
    ]);
  });

  test("are all found page by page, though a page may hold none of them", async () => {
    const { items, pages } = await reading.all("/agents?orphaned=true&limit=1");
    expect([names(items), pages]).toEqual([["c-late", "d-never", "e-blocked", "f-text"], 6]);
  });

  test("are counted among all when nobody asks for them alone", async () => {
    for (const asked of ["/agents", "/agents?orphaned=false"])
      expect(names((await reading.all(asked)).items)).toEqual(names(rows));
    expect((await reading.get("/agents?orphaned=yes")).status).toBe(400);
  });

  test("a single agent says until when its owner's word counts, and why it gets nothing", async () => {
    const confirmed = (await reading.get("/agents/b-confirmed")).body;
    expect(confirmed).toMatchObject({ ownerStanding: "good", ownerConfirmedUntilSeconds: now + 29 * daySeconds });
    expect(confirmed.getsNothingBecause).toEqual([]);
    for (const [name, why] of [
      ["c-late", "neither signed in nor been confirmed"],
      ["e-blocked", "was revoked"],
    ] as const)
      expect((await reading.get(`/agents/${name}`)).body.getsNothingBecause).toEqual([expect.stringContaining(why)]);
    expect((await reading.get("/agents/f-text")).body.getsNothingBecause).toEqual([]);
  });
});
