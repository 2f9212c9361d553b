import { createDecideEndpoint } from "../../core/endpoints/decide.ts";
import type { Registration } from "../../core/model/registry.ts";
import { decidePaths, idTokenType, sessionTokenType } from "../../core/model/wire.ts";
import { inBase, tickets } from "../../test/kit/registry.ts";
import { claimsOf, dpopProof } from "../../test/kit/wire/key.ts";
import type { Bench, Row } from "../row.ts";
import { openCounted } from "./deployment.ts";
import { billOf } from "./lines.ts";
import { linesOf } from "./session.ts";
import type { Tally } from "./tally.ts";

const path = decidePaths.evaluation;
const url = `https://dec789.lambda-url.eu-west-1.on.aws${path}`;

const tools = [{ name: "read_ticket", scopes: ["tickets:read"] }];

/** A decision point over embedded tables, and a session of the planner's for a person that it is asked about. */
export async function openDecisions(...rows: readonly Registration[]) {
  const counted = await openCounted([{ ...inBase("resource", "tickets"), tools }, ...rows]);
  const { world, deps } = counted;
  const opened = await counted.ask(world.planner, {
    ...{ ...counted.exchange, requested_token_type: sessionTokenType, scope: "tickets:read" },
    ...{ subject_token: world.idToken("planner-app"), subject_token_type: idTokenType, resource: tickets },
  });
  const { sid, root } = claimsOf(String(opened.access_token)) as { sid: string; root: string };
  const server = await world.newAgent("ticket-api");
  const endpoint = createDecideEndpoint(deps);
  /** One question about a call, which is answered with yes; what the answer's context says. */
  const decide = async (context?: object): Promise<Readonly<Record<string, unknown>>> => {
    const body = {
      subject: { type: "session", id: sid, properties: { root } },
      action: { name: "tools/call", properties: { arguments: { id: "T-1" } } },
      resource: { type: "tool", id: "read_ticket", properties: { server: tickets } },
      ...(context ? { context } : {}),
    };
    const accessToken = server.identity();
    const proof = dpopProof(server.key, { url, atSeconds: world.time.seconds, accessToken });
    const call = { ...world.call(JSON.stringify(body), [proof]), url, path, contentType: "application/json" };
    const reply = await endpoint(call, { authorization: `DPoP ${accessToken}`, isPartial: false });
    const answer = JSON.parse(reply.body) as { decision?: boolean; context?: Record<string, unknown> };
    if (answer.decision !== true) throw new Error(`the measured question was answered ${reply.body}`);
    return answer.context ?? {};
  };
  return { ...counted, server, decide };
}

/** What was tallied of one request, as rows, and a million of them as a bill. */
export function rowsOf(what: string, tally: Tally, trips?: number): readonly Row[] {
  const row = (name: string, value: number, goal?: number): Row => ({
    ...{ section: "cost", name: `${what}: ${name}`, value, unit: "" },
    ...(goal === undefined ? {} : { goal }),
  });
  return [
    row("round trips", tally.roundTrips, trips),
    row("AWS calls", tally.calls.length),
    row("write units", tally.writeUnits),
    row("read units", tally.readUnits),
  ];
}

/** AWS calls, round trips and dollars of the decision point's answer about one call of a tool. */
export const decisionCost: Bench = {
  name: "cost/decision",
  quick: true,
  async measure(): Promise<readonly Row[]> {
    const { tally, decide, close } = await openDecisions();
    try {
      // the first request loads keys; the usual one does not
      await decide();
      tally.clear();
      await decide();
      const rows = rowsOf("a decision about a call of a tool", tally, 3);
      return [...rows, ...billOf("a million decisions", linesOf(tally))];
    } finally {
      await close();
    }
  },
};
