import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import type { PolicyRegistration } from "../../core/model/registry.ts";
import { idTokenType, spiffeAssertionType, tokenExchangeGrant } from "../../core/model/wire.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { tickets } from "../../test/kit/registry.ts";
import { dpopProof } from "../../test/kit/wire/key.ts";
import { type Params, tokens, tokenUrl } from "../../test/kit/world/tokens.ts";
import { createWorld } from "../../test/kit/world/world.ts";
import { bareName, bareVerification } from "../base.ts";
import { type Contestant, compare, endpointWarmMillis, Stock, type Taken } from "../measure.ts";
import type { Bench, Pace, Row } from "../row.ts";

const policies: readonly PolicyRegistration[] = [
  {
    kind: "policy",
    name: "people",
    cedar:
      'permit (principal, action, resource) when { context.principal.kind == "person" && context.assurance >= 2 };',
  },
  { kind: "policy", name: "depth", cedar: "forbid (principal, action, resource) when { context.depth > 3 };" },
];

/**
 * CPU of one session issued for a person in the token service alone: parse, two verifications of the caller, one of the
 * person's token, narrowing, policy, record. Tables are in memory, requests are made beforehand, and a local key signs
 * in KMS's place, so that what AWS does is left out.
 */
export const sessionForPerson: Bench = {
  name: "issue/person",
  quick: true,
  async measure(pace: Pace): Promise<readonly Row[]> {
    const taken = await compare(
      { bare: await bareVerification(), cedar: await issuing(true), plain: await issuing(false) },
      pace,
    );
    const row = (name: string, it: Taken, goal?: number): Row => ({
      section: "issue",
      name: `a session for a person, ${name}`,
      value: it.cpuMicros / 1000,
      unit: "ms",
      ratio: { of: bareName.ES256, value: it.times("bare") },
      ...(goal === undefined ? {} : { goal }),
    });
    return [row("under Cedar", taken.cedar, 8), row("without policy", taken.plain)];
  },
};

async function issuing(withPolicy: boolean): Promise<Contestant> {
  const world = await createWorld(policies, tokens);
  if (withPolicy) world.policy.engine = createCedarEngine(cedar);
  const planner = await world.newAgent("planner");
  const stock = new Stock(() => {
    const params: Params = {
      grant_type: tokenExchangeGrant,
      client_assertion_type: spiffeAssertionType,
      client_assertion: planner.identity(),
      subject_token: world.idToken("planner-app"),
      subject_token_type: idTokenType,
      resource: tickets,
      scope: "tickets:read",
    };
    const form = new URLSearchParams(params as Record<string, string>);
    return world.call(form.toString(), [dpopProof(planner.key, { url: tokenUrl, atSeconds: world.time.seconds })]);
  });
  return {
    warmMillis: endpointWarmMillis,
    prepare: (runs) => stock.fill(runs),
    async run() {
      const reply = await world.endpoints.token(stock.take());
      if (reply.status !== 200) throw new Error(`a measured request was refused: ${reply.body}`);
    },
  };
}
