import { expect, it } from "vitest";
import { order } from "./authority.ts";
import { claimsOf } from "./key.ts";
import { asOfferTo, asSession, exchange, type Lab, openSession } from "./lab.ts";
import { vault } from "./registry.ts";
import type { Answer, Fields } from "./wire.ts";

const read: Fields = [
  ["resource", vault],
  ["scope", "vault:read"],
];

/** How many delegations race one revocation; LANYARD_RACE=1000 for the long form. */
const size = Number(process.env.LANYARD_RACE ?? 240);
const width = 24;

/** Runs `job` for 0..count-1, `width` at a time. */
async function spread(count: number, job: (n: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      while (next < count) await job(next++);
    }),
  );
}

/** Threats 5 and 6: delegations in flight while their root is revoked. */
export function races(lab: () => Lab): void {
  it(`threat 6: ${size} delegations against one revocation, and nothing survives it`, {
    timeout: 120_000,
  }, async () => {
    const { opener, token } = await openSession(lab());
    const worker = await lab().actor("worker");
    const born: string[] = [];
    const refused: Answer[] = [];
    const keep = (answer: Answer): string | undefined => {
      if (answer.status === 200) return String(answer.json.access_token);
      refused.push(answer);
      return undefined;
    };
    let revoked: Promise<unknown> | undefined;
    let issuedBefore = 0;
    await spread(size, async (n) => {
      // the cut falls in the middle of the crowd
      if (n === Math.floor(size / 2)) {
        issuedBefore = born.length;
        revoked = order(lab(), { revoke: { session: String(claimsOf(token).sid) }, reason: "a race" });
      }
      const offer = keep(await lab().token(opener, [...exchange("session", token), ...asOfferTo(worker.id), ...read]));
      const child = offer && keep(await lab().token(worker, [...exchange("offer", offer), ...asSession]));
      const access = child && keep(await lab().token(worker, [...exchange("session", child), ["resource", vault]]));
      if (access) born.push(access);
    });
    await revoked;
    // the race was one: some were issued before the cut, some were refused by it, and nothing went wrong otherwise
    expect(issuedBefore).toBeGreaterThan(0);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused)
      expect([answer.status, answer.json.error], answer.text).toEqual([400, "invalid_request"]);
    const api = await lab().actor("vault-api");
    let alive = 0;
    await spread(born.length, async (n) => {
      const answer = await lab().introspect(api, born[n] ?? "");
      expect(answer.status).toBe(200);
      if (answer.json.active !== false) alive += 1;
    });
    expect(alive).toBe(0);
    const after = await lab().token(opener, [...exchange("session", token), ["resource", vault]]);
    lab().ledger.refused(after, { status: 400, error: "invalid_request", code: "parent_dead" });
  });
}
