import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import type { Leaves } from "../../core/admin/read/leaf-place.ts";
import { createAdminReadEndpoint } from "../../core/endpoints/admin-read.ts";
import type { Operator } from "../../core/model/operator.ts";
import type { Registration } from "../../core/model/registry.ts";
import { idTokenType, offerTokenType, sessionTokenType } from "../../core/model/wire.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { MemoryRegistry } from "../kit/memory/registry-store.ts";
import { memoryQueries } from "../kit/memory/session-queries.ts";
import { baseRows, customers, replacing, tickets } from "../kit/registry.ts";
import type { TestAgent } from "../kit/world/agents.ts";
import { tokens } from "../kit/world/tokens.ts";
import { createWorld } from "../kit/world/world.ts";

export const operator: Operator = {
  arn: "arn:aws:sts::111122223333:assumed-role/operator/ada",
  uniqueId: "AROAEXAMPLE",
};

/** Two records: one that has its place and its object, and one that has neither yet. */
const memoryLeaves: Leaves = {
  async placeOf(eventId) {
    const hash = "h".repeat(43);
    if (eventId === "A".repeat(22)) return { hash, index: 300, object: { key: "audit/one.gz", versionId: "v1" } };
    return eventId === "denied#x" ? { hash } : undefined;
  },
};

/**
 * The world of the token tests with an operator looking in: sessions come into being by real requests, and what is read
 * is read by the endpoint.
 */
export async function openReading(...more: readonly Registration[]) {
  const world = await createWorld(more, tokens);
  const registry = new MemoryRegistry();
  const put = async (rows: readonly Registration[], atMillis = world.time.seconds * 1000) => {
    const base = await registry.applied();
    const entry = {
      base,
      atMillis,
      by: operator.arn,
      digest: `digest-${base}`,
      added: rows.length,
      changed: 0,
      removed: 0,
    };
    const record = { eventId: "A".repeat(22), timeMillis: 0, detailType: "x", body: "{}", hash: "" };
    await registry.apply({ base, rows, entry, record: () => record });
  };
  await put(replacing(baseRows, more));
  const former: { subject: string; place: string }[] = [];
  const { queries, asked } = memoryQueries(world.store, former);
  const deps = {
    ...world.deps,
    registry,
    queries,
    budgets: world.store.budgets,
    policy: createCedarEngine(cedar),
    leaves: memoryLeaves,
  };
  const endpoint = createAdminReadEndpoint(deps);

  /** Asks as the operator, or as whom is given; `target` is path and query. */
  async function get(target: string, by: Operator | "nobody" = operator, method = "GET") {
    const [path = "/", query] = target.split(/\?(.*)/s);
    const call = world.call("", [], { method, path, ...(query === undefined ? {} : { query }) });
    return world.answer(await endpoint(call, by === "nobody" ? undefined : by));
  }

  /** Every item of a list, page by page. */
  async function all(target: string) {
    // biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely by tests
    const items: any[] = [];
    let next: string | undefined;
    let pages = 0;
    do {
      const more = next === undefined ? "" : `${target.includes("?") ? "&" : "?"}cursor=${next}`;
      const { status, body } = await get(`${target}${more}`);
      if (status !== 200) throw new Error(`${target}: ${status} ${JSON.stringify(body)}`);
      items.push(...body.items);
      next = body.next;
      if (++pages > 200) throw new Error("paging goes round in circles");
    } while (next !== undefined);
    return { items, pages };
  }

  const agents = Object.fromEntries(
    await Promise.all(
      ["planner", "researcher", "triage", "ticket-api"].map(
        async (name) => [name, await world.newAgent(name)] as const,
      ),
    ),
  ) as Record<string, TestAgent>;
  const of = (name: string) => agents[name] as TestAgent;

  /** The planner opens a session for a person; answers its session token. */
  const open = async (sub = "ada", more: object = {}) => {
    const answer = await world.exchange(of("planner"), world.idToken("planner-app", { sub }), idTokenType, {
      resource: [tickets, customers],
      scope: "tickets:read customers:read",
      requested_token_type: sessionTokenType,
      ...more,
    });
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    return String(answer.body.access_token);
  };
  /** One agent offers a scope of its session to another. */
  const offer = async (from: string, token: string, to: string) => {
    const answer = await world.exchange(of(from), token, sessionTokenType, {
      resource: tickets,
      scope: "tickets:read",
      audience: of(to).id,
      requested_token_type: offerTokenType,
    });
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    return String(answer.body.access_token);
  };
  /** One agent hands a scope of its session on to another, which redeems it for a session token. */
  const handOn = async (from: string, token: string, to: string) => {
    const child = await world.exchange(of(to), await offer(from, token, to), offerTokenType, {
      requested_token_type: sessionTokenType,
    });
    if (child.status !== 200) throw new Error(JSON.stringify(child.body));
    return String(child.body.access_token);
  };
  return { world, registry, put, get, all, open, offer, handOn, of, asked, former, deps };
}

export type Reading = Awaited<ReturnType<typeof openReading>>;
