import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { callSigned } from "./admin-call.ts";
import { Refused, type Terminal, Usage } from "./outcome.ts";
import type { Profile } from "./profile.ts";

/** Options of `rotate` and `keys`. */
export interface RotateOptions {
  readonly purpose: string;
  readonly kid?: string;
  readonly emergency?: boolean;
  readonly reason: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

const key = z.object({
  kid: z.string(),
  alg: z.string(),
  state: z.string(),
  publishedAtSeconds: z.number().optional(),
});
const rings = z.object({
  rings: z.record(
    z.string(),
    z.object({
      keys: z.array(key),
      handled: z.string().optional(),
      refused: z.string().optional(),
      pending: z.object({ order: z.string(), kind: z.string() }).optional(),
    }),
  ),
});

/** How long the rotator may take to see an order; its schedule comes every five minutes even if its stream stands still. */
const patienceMillis = 60_000;

/**
 * Orders a rotation and waits until the rotator has taken it up.
 * @throws Usage, Refused
 */
export async function runRotate(options: RotateOptions, profile: Profile, terminal: Terminal): Promise<void> {
  const { purpose, kid, reason, emergency = false } = options;
  const address = addressOf(profile);
  if (emergency && options.yes !== true) {
    const sure = await terminal.ask?.(`Void everything that the ${kid ?? "current"} ${purpose} key has signed?`);
    if (sure === undefined) throw new Usage("an emergency needs --yes: what the key signed is void at once");
    if (!sure) throw new Refused("nothing was rotated");
  }
  const body = JSON.stringify({ rotate: { purpose, ...(kid ? { kid } : {}) }, emergency, reason });
  const { order } = await callSigned(profile, address, { method: "POST", body });
  const until = performance.now() + patienceMillis;
  for (;;) {
    const ring = (await read(profile, address))[purpose];
    if (ring !== undefined && ring.refused === order)
      throw new Refused(`order ${order} was refused: no other key could sign; nothing was changed`, { order });
    if (ring !== undefined && ring.handled === order) {
      if (options.json) terminal.out(JSON.stringify({ ok: true, order, handled: true, keys: ring.keys }));
      else terminal.out(sentence(emergency, purpose, ring.keys));
      return;
    }
    if (performance.now() > until)
      throw new Refused(`order ${order} is written down and not carried out yet; look with lanyard keys`, { order });
    await sleep(500);
  }
}

/** Says how every key stands. */
export async function runKeys(
  options: { readonly json?: boolean },
  profile: Profile,
  terminal: Terminal,
): Promise<void> {
  const all = await read(profile, addressOf(profile));
  if (options.json) return terminal.out(JSON.stringify({ ok: true, rings: all }));
  for (const [purpose, ring] of Object.entries(all)) {
    if (ring.keys.length === 0) terminal.out(`${purpose}: the stack's first key; the rotator has not run yet`);
    for (const { kid, alg, state } of ring.keys) terminal.out(`${purpose}  ${alg}  ${state.padEnd(10)}  ${kid}`);
    if (ring.pending) terminal.out(`${purpose}  order ${ring.pending.order} (${ring.pending.kind}) waits`);
  }
}

const addressOf = (profile: Profile): string => {
  if (profile.adminRotate) return profile.adminRotate;
  throw new Usage("where is admin-rotate? Set LANYARD_ADMIN_ROTATE_URL, or give --outputs <file>");
};

async function read(profile: Profile, address: string): Promise<z.infer<typeof rings>["rings"]> {
  const parsed = rings.safeParse(await callSigned(profile, address, { method: "GET" }));
  if (!parsed.success) throw new Refused("admin-rotate answered something else than how the keys stand");
  return parsed.data.rings;
}

const sentence = (emergency: boolean, purpose: string, keys: readonly z.infer<typeof key>[]): string => {
  const signing = keys.filter(({ state }) => state === "active").map(({ alg, kid }) => `${alg} by ${kid}`);
  if (!emergency)
    return `the ${purpose} key is switched as soon as the next standby is known everywhere; look with lanyard keys`;
  return `what the suspect signed is void; ${purpose} signs ${signing.join(" and ")}`;
};
