import { createHmac, randomBytes } from "node:crypto";
import { awsStsWebIdentity } from "../../core/attest/methods/aws-sts-web-identity/attestor.ts";
import { verifyIdentityToken } from "../../core/caller/identity-token.ts";
import { createAttestEndpoint } from "../../core/endpoints/attest.ts";
import { createKeySets } from "../../core/keys/key-sets.ts";
import type { MacSource } from "../../core/model/ports.ts";
import type { Registration } from "../../core/model/registry.ts";
import type { Call } from "../../core/model/wire.ts";
import { type StsChanges, stsIssuer } from "./evidence/sts.ts";
import { issuer as attestIssuer, createGround } from "./ground.ts";
import { ownKeys, randomIds, testSigner } from "./keys.ts";
import { MemoryLimiter } from "./memory/limiter.ts";
import { MemoryWeb } from "./memory/web.ts";
import { agent, agentId, registry, trustDomain } from "./registry.ts";
import { dpopProof, testKey } from "./wire/key.ts";

export { issuer as attestIssuer, startSeconds as attestStart } from "./ground.ts";

export const attestUrl = "https://att789.lambda-url.eu-west-1.on.aws/";

/** Minute keys as a KMS HMAC key would make them, counting which were asked for. */
export function testMacs(): MacSource & { asked: number[] } {
  const secret = randomBytes(32);
  const asked: number[] = [];
  const minuteKey = async (minute: number) => {
    asked.push(minute);
    return createHmac("sha256", secret).update(String(minute)).digest();
  };
  return { asked, minuteKey };
}

/** The attest service in memory, with one AWS account whose planner function attests, and a clock only tests move. */
export async function createAttestWorld(...rows: readonly Registration[]) {
  const [key, identityKey] = await Promise.all([testKey(), testKey()]);
  const signer = testSigner("identity", identityKey);
  const sts = stsIssuer("https://11111111-2222-3333-4444-555555555555.tokens.sts.global.api.aws", "123456789012");
  const web = new MemoryWeb();
  web.issuer(sts.issuer, [sts.jwk], `${sts.issuer}/.well-known/jwks.json`);
  const base: readonly Registration[] = [
    agent("planner", { selectors: [{ type: "aws-sts-web-identity", exact: { roleArn: sts.roleArn } }] }),
    {
      kind: "trusted-issuer",
      name: "account",
      purpose: "aws-sts",
      issuer: sts.issuer,
      algorithms: ["RS256", "ES384"],
      account: sts.account,
    },
  ];
  const kept = base.filter((row) => !rows.some((other) => other.kind === row.kind && other.name === row.name));
  const { time, clock, store, versions, held, registries, aggregated, aggregate } = createGround(
    registry(1, ...kept, ...rows),
  );
  const macs = testMacs();
  const limiter = new MemoryLimiter(clock);
  const keySets = createKeySets({ fetcher: web, clock, ownIssuer: attestIssuer });
  const deps = {
    clock,
    ids: randomIds,
    registries,
    store,
    outbox: store,
    aggregate,
    attestors: [awsStsWebIdentity({ keySets })],
    signer,
    limiter,
    macs,
    issuer: attestIssuer,
    trustDomain,
  };
  const endpoint = createAttestEndpoint(deps);

  const call = (path: string, body: unknown, more: Partial<Call> = {}): Call => ({
    method: "POST",
    url: `${attestUrl.slice(0, -1)}${path}`,
    path,
    contentType: "application/json",
    body: typeof body === "string" ? body : JSON.stringify(body),
    dpop: [dpopProof(key, { url: `${attestUrl.slice(0, -1)}${path}`, atSeconds: time.seconds })],
    requestId: "req-1",
    ...more,
  });
  const send = async (sent: Call) => {
    const { status, body, headers } = await endpoint(sent);
    return { status, headers, body: JSON.parse(body) as Record<string, unknown> };
  };
  const challenge = async () => String((await send(call("/challenge", "{}"))).body.attestation_challenge);
  /** A request that is right in every way, but for what a test changes. */
  const request = async (changes: StsChanges = {}, more: object = {}) => {
    const fresh = await challenge();
    const tags = { "lanyard-challenge": fresh, "lanyard-jkt": key.jkt };
    const token = sts.document(attestIssuer, time.seconds, tags, changes);
    return { agent: agentId("planner"), evidence: { type: "aws-sts-web-identity", token }, challenge: fresh, ...more };
  };
  const attest = async (changes: StsChanges = {}, more: object = {}) => send(call("/", await request(changes, more)));
  const verify = (token: unknown) =>
    verifyIdentityToken(String(token), { ownKeys: ownKeys(signer), issuer: attestIssuer, clock, trustDomain });
  /** Takes the last refusal, recorded alone or aggregated, so that the next look finds only what came since. */
  const takeDenial = () => {
    const alone = store.records.at(-1)?.eventId.startsWith("denied#") ? store.records.pop() : undefined;
    return { own: alone && JSON.parse(alone.body).unmapped.lanyard, aggregated: aggregated.pop()?.denial };
  };
  return {
    time,
    clock,
    key,
    sts,
    web,
    store,
    aggregated,
    macs,
    versions,
    held,
    deps,
    signer,
    limiter,
    call,
    send,
    challenge,
    request,
    attest,
    verify,
    takeDenial,
  };
}
