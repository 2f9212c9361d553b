import { type AgentInput, createAgent } from "../../client/agent/agent.ts";
import type { EvidenceSource } from "../../client/evidence/platform/source.ts";
import { createResourceServer, type ResourceServerInput } from "../../client/resource/resource-server.ts";
import type { Attestor, Evidence } from "../../core/attest/contract/attestor.ts";
import { createDiscoveryEndpoint } from "../../core/endpoints/discovery.ts";
import type { PublishedOwnKeys } from "../../core/model/ports.ts";
import type { Registration } from "../../core/model/registry.ts";
import { replayKey } from "../../core/model/replay/entry.ts";
import { err, ok } from "../../core/model/result.ts";
import { subjects } from "../../core/model/subjects.ts";
import type { Call, Reply } from "../../core/model/wire.ts";
import { cutName } from "../../core/status/cut-name.ts";
import { statusListOf, windowOf } from "../../core/status/windows.ts";
import { cutsClaims } from "../../core/verify/cuts/document.ts";
import { statusListClaims } from "../../core/verify/status/list.ts";
import { randomIds, testSigner } from "../kit/keys.ts";
import { agentId, baseRows, replacing } from "../kit/registry.ts";
import { sha256, type TestKey, testKey } from "../kit/wire/key.ts";
import { attests, attestUrl } from "../kit/world/attests.ts";
import { issuer } from "../kit/world/ground.ts";
import { type Tokens, tokens, tokenUrl } from "../kit/world/tokens.ts";
import { createWorld, type World } from "../kit/world/world.ts";

export const urls = {
  attest: attestUrl,
  token: tokenUrl,
  introspect: "https://int123.lambda-url.eu-west-1.on.aws/",
  revoke: "https://rev456.lambda-url.eu-west-1.on.aws/",
  credentials: "https://cre456.lambda-url.eu-west-1.on.aws/",
};

/** A request as it went over the wire. */
interface Sent {
  readonly url: string;
  readonly headers: Headers;
  readonly form: URLSearchParams;
  readonly body: string;
}

const type = "aws-sts-web-identity";

/** Every agent of the registry may prove itself by a document that carries its own name as role. */
const provable = (row: Registration): Registration =>
  row.kind === "agent" ? { ...row, selectors: [{ type, exact: { roleArn: row.name } }] } : row;

/** Believes any document, but only for exactly the challenge, key and issuer that are asked for, and only once. */
const attestor: Attestor = {
  type,
  async attest(evidence, { challenge, jkt, issuer: audience, nowSeconds }) {
    const { token } = evidence as { token?: unknown };
    const said = JSON.parse(String(token)) as Record<string, unknown>;
    for (const [field, value] of [
      ["challenge", challenge],
      ["jkt", jkt],
      ["issuer", audience],
    ] as const)
      if (said[field] !== value) return err({ code: "evidence_unbound", type, field });
    const key = replayKey("evidence", audience, sha256(String(token)));
    const evidenceEntry = { kind: "evidence", key, expiresAtSeconds: nowSeconds + 360 } as const;
    return ok({ facts: { roleArn: String(said.role) }, tags: {}, assurance: "fresh", evidenceEntry });
  },
};

/** Evidence of the workload `role`, bound to what is asked for. */
export const evidenceOf = (role: string): EvidenceSource & { collected: number } => {
  const source = {
    type,
    collected: 0,
    collect: async (request: object): Promise<Evidence> => {
      source.collected++;
      return { type, token: JSON.stringify({ ...request, role, nonce: randomIds.id() }) };
    },
  };
  return source;
};

/**
 * The product itself behind a `fetch`: the real endpoints of core over a store in memory, with real keys, proofs and
 * signatures. Nothing here answers on the product's behalf.
 */
