import { confirmed } from "../../deployment/confirm.ts";
import type { CommandContext } from "../../deployment/context.ts";
import { Told, Usage } from "../../terminal/outcome.ts";
import { mustBeWhole, type OutputOptions } from "../../terminal/output.ts";
import { plain } from "../../terminal/plain.ts";
import { count } from "../../terminal/words.ts";
import { notSealed, type Sought } from "../log/sealed.ts";
import { storeOf } from "../log/store.ts";
import { type Order, orderedBy } from "./order.ts";
import { type Kept, openRefused, type RefusedRecords } from "./refused.ts";

/** Options of `audit redrive`. */
export interface RedriveOptions extends OutputOptions {
  /** Also what lies in the queue of refused records. */
  readonly refused?: boolean;
  /** Only tells what would be carried. */
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  /** Seconds to wait for the log. */
  readonly wait?: string;
}

/** What the command works with; tests give their own. */
export interface RedrivePorts {
  readonly order: Order;
  readonly refused: RefusedRecords | undefined;
  /** Of these records, those that the log does not hold yet. */
  notSealed(records: readonly Sought[]): Promise<readonly Sought[]>;
  pause(millis: number): Promise<void>;
}

/** The ports of a deployment, by the caller's own credentials. */
export async function portsOfDeployment(
  { refused }: RedriveOptions,
  { profile, cwd }: Pick<CommandContext, "profile"> & { readonly cwd: string },
): Promise<RedrivePorts> {
  const store = storeOf(undefined, cwd, profile);
  return {
    order: await orderedBy(profile),
    refused: refused ? await openRefused(profile) : undefined,
    notSealed: (records) => notSealed(store, records),
    pause: (millis) => new Promise((done) => setTimeout(done, millis)),
  };
}

/** Records of one order. */
const atOnce = 100;
const lookMillis = 5_000;

/**
 * `audit redrive`: has records carried again, those that are named and those in the queue of refused records.
 *
 * 1. **gather** the ids; messages of the queue stay in it
 * 2. **ask** the relay what it would carry, by the Outbox
 * 3. **confirm**
 * 4. **order** it, a hundred at a time; the order names ids and nothing else
 * 5. **look** into the log until it holds each with its hash, for as long as is waited
 * 6. **delete** the messages of those that it holds, and of no other
 *
 * It ends with 1 when something was left.
 */
export async function runRedrive(
  named: readonly string[],
  options: RedriveOptions,
  context: CommandContext,
  ports: RedrivePorts,
): Promise<void> {
  mustBeWhole(options);
  const { terminal } = context;
  const waitMillis = waitOf(options.wait);
  // 1. gather
  const kept = (await ports.refused?.list((n) => terminal.progress?.(`${n} messages read…`))) ?? [];
  const ids = [...new Set([...named, ...kept.map(({ eventId }) => eventId)])];
  if (ids.length === 0 && !options.refused)
    throw new Usage("which records? Name their event ids, or say --refused for those in the queue of refused records");
  // 2. ask
  const plan = await orderAll(ids, true, ports, terminal);
  terminal.progress?.("");
  if (options.dryRun || plan.carried.length === 0) {
    show({ dryRun: true, ...plan, sealed: [], deleted: 0 }, options, context);
    if (options.dryRun || ids.length === 0) return;
    throw new Told("nothing can be carried");
  }
  // 3. confirm
  const deployment = await confirmed(
    {
      question: `Carry ${count(plan.carried.length, "record", "records")} again?`,
      reach: async () => linesOf({ dryRun: true, ...plan, sealed: [], deleted: 0 }),
      otherwise: "nothing was carried",
    },
    options,
    context,
  );
  // 4. order
  const done = await orderAll(plan.carried, false, ports, terminal);
  // 5. look
  const messages = kept.filter(({ eventId }) => done.carried.includes(eventId));
  const hashOf = new Map(
    messages.flatMap(({ eventId, hash }) => (hash === undefined ? [] : [[eventId, hash] as const])),
  );
  const sought = done.carried.map((eventId): Sought => {
    const hash = hashOf.get(eventId);
    return { eventId, ...(hash !== undefined && { hash }) };
  });
  const missing = new Set((await untilSealed(sought, waitMillis, ports, terminal)).map(({ eventId }) => eventId));
  const sealed = done.carried.filter((id) => !missing.has(id));
  // 6. delete
  const deleted = await deleteAll(
    messages.filter(({ eventId, hash }) => hash !== undefined && !missing.has(eventId)),
    ports,
  );
  terminal.progress?.("");
  const result = { ...done, refused: plan.refused.concat(done.refused), unknown: plan.unknown.concat(done.unknown) };
  show({ ...result, sealed, deleted }, options, context, deployment);
  const left = done.left.length + result.refused.length + result.unknown.length + missing.size;
  if (left > 0) throw new Told(`${left} left`);
}

