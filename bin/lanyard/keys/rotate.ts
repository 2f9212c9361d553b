import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { callSigned } from "../deployment/call.ts";
import { type Change, confirmed } from "../deployment/confirm.ts";
import type { CommandContext } from "../deployment/context.ts";
import type { Profile } from "../deployment/profile.ts";
import { reachLines } from "../sessions/reach.ts";
import { Refused, Usage } from "../terminal/outcome.ts";
import { table } from "../terminal/table.ts";

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

/**
 * How long the rotator may take to see an order; its schedule runs it every five minutes even if its stream does not
 * move. The machine of a local run may be busy.
 */
const patienceMillis = { aws: 60_000, local: 600_000 } as const;

/**
 * Orders a rotation and waits until the rotator has handled it.
 * @throws Usage, Refused
 */
export async function runRotate(options: RotateOptions, context: CommandContext): Promise<void> {
  const { profile, terminal } = context;
  const { purpose, kid, reason, emergency = false } = options;
  const address = addressOf(profile);
  const deployment = await confirmed(rotating(options, context), options, context);
  const body = JSON.stringify({ rotate: { purpose, ...(kid ? { kid } : {}) }, emergency, reason });
  const { order } = await callSigned(profile, address, { method: "POST", body });
  const until = performance.now() + patienceMillis[profile.kind];
  for (;;) {
    const ring = (await read(profile, address))[purpose];
    if (ring !== undefined && ring.refused === order)
      throw new Refused(`order ${order} was refused: no other key could sign; nothing was changed`, { order });
    if (ring !== undefined && ring.handled === order) {
      if (options.json) terminal.out(JSON.stringify({ ok: true, deployment, order, handled: true, keys: ring.keys }));
      else terminal.out(sentence(emergency, purpose, ring.keys));
      return;
    }
    if (performance.now() > until)
      throw new Refused(`order ${order} is written down and not carried out yet; look with lanyard keys`, { order });
    await sleep(500);
  }
}

/** The change to confirm. Only an emergency makes anything invalid. */
function rotating({ purpose, kid, emergency }: RotateOptions, context: CommandContext): Change {
  const key = `the ${kid ?? "current"} ${purpose} key`;
  const otherwise = "nothing was rotated";
  if (!emergency)
    return {
      question: `Switch ${key}?`,
      reach: async () => ["what it signed stays good; the next key signs as soon as it is known everywhere"],
      otherwise,
    };
  const everybody = { deployment: context.profile.trustDomain };
  const voids = purpose === "session" || purpose === "identity";
  const reach = async () => [
    ...(voids ? await reachLines(everybody, "need new tokens", context) : []),
    `everything that ${key} has signed would be void at once, and the key disabled`,
  ];
  return { question: `Void everything that ${key} has signed?`, reach, otherwise };
}

/** Shows the state of every key. */
export async function runKeys(
  options: { readonly json?: boolean },
  { profile, terminal }: CommandContext,
): Promise<void> {
  const all = await read(profile, addressOf(profile));
  if (options.json) return terminal.out(JSON.stringify({ ok: true, rings: all }));
  const rows = Object.entries(all).flatMap(([purpose, { keys }]) => keys.map((one) => ({ purpose, ...one })));
  type Row = (typeof rows)[number];
  const shape = [
    { title: "PURPOSE", of: (row: Row) => row.purpose, whole: true as const },
    { title: "ALG", of: (row: Row) => row.alg, whole: true as const },
    { title: "STATE", of: (row: Row) => row.state, whole: true as const },
    { title: "KEY", of: (row: Row) => row.kid, whole: true as const },
  ];
  for (const line of table(rows, shape, terminal.columns)) terminal.out(line);
  for (const [purpose, { keys, pending }] of Object.entries(all)) {
    if (keys.length === 0) terminal.out(`${purpose}: the stack's first key; the rotator has not run yet`);
    if (pending) terminal.out(`${purpose}: order ${pending.order} (${pending.kind}) waits`);
  }
}

const addressOf = (profile: Profile): string => {
  if (profile.adminRotate) return profile.adminRotate;
  throw new Usage("where is admin-rotate? lanyard login again, set LANYARD_ADMIN_ROTATE_URL, or give --outputs <file>");
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