export async function createDeployment(...more: readonly Registration[]) {
  const world = await createWorld(replacing(baseRows, more).map(provable), tokens, attests({ attestors: [attestor] }));
  let leased = 0;
  // as the real store names them: discovery serves no other name
  world.store.leaseStatus = async (expiresAtSeconds) => statusListOf(windowOf(expiresAtSeconds), leased++);
  const statusKey = await testKey();
  const status = testSigner("status", statusKey);
  const ownKeys: PublishedOwnKeys = {
    sequence: async () => 0,
    keys: async (purpose) => (purpose === "status" ? [status.public] : world.ports.ownKeys.keys(purpose)),
  };
  const revoked = new Set<number>();
  const lists = {
    read: async (list: string) =>
      statusKey.jws(
        { alg: "ES256", kid: statusKey.jkt, typ: "statuslist+jwt" },
        statusListClaims({ issuer, list, revoked, nowSeconds: world.time.seconds }),
      ),
    open: async () => [],
    cuts: async () => signCuts(world, statusKey),
  };
  const discovery = createDiscoveryEndpoint({
    issuer,
    ownKeys,
    urls: async () => urls,
    detailsTypes: async () => [],
    cardKeys: async () => undefined,
    lists,
  });
  const byOrigin = new Map<string, (call: Call) => Promise<Reply>>([
    [new URL(issuer).origin, discovery],
    [new URL(urls.attest).origin, world.attestEndpoint],
    [new URL(urls.token).origin, world.endpoints.token],
    [new URL(urls.introspect).origin, world.endpoints.introspect],
    [new URL(urls.revoke).origin, world.endpoints.revoke],
    [new URL(urls.credentials).origin, world.endpoints.credentials],
  ]);
  const sent: Sent[] = [];
  /** Takes the place of one answer; undefined lets the product answer. */
  const intercept: { answer: ((sent: Sent) => Response | undefined | Promise<Response | undefined>) | undefined } = {
    answer: undefined,
  };

  const fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(String(input));
    const headers = new Headers(init.headers);
    const body = typeof init.body === "string" ? init.body : "";
    const one = { url: url.href, headers, body, form: new URLSearchParams(body) };
    sent.push(one);
    const instead = await intercept.answer?.(one);
    if (instead) return instead;
    const endpoint = byOrigin.get(url.origin);
    if (!endpoint) throw new TypeError("fetch failed");
    const proof = headers.get("dpop");
    const reply = await endpoint({
      method: init.method ?? "GET",
      url: url.origin + url.pathname,
      path: url.pathname,
      contentType: headers.get("content-type") ?? undefined,
      body,
      dpop: proof === null ? [] : [proof],
      requestId: "request-1",
    });
    const answerHeaders = { ...reply.headers, "content-type": reply.contentType, "x-amzn-requestid": "request-1" };
    return new Response(reply.body, { status: reply.status, headers: answerHeaders });
  };

  const agent = (name: string, more: Partial<AgentInput> = {}) =>
    createAgent({ issuer, agent: agentId(name), evidence: evidenceOf(name), fetch, clock: world.clock, ...more });
  const server = (resource: string, more: Partial<ResourceServerInput> = {}) =>
    createResourceServer({ issuer, resource, mode: "offline", fetch, clock: world.clock, ...more });
  const sentTo = (url: string) => sent.filter((one) => one.url === url);
  return { ...world, ...{ fetch, sent, sentTo, intercept, revoked, agent, server, byOrigin } };
}

export type Deployment = Awaited<ReturnType<typeof createDeployment>>;

/** What a publisher that is never behind would sign: all that was ever cut. */
function signCuts({ store, time }: World<Tokens>, key: TestKey): string {
  const raised = [...store.epochs].map(([subject, { epoch }]) => ({ name: cutName(issuer, subject), epoch }));
  const cuts = [...raised, { name: cutName(issuer, subjects.deployment), epoch: store.deployment?.epoch ?? 0 }];
  const version = cuts.reduce((sum, { epoch }) => sum + epoch, 0);
  const claims = cutsClaims({ issuer, nowSeconds: time.seconds, version, cuts, overflow: false });
  return key.jws({ alg: "ES256", kid: key.jkt, typ: "lanyard-cuts+jwt" }, claims);
}
