import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { spiffeAssertionType } from "../../core/model/wire.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { tickets } from "../../test/kit/registry.ts";
import { dpopProof } from "../../test/kit/wire/key.ts";
import { tokens, tokenUrl } from "../../test/kit/world/tokens.ts";
import { createWorld } from "../../test/kit/world/world.ts";
import { bareName, bareVerification } from "../base.ts";
import { type Contestant, compare, endpointWarmMillis, Stock, type Taken } from "../measure.ts";
import type { Bench, Pace, Row } from "../row.ts";
import { oidcProviderTokens } from "./oidc-provider.ts";

const peer = "oidc-provider's in the same run";

/**
 * What a token of the client credentials grant costs here and at `oidc-provider`: both check an assertion (`private_key_jwt`
 * there, a JWT-SVID here) and a DPoP proof, remember both ids in memory, and sign an `at+jwt` by ES256 with a local key.
 * Neither has a socket below it. Ours is a session: its row, its audit record and a decision by Cedar are in the figure.
 */
export const clientCredentials: Bench = {
  name: "issue/client-credentials",
  quick: true,
  async measure(pace: Pace): Promise<readonly Row[]> {
    const taken = await compare(
      {
        bare: await bareVerification(),
        ours: await issuing(true),
        plain: await issuing(false),
        peer: await oidcProviderTokens(),
      },
      pace,
    );
    const row = (name: string, it: Taken, more: Partial<Row> = {}): Row => ({
      section: "issue",
      name: `client credentials, assertion and DPoP, ${name}`,
      value: it.cpuMicros / 1000,
      unit: "ms",
      ratio: { of: bareName.ES256, value: it.times("bare") },
      ...more,
    });
    const ofPeer = (it: Taken) => ({ ratio: { of: peer, value: it.times("peer") } });
    return [
      row("under Cedar", taken.ours, { ...ofPeer(taken.ours), goal: 1, aim: 0.5 }),
      row("without policy", taken.plain, ofPeer(taken.plain)),
      row("peer oidc-provider", taken.peer),
    ];
  },
};

async function issuing(withPolicy: boolean): Promise<Contestant> {
  const world = await createWorld(
    [{ kind: "policy", name: "all", cedar: "permit (principal, action, resource);" }],
    tokens,
  );
  if (withPolicy) world.policy.engine = createCedarEngine(cedar);
  const researcher = await world.newAgent("researcher");
  const stock = new Stock(() => {
    const form = new URLSearchParams({
      grant_type: "client_credentials",
      client_assertion_type: spiffeAssertionType,
      client_assertion: researcher.identity(),
      resource: tickets,
      scope: "tickets:read",
    });
    return world.call(form.toString(), [dpopProof(researcher.key, { url: tokenUrl, atSeconds: world.time.seconds })]);
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
