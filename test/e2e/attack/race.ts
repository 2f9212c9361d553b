import { expect, it } from "vitest";
import { type StatusBits, status, statusAt } from "../../../core/verify/status/bits.ts";
import { decodeStatusList } from "../../../core/verify/status/list.ts";
import { asOfferTo, asSession, exchange, type Fields } from "../../kit/wire/forms.ts";
import { type Answer, send } from "../../kit/wire/http.ts";
import { claimsOf, testKey } from "../../kit/wire/key.ts";
import { order } from "./authority.ts";
import { type Actor, type Lab, openSession } from "./lab.ts";
import { vault } from "./registry.ts";

const read: Fields = [
  ["resource", vault],
  ["scope", "vault:read"],
];

/** How many delegations race one revocation: half as many in `npm test`; LANYARD_RACE=1000 for the long form. */
const size = Number(process.env.LANYARD_RACE ?? (process.env.LANYARD_CAMPAIGNS ? 120 : 60));
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

/** What the crowd did. */
interface Crowd {
  /** Access tokens that got out. */
  readonly born: readonly string[];
  /** How many of them before the cut was ordered. */
  readonly before: number;
  readonly refused: readonly Answer[];
}

/** `size` delegations (offer, redemption, access token), and `cut` in the middle of them. */
async function stampede(
  lab: Lab,
  opener: Actor,
  token: string,
  worker: Actor,
  cut: () => Promise<unknown>,
): Promise<Crowd> {
  const born: string[] = [];
  const refused: Answer[] = [];
  const keep = (answer: Answer): string | undefined => {
    if (answer.status === 200) return String(answer.json.access_token);
    refused.push(answer);
    return undefined;
  };
  let done: Promise<unknown> | undefined;
  let before = 0;
  await spread(size, async (n) => {
    if (n === Math.floor(size / 2)) {
      before = born.length;
      done = cut();
    }
    const offer = keep(await lab.token(opener, [...exchange("session", token), ...asOfferTo(worker.id), ...read]));
    const child = offer && keep(await lab.token(worker, [...exchange("offer", offer), ...asSession]));
    const access = child && keep(await lab.token(worker, [...exchange("session", child), ["resource", vault]]));
    if (access) born.push(access);
  });
  await done;
  // the race was one: some got out before the cut, some were refused by it
  expect(before).toBeGreaterThan(0);
  expect(refused.length).toBeGreaterThan(0);
  return { born, before, refused };
}

/** How many of the tokens still introspect active. */
async function stillActive(lab: Lab, tokens: readonly string[]): Promise<number> {
  const api = await lab.actor("vault-api");
  let active = 0;
  await spread(tokens.length, async (n) => {
    const answer = await lab.introspect(api, tokens[n] ?? "");
    expect(answer.status).toBe(200);
    if (answer.json.active !== false) active += 1;
  });
  return active;
}

/** How many of the tokens a verifier would still take that knows the signed status lists alone. */
async function validOffline(tokens: readonly string[]): Promise<number> {
  const places = tokens.map((token) => (claimsOf(token).status as StatusClaim).status_list);
  const lists = new Map<string, StatusBits>();
  for (const uri of new Set(places.map((place) => place.uri))) {
    const answer = await send("GET", uri);
    const packed = claimsOf(answer.text).status_list as { bits: unknown; lst: unknown };
    const bits = decodeStatusList(packed.lst, packed.bits);
    if (!bits.ok) throw new Error(bits.error);
    lists.set(uri, bits.value);
  }
  return places.filter(({ uri, idx }) => {
    const bits = lists.get(uri);
    const value = bits && statusAt(bits, idx);
    return !value?.ok || value.value === status.valid;
  }).length;
}

interface StatusClaim {
  readonly status_list: { readonly uri: string; readonly idx: number };
}

/** Lists follow within moments; what an index showed late is walked again after 10 and 60 s. */
const soon = { interval: 250 };

/** Threats 5 and 6: delegations in flight while what they stand on is revoked. */
export function races(lab: () => Lab): void {
  it(`threat 6: ${size} delegations against one revocation, and nothing survives it`, async () => {
    const { opener, token } = await openSession(lab());
    const sid = String(claimsOf(token).sid);
    const crowd = await stampede(lab(), opener, token, await lab().actor("worker"), () =>
      order(lab(), { revoke: { session: sid }, reason: "a race" }),
    );
    for (const answer of crowd.refused)
      expect([answer.status, answer.json.error], answer.text).toEqual([400, "invalid_request"]);
    expect(await stillActive(lab(), crowd.born)).toBe(0);
    await expect.poll(() => validOffline(crowd.born), soon).toBe(0);
    const after = await lab().token(opener, [...exchange("session", token), ["resource", vault]]);
    lab().ledger.refused(after, { status: 400, error: "invalid_request", code: "parent_dead" });
  });

  it(`threat 5: ${size} delegations against the cut of their agent, and nothing survives it`, async () => {
    const { opener, token } = await openSession(lab());
    const worker = await lab().actor("worker", await testKey());
    const crowd = await stampede(lab(), opener, token, worker, () =>
      order(lab(), { revoke: { agent: worker.id }, reason: "a race" }),
    );
    // refused as blocked, as dead or as died in flight; never by a failure of ours
    for (const answer of crowd.refused) expect([400, 403], answer.text).toContain(answer.status);
    expect(await stillActive(lab(), crowd.born)).toBe(0);
    await expect.poll(() => validOffline(crowd.born), soon).toBe(0);
    await order(lab(), { lift: { agent: worker.id }, reason: "a race" });
    expect(await stillActive(lab(), crowd.born)).toBe(0);
  });
}
