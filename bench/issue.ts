import { createPublicKey, verify } from "node:crypto";
import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import type { PolicyRegistration } from "../core/model/registry.ts";
import { idTokenType, spiffeAssertionType, tokenExchangeGrant } from "../core/model/wire.ts";
import { createCedarEngine } from "../core/policy/cedar.ts";
import { tickets } from "../test/kit/registry.ts";
import { dpopProof } from "../test/kit/wire/key.ts";
import { createWorld, tokenUrl } from "../test/kit/world.ts";
import { measure, type Row } from "./measure.ts";

const runs = 1_500;

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
 * CPU of one issued session in the token service alone: parse, two verifications of the caller, one of the person's token,
 * narrowing, policy, record, signature. Tables are in memory and the key is local, so what AWS would do is left out;
 * requests are made beforehand.
 */
export async function benchIssue(): Promise<Row[]> {
  const floor = await bareVerify();
  const row = (name: string, cpuMicros: number): Row => ({
    section: "issue",
    name,
    value: cpuMicros / 1000,
    unit: "ms",
    ratio: { of: "one bare ES256 verification", value: cpuMicros / floor },
  });
  return [
    row("CPU a session issued for a person (handler, Cedar policy)", await issueMicros(true)),
    row("CPU a session issued for a person (handler, no policy)", await issueMicros(false)),
  ];
}

async function issueMicros(withPolicy: boolean): Promise<number> {
  const world = await createWorld(...policies);
  if (withPolicy) world.policy.engine = createCedarEngine(cedar);
  const planner = await world.newAgent("planner");
  const total = runs + Math.ceil(runs / 10);
  const calls = Array.from({ length: total }, () => {
    const form = new URLSearchParams({
      grant_type: tokenExchangeGrant,
      client_assertion_type: spiffeAssertionType,
      client_assertion: planner.identity(),
      subject_token: world.idToken("planner-app"),
      subject_token_type: idTokenType,
      resource: tickets,
      scope: "tickets:read",
    });
    return world.call(form.toString(), [dpopProof(planner.key, { url: tokenUrl, atSeconds: world.time.seconds })]);
  });
  const issued = await measure(runs, async (n) => {
    const call = calls[n];
    const reply = call && (await world.endpoints.token(call));
    if (reply?.status !== 200) throw new Error(`a measured request was refused: ${reply?.body}`);
  });
  return issued.cpuMicros;
}

/** CPU microseconds of one ES256 verification by node:crypto, key ready: what any signed token costs at the least. */
export async function bareVerify(): Promise<number> {
  const world = await createWorld();
  const key = createPublicKey({ key: world.sessionKey.jwk as never, format: "jwk" });
  const data = Buffer.from("lanyard".repeat(80));
  const signature = world.sessionKey.raw(data);
  const { cpuMicros } = await measure(3_000, async () => {
    if (!verify("sha256", data, { key, dsaEncoding: "ieee-p1363" }, signature)) throw new Error("bad");
  });
  return cpuMicros;
}
