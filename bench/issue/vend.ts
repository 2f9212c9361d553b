import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { idTokenType, sessionTokenType, spiffeAssertionType, tokenExchangeGrant } from "../../core/model/wire.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { tickets } from "../../test/kit/registry.ts";
import { dpopProof } from "../../test/kit/wire/key.ts";
import { tokens, tokenUrl } from "../../test/kit/world/tokens.ts";
import { createWorld } from "../../test/kit/world/world.ts";
import { bareName, bareVerification } from "../base.ts";
import { ticketFiles } from "../cost/vend.ts";
import { type Contestant, compare, endpointWarmMillis, Stock } from "../measure.ts";
import type { Bench, Pace, Row } from "../row.ts";

/** What our code takes for AWS credentials of a session, STS, tables and network left out: policies compiled, decided by Cedar. */
export const vending: Bench = {
  name: "issue/vend",
  async measure(pace: Pace): Promise<readonly Row[]> {
    const { ours } = await compare({ bare: await bareVerification(), ours: await vends() }, pace);
    const row = { section: "issue", name: "AWS credentials for a session, under Cedar" };
    return [
      {
        ...row,
        value: ours.cpuMicros / 1000,
        unit: "ms",
        ratio: { of: bareName.ES256, value: ours.times("bare") },
      },
      { ...row, name: `${row.name}: vends a second of one core`, value: 1e6 / ours.cpuMicros, unit: "" },
    ];
  },
};

async function vends(): Promise<Contestant> {
  const policy = { kind: "policy", name: "all", cedar: "permit (principal, action, resource);" } as const;
  const world = await createWorld([policy, ticketFiles], tokens);
  world.policy.engine = createCedarEngine(cedar);
  const planner = await world.newAgent("planner");
  const { body } = await world.send("token", planner, {
    ...{ grant_type: tokenExchangeGrant, requested_token_type: sessionTokenType, scope: "tickets:read" },
    ...{ subject_token: world.idToken("planner-app"), subject_token_type: idTokenType, resource: tickets },
  });
  const asked = {
    ...{ subject_token: String(body.access_token), subject_token_type: sessionTokenType },
    ...{ resource: tickets, scope: "tickets:read" },
  };
  const stock = new Stock(() => {
    const proof = dpopProof(planner.key, { url: tokenUrl, atSeconds: world.time.seconds });
    const form = { ...asked, client_assertion_type: spiffeAssertionType, client_assertion: planner.identity() };
    return world.call(new URLSearchParams(form).toString(), [proof]);
  });
  return {
    warmMillis: endpointWarmMillis,
    prepare: (runs) => stock.fill(runs),
    async run() {
      const reply = await world.endpoints.credentials(stock.take());
      if (reply.status !== 200) throw new Error(`a measured request was refused: ${reply.body}`);
    },
  };
}
