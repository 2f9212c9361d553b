import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { accountAttacks } from "./attack/account.ts";
import { attestAttacks } from "./attack/attest.ts";
import { authorityAttacks } from "./attack/authority.ts";
import { brokenGround } from "./attack/broken.ts";
import { callerAttacks } from "./attack/caller.ts";
import { cutsOffline } from "./attack/cuts.ts";
import { type Lab, openLab } from "./attack/lab.ts";
import { narrowingAttacks } from "./attack/narrowing.ts";
import { nextHopAttacks } from "./attack/next-hop.ts";
import { offerAttacks } from "./attack/offer.ts";
import { personAttacks } from "./attack/person.ts";
import { races } from "./attack/race.ts";
import { watchSessions } from "./attack/sessions.ts";
import { shapeAttacks } from "./attack/shape.ts";
import { strayTokens } from "./attack/stray.ts";
import { unsaidAttacks } from "./attack/unsaid.ts";

let opened: Lab | undefined;
const lab = (): Lab => {
  if (!opened) throw new Error("the laboratory is not open");
  return opened;
};

beforeAll(async () => {
  opened = await openLab();
});
afterAll(() => opened?.close());

/**
 * Attacks on the running cloud over real HTTP, with forms and proofs made by hand. Each refusal is held against its
 * status, OAuth error, headers and silence about our insides at once, and against the audit bucket at the end.
 */
describe("attacks on the running cloud", () => {
  describe("leave no session behind", () => {
    watchSessions(lab);
    shapeAttacks(lab);
    callerAttacks(lab);
    attestAttacks(lab);
    personAttacks(lab);
    narrowingAttacks(lab);
    nextHopAttacks(lab);
    offerAttacks(lab);
  });
  authorityAttacks(lab);
  strayTokens(lab);
  cutsOffline(lab);
  brokenGround(lab);
  accountAttacks(lab);
  unsaidAttacks(lab);
  races(lab);

  it("every refusal stands in the audit bucket with its reason, and no secret does", async () => {
    const { records, missing } = await lab().ledger.settle();
    expect(lab().ledger.entries.length).toBeGreaterThan(100);
    expect(missing).toEqual([]);
    const text = JSON.stringify(records);
    expect(text).not.toMatch(/eyJ[A-Za-z0-9_-]{10,}\./);
    expect(text).not.toMatch(/lyo_[A-Za-z0-9_-]{22}\./);
  });
});
