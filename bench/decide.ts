import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { createDecideEndpoint } from "../core/endpoints/decide.ts";
import { decidePaths, idTokenType, sessionTokenType, tokenExchangeGrant } from "../core/model/wire.ts";
import { createCedarEngine } from "../core/policy/cedar.ts";
import { openDesk, orders, toolCall } from "../test/e2e/reach/decide/desk.ts";
import { inBase, tickets } from "../test/kit/registry.ts";
import { claimsOf, dpopProof } from "../test/kit/wire/key.ts";
import { tokens } from "../test/kit/world/tokens.ts";
import { createWorld } from "../test/kit/world/world.ts";
import { bareName, bareVerification } from "./base.ts";
import { type Contestant, compare, endpointWarmMillis, median, Stock } from "./measure.ts";
import type { Bench, Pace, Row } from "./row.ts";

/** What a decision takes of a processor, and what a call of a tool waits for it on the embedded cloud. */
export const decisions: readonly Bench[] = [
  { name: "decide/code", measure: measureCode },
  { name: "decide/warm", measure: measureDecisions },
];

/** What our code takes for one decision under Cedar, proof and identity token verified; tables and network left out. */
async function measureCode(pace: Pace): Promise<readonly Row[]> {
  const { ours } = await compare({ bare: await bareVerification(), ours: await decides() }, pace);
  const row = { section: "decide", name: "a decision about a call of a tool, our code's CPU" };
  return [
    { ...row, value: ours.cpuMicros / 1000, unit: "ms", ratio: { of: bareName.ES256, value: ours.times("bare") } },
  ];
}

async function decides(): Promise<Contestant> {
  const tools = [{ name: "read_ticket", scopes: ["tickets:read"] }];
  const policy = { kind: "policy", name: "all", cedar: "permit (principal, action, resource);" } as const;
  const world = await createWorld([{ ...inBase("resource", "tickets"), tools }, policy], tokens);
  world.policy.engine = createCedarEngine(cedar);
  const [planner, server] = await Promise.all([world.newAgent("planner"), world.newAgent("ticket-api")]);
  const { body } = await world.send("token", planner, {
    ...{ grant_type: tokenExchangeGrant, requested_token_type: sessionTokenType, scope: "tickets:read" },
    ...{ subject_token: world.idToken("planner-app"), subject_token_type: idTokenType, resource: tickets },
  });
  const { sid, root } = claimsOf(body.access_token) as { sid: string; root: string };
  const text = JSON.stringify({
    subject: { type: "session", id: sid, properties: { root } },
    action: { name: "tools/call", properties: { arguments: { id: "T-1" } } },
    resource: { type: "tool", id: "read_ticket", properties: { server: tickets } },
  });
  const path = decidePaths.evaluation;
  const url = `https://dec789.lambda-url.eu-west-1.on.aws${path}`;
  const endpoint = createDecideEndpoint(world.deps);
  const stock = new Stock(() => {
    const accessToken = server.identity();
    const proof = dpopProof(server.key, { url, atSeconds: world.time.seconds, accessToken });
    const call = { ...world.call(text, [proof]), url, path, contentType: "application/json" };
    return { call, more: { authorization: `DPoP ${accessToken}`, isPartial: false } };
  });
  return {
    warmMillis: endpointWarmMillis,
    prepare: (runs) => stock.fill(runs),
    async run() {
      const { call, more } = stock.take();
      const reply = await endpoint(call, more);
      if (reply.body !== '{"decision":true}') throw new Error(`a measured question was answered ${reply.body}`);
    },
  };
}

/**
 * One gateway that asks one question after the other, about one session, by HTTP and with a proof of its own each, as
 * its guard does: from the question to the answer, the gateway's signature and the function's process on this machine
 * included. Beside it, in turns, what it takes to introspect a token of that session in the same way. The store is the
 * embedded one: what the steps cost shows, not what DynamoDB takes.
 */
async function measureDecisions({ quick }: Pace): Promise<readonly Row[]> {
  const desk = await openDesk();
  try {
    const session = await desk.clerk.open({ grants: [{ resource: orders, scopes: ["orders:read"] }], renewable: true });
    const { token } = await session.accessToken(orders);
    const question = toolCall(session.sid, "read_order", { order: "7" });
    const rooted = { ...question, subject: { ...question.subject, properties: { root: session.root } } };
    const ways = {
      decided: async () => (await desk.orderApi.decide("evaluation", rooted)).decision === true,
      byId: async () => (await desk.orderApi.decide("evaluation", question)).decision === true,
      introspected: async () => (await desk.orderApi.introspect(token)).active,
    };
    const names = ["decided", "byId", "introspected"] as const;
    const millis = { decided: [] as number[], byId: [] as number[], introspected: [] as number[] };
    const [warm, count] = quick ? [30, 100] : [200, 1_000];
    for (let turn = 0; turn < warm + count; turn++)
      for (const name of names) {
        const started = performance.now();
        if (!(await ways[name]())) throw new Error(`${name}: the answer was no`);
        if (turn >= warm) millis[name].push(performance.now() - started);
      }
    const at = (part: number, name: (typeof names)[number]) =>
      millis[name].toSorted((a, b) => a - b)[Math.ceil(millis[name].length * part) - 1] ?? Number.NaN;
    const row = { section: "decide", unit: "ms" };
    const ratio = (name: "decided" | "byId") => ({
      ratio: { of: "an introspection", value: median(millis[name]) / median(millis.introspected) },
    });
    return [
      { ...row, name: "a warm decision, p50", value: median(millis.decided), ...ratio("decided") },
      { ...row, name: "a warm decision, p99", value: at(0.99, "decided"), goal: 10 },
      { ...row, name: "a warm decision by the session's id alone, p50", value: median(millis.byId), ...ratio("byId") },
      { ...row, name: "a warm decision by the session's id alone, p99", value: at(0.99, "byId"), goal: 10 },
      { ...row, name: "a warm introspection, p99", value: at(0.99, "introspected") },
    ];
  } finally {
    await desk.close();
  }
}
