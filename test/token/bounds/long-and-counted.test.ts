import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { decodeUnverified } from "../../../core/jose/jwt.ts";
import type { AgentRegistration } from "../../../core/model/agent-registration.ts";
import type { ResourceRegistration } from "../../../core/model/resource-registration.ts";
import type { Session } from "../../../core/model/session.ts";
import { idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { baseRows, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { startSeconds } from "../../kit/world/ground.ts";
import { type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

const bounds = { planner: 2000, researcher: 1200, triage: 600 };
type Name = keyof typeof bounds;
const names = Object.keys(bounds) as readonly Name[];
const rows = [
  ...names.map((name): AgentRegistration => {
    const row = baseRows.find((r): r is AgentRegistration => r.kind === "agent" && r.name === name);
    if (!row) throw new Error(`${name} is not registered`);
    return { ...row, maxLifetimeSeconds: bounds[name], maxDepth: 8 };
  }),
  ...baseRows.flatMap((r): ResourceRegistration[] =>
    r.kind === "resource" && r.uri === tickets ? [{ ...r, introspecting: true }] : [],
  ),
];
const forTickets = { resource: tickets, scope: "tickets:read" };

/** A session somebody holds in a run, with the tokens it was given so far. */
interface Held {
  readonly by: Name;
  tokens: string[];
}

async function start(maxUses: string | undefined) {
  const world = await createWorld(rows, tokens);
  const agents = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await world.newAgent(name)] as const)),
  ) as Record<Name, TestAgent>;
  const server = await world.newAgent("ticket-api");
  const { body } = await world.exchange(agents.planner, world.idToken("planner-app"), idTokenType, {
    ...forTickets,
    requested_token_type: sessionTokenType,
    lifetime_seconds: "300",
    max_uses: maxUses,
  });
  const held: Held[] = [{ by: "planner", tokens: [body.access_token] }];
  return { world, agents, server, held };
}

type Run = Awaited<ReturnType<typeof start>>;
const pick = (held: readonly Held[], n: number): Held => held[n % held.length] as Held;
const newest = ({ tokens }: Held): string => tokens[tokens.length - 1] ?? "";

/** Hands a part on, as any of the tokens it ever had would; the receiver holds a child when it works. */
async function handOn({ world, agents, held }: Run, from: Held, to: Name, maxUses?: string): Promise<void> {
  const offer = await world.exchange(agents[from.by], newest(from), sessionTokenType, {
    ...forTickets,
    audience: agents[to].id,
    requested_token_type: offerTokenType,
    max_uses: maxUses,
  });
  if (offer.status !== 200) return;
  const wanted = { requested_token_type: sessionTokenType };
  const child = await world.exchange(agents[to], offer.body.access_token, offerTokenType, wanted);
  if (child.status === 200) held.push({ by: to, tokens: [child.body.access_token] });
}

async function renew({ world, agents }: Run, held: Held, seconds: number): Promise<void> {
  const { status, body } = await world.exchange(agents[held.by], newest(held), sessionTokenType, {
    requested_token_type: sessionTokenType,
    lifetime_seconds: String(seconds),
  });
  if (status === 200) held.tokens.push(body.access_token);
}

const parentOf = (world: World<Tokens>, session: Session): Session | undefined =>
  session.sid === session.root
    ? undefined
    : world.store.sessions.get(`${session.root} ${session.anc.at(-1) ?? session.root}`);

const boundOf = (session: Session): number => bounds[session.actors.at(-1)?.split("/").pop() as Name];

const step = fc.oneof(
  fc.record({ kind: fc.constant("tick" as const), seconds: fc.integer({ min: 1, max: 400 }) }),
  fc.record({
    kind: fc.constant("hand on" as const),
    n: fc.nat(20),
    to: fc.constantFrom(...names),
    uses: fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined }),
  }),
  fc.record({ kind: fc.constant("renew" as const), n: fc.nat(20), seconds: fc.integer({ min: 1, max: 2500 }) }),
);

test.prop([fc.array(step, { maxLength: 25 })], { numRuns: 60 })(
  "however sessions are renewed and handed on: no end comes earlier, none is beyond the parent's or the registrations', counted from the beginning",
  async (steps) => {
    const run = await start(undefined);
    const { world, held } = run;
    const ends = new Map<string, number>();
    for (const each of steps) {
      if (each.kind === "tick") world.time.seconds += each.seconds;
      else if (each.kind === "renew") await renew(run, pick(held, each.n), each.seconds);
      else await handOn(run, pick(held, each.n), each.to);
      for (const session of world.store.sessions.values()) {
        const { sid, expiresAtSeconds, createdAtSeconds } = session;
        expect(expiresAtSeconds).toBeGreaterThanOrEqual(ends.get(sid) ?? 0);
        ends.set(sid, expiresAtSeconds);
        expect(expiresAtSeconds).toBeLessThanOrEqual(createdAtSeconds + boundOf(session));
        expect(expiresAtSeconds).toBeLessThanOrEqual(startSeconds + bounds.planner);
        const parent = parentOf(world, session);
        if (parent) expect(expiresAtSeconds).toBeLessThanOrEqual(parent.expiresAtSeconds);
      }
      for (const token of held.flatMap(({ tokens }) => tokens)) {
        const { sid, exp } = decodeUnverified(token)?.payload ?? {};
        expect(Number(exp)).toBeLessThanOrEqual(ends.get(String(sid)) ?? 0);
      }
    }
  },
);

const useOrStep = fc.oneof(
  { weight: 2, arbitrary: step },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("use" as const), n: fc.nat(20), fresh: fc.boolean() }) },
);

test.prop([fc.integer({ min: 1, max: 8 }), fc.array(useOrStep, { maxLength: 40 })], { numRuns: 60 })(
  "threat 24: however a counted session is handed on, renewed and its tokens fetched, no session's tree is used more often than it was given",
  async (max, steps) => {
    const run = await start(String(max));
    const { world, agents, server, held } = run;
    const used = new Map<string, number>();
    const handles: { readonly handle: string; readonly sid: string }[] = [];
    for (const each of steps) {
      if (each.kind === "tick") world.time.seconds += Math.ceil(each.seconds / 20);
      else if (each.kind === "renew") await renew(run, pick(held, each.n), each.seconds);
      else if (each.kind === "hand on") await handOn(run, pick(held, each.n), each.to, each.uses?.toString());
      else {
        const from = pick(held, each.n);
        if (each.fresh || handles.length === 0) {
          const got = await world.exchange(agents[from.by], newest(from), sessionTokenType, forTickets);
          const sid = String(decodeUnverified(newest(from))?.payload.sid);
          if (got.status === 200) handles.push({ handle: got.body.access_token, sid });
        }
        const chosen = handles[each.n % handles.length];
        if (!chosen) continue;
        const { body } = await world.send("introspect", server, { token: chosen.handle });
        if (!body.active) continue;
        const session = [...world.store.sessions.values()].find(({ sid }) => sid === chosen.sid);
        const above = session ? [session.root, ...session.anc, session.sid] : [];
        for (const sid of new Set(above)) used.set(sid, (used.get(sid) ?? 0) + 1);
      }
    }
    for (const session of world.store.sessions.values())
      expect(used.get(session.sid) ?? 0).toBeLessThanOrEqual(session.uses?.max ?? 0);
  },
);