function waitOf(text = "180"): number {
  if (!/^(0|[1-9]\d{0,3})$/.test(text)) throw new Usage(`--wait is a number of seconds, not ${JSON.stringify(text)}`);
  return Number(text) * 1_000;
}

type Answer = Awaited<ReturnType<Order>>;

async function orderAll(
  ids: readonly string[],
  dryRun: boolean,
  { order }: RedrivePorts,
  { progress }: CommandContext["terminal"],
): Promise<Answer> {
  const all = { carried: [] as string[], left: [] as string[], refused: [] as string[], unknown: [] as string[] };
  for (let at = 0; at < ids.length; at += atOnce) {
    const answer = await order(ids.slice(at, at + atOnce), dryRun);
    for (const part of ["carried", "left", "refused", "unknown"] as const) all[part].push(...answer[part]);
    progress?.(`${Math.min(at + atOnce, ids.length)} of ${ids.length} ${dryRun ? "looked up" : "ordered"}…`);
  }
  return all;
}

/** @returns those that the log still lacks when the time is over */
async function untilSealed(
  sought: readonly Sought[],
  waitMillis: number,
  ports: RedrivePorts,
  { progress }: CommandContext["terminal"],
): Promise<readonly Sought[]> {
  let missing = await ports.notSealed(sought);
  for (let waited = 0; missing.length > 0 && waited < waitMillis; waited += lookMillis) {
    progress?.(`${sought.length - missing.length} of ${sought.length} in the log…`);
    await ports.pause(lookMillis);
    missing = await ports.notSealed(missing);
  }
  return missing;
}

async function deleteAll(messages: readonly Kept[], { refused }: RedrivePorts): Promise<number> {
  for (const message of messages) await refused?.remove(message);
  return messages.length;
}

interface Outcome extends Answer {
  readonly dryRun?: boolean;
  /** In the log, with the hash that the message has. */
  readonly sealed: readonly string[];
  /** Messages that were taken out of the queue. */
  readonly deleted: number;
}

function show(outcome: Outcome, options: RedriveOptions, { terminal }: CommandContext, deployment?: object): void {
  if (options.json) {
    const { left, refused, unknown, carried, sealed, dryRun } = outcome;
    const ok = left.length + refused.length + unknown.length === 0 && (dryRun || sealed.length === carried.length);
    terminal.out(JSON.stringify({ ok, ...(deployment && { deployment }), ...outcome }));
  } else for (const line of linesOf(outcome)) terminal.out(line);
}

function linesOf({ dryRun, carried, left, refused, unknown, sealed, deleted }: Outcome): readonly string[] {
  const isSealed = new Set(sealed);
  const did = (id: string) =>
    dryRun ? "would be carried" : isSealed.has(id) ? "in the log" : "carried, not in the log yet";
  return [
    ...carried.map((id) => `${plain(id)}: ${did(id)}`),
    ...left.map((id) => `${plain(id)}: not taken now, order it again`),
    ...refused.map((id) => `${plain(id)}: can never be carried as it is, and stays in the queue of refused records`),
    ...unknown.map((id) => `${plain(id)}: not in the Outbox: never recorded, or older than 14 days`),
    ...(dryRun ? [] : [`${count(deleted, "message", "messages")} taken out of the queue`]),
  ];
}
