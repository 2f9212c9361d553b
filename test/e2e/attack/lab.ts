import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetWebIdentityTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { expect } from "vitest";
import { applyRegistry } from "../../../bin/lanyard/registry/plan.ts";
import { raiseWorld, type World } from "../../../local/demo/story/world.ts";
import { createWire, type Wire, type WireTwist } from "../../kit/wire/client.ts";
import { asSession, assertion, exchange, type Fields, formBody, jsonBody } from "../../kit/wire/forms.ts";
import type { Answer } from "../../kit/wire/http.ts";
import { claimsOf, type TestKey, testKey } from "../../kit/wire/key.ts";
import { type FakeIssuer, startFakeIssuer } from "./issuer.ts";
import { createLedger, type Ledger } from "./ledger.ts";
import { labFile, vault, writeLabRegistry } from "./registry.ts";

/** An attested agent: a key and the identity token bound to it. */
export interface Actor {
  readonly name: string;
  readonly id: string;
  readonly key: TestKey;
  readonly identity: string;
}

/** How evidence may be wrong; what is not named is right. */
export interface EvidenceTwist {
  readonly audience?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

/** Everything the attacks share: one running cloud, people, keys, and the ledger of what was refused. */
export interface Lab {
  readonly world: World;
  readonly ledger: Ledger;
  readonly wire: Wire;
  readonly twinA: FakeIssuer;
  readonly twinB: FakeIssuer;
  readonly unreachable: string;
  /** Ids of sessions that were granted over the wire; whoever counts sessions clears it first. */
  readonly grants: Set<string>;
  idOf(name: string): string;
  challenge(key: TestKey): Promise<string>;
  /** Evidence of workload `name`, made for `challenge` and `jkt`. */
  evidence(name: string, challenge: string, jkt: string, twist?: EvidenceTwist): Promise<string>;
  attest(body: Record<string, unknown>, key: TestKey, twist?: WireTwist): Promise<Answer>;
  /** Attests; a fresh key unless one is given. Cached for fresh keys: an identity token may be used again while it lives. */
  actor(name: string, key?: TestKey): Promise<Actor>;
  /** Posts to token as `actor`. */
  token(actor: Actor, fields: Fields, twist?: WireTwist): Promise<Answer>;
  introspect(actor: Actor, token: string): Promise<Answer>;
  revoke(actor: Actor, fields: Fields): Promise<Answer>;
  /** Applies the laboratory's registry again, its own file changed by `change`. */
  reapply(change: (registry: string) => string): Promise<void>;
  close(): Promise<void>;
}

/** The token of a granted answer; fails the test when it was refused. */
export function granted(answer: Answer): string {
  expect(answer.status, answer.text).toBe(200);
  return String(answer.json.access_token);
}

const examples = join(import.meta.dirname, "../../../examples/support-desk");

/** Starts the cloud with the laboratory's registry, in memory. */
export async function openLab(): Promise<Lab> {
  const twinA = await startFakeIssuer("twin", "opener-app");
  const twinB = await startFakeIssuer("twin", "opener-app");
  // bound once and closed again, so that nothing answers there
  const gone = await startFakeIssuer("gone", "opener-app");
  await gone.close();
  const issuers = { twinA: twinA.issuer, twinB: twinB.issuer, unreachable: gone.issuer };
  const registry = writeLabRegistry(examples, issuers);
  const world = await raiseWorld({ memory: true, registry, onProgress: () => undefined });
  const { endpoints } = world;
  const idOf = (name: string) => `spiffe://${endpoints.deployment.trustDomain}/agent/${name}`;
  const actors = new Map<string, Promise<Actor>>();
  const grants = new Set<string>();
  const wire = createWire();
  const current = keepAttested(() => lab);
  const ask = (url: string) => async (actor: Actor, fields: Fields, twist?: WireTwist) => {
    const body = formBody([...assertion(await current(actor)), ...fields]);
    const answer = await wire.post(url, body, { key: actor.key, twist });
    note(answer, grants);
    return answer;
  };
  const lab: Lab = {
    world,
    ledger: createLedger(world),
    wire,
    twinA,
    twinB,
    unreachable: gone.issuer,
    grants,
    idOf,
    challenge: async (key) =>
      String((await wire.post(`${endpoints.attest}/challenge`, jsonBody({}), { key })).json.attestation_challenge),
    evidence: (name, challenge, jkt, twist) => evidenceOf(world, name, challenge, jkt, twist),
    attest: (body, key, twist) => wire.post(endpoints.attest, jsonBody(body), { key, twist }),
    actor: (name, key) => {
      if (key) return attested(lab, name, key);
      const known = actors.get(name);
      // by the same key: what it holds is bound to that
      const anew = async (was: Actor) => (secondsLeft(was) > freshSeconds ? was : attested(lab, name, was.key));
      const now = known === undefined ? testKey().then((own) => attested(lab, name, own)) : known.then(anew);
      actors.set(name, now);
      return now;
    },
    token: ask(endpoints.token),
    introspect: (actor, token) => ask(endpoints.introspect)(actor, [["token", token]]),
    revoke: ask(endpoints.revoke),
    reapply: (change) => reapply(world, registry, change),
    close: async () => {
      await Promise.all([world.close(), twinA.close(), twinB.close()]);
      rmSync(registry, { recursive: true });
    },
  };
  return lab;
}

async function reapply(world: World, directory: string, change: (registry: string) => string): Promise<void> {
  const { aws, issuer, deployment, operator, adminWrite } = world.endpoints;
  const file = join(directory, labFile);
  const before = readFileSync(file, "utf8");
  const dynamo = new DynamoDBClient({ ...aws, credentials: { ...operator.credentials } });
  try {
    writeFileSync(file, change(before));
    const { variables, trustDomain } = deployment;
    await applyRegistry({ directory, issuer, dynamo, adminWrite, variables, trustDomain });
  } finally {
    writeFileSync(file, before);
    dynamo.destroy();
  }
}

/** An identity token ends before a run on a slow machine does: with less of its life left, an actor attests again. */
const freshSeconds = 150;
const secondsLeft = ({ identity }: Actor): number => Number(claimsOf(identity).exp) - Date.now() / 1000;

/** Remembers the session of a granted token. */
function note(answer: Answer, grants: Set<string>): void {
  const token = answer.json.access_token;
  if (answer.status === 200 && typeof token === "string" && token.split(".").length === 3)
    grants.add(String(claimsOf(token).sid));
}

async function evidenceOf(world: World, name: string, challenge: string, jkt: string, twist: EvidenceTwist = {}) {
  const { aws, agents, issuer } = world.endpoints;
  const credentials = agents[name]?.credentials;
  if (!credentials) throw new Error(`no workload ${name}`);
  const sts = new STSClient({ region: aws.region, endpoint: aws.endpoint, credentials });
  const tags = { "lanyard-challenge": challenge, "lanyard-jkt": jkt, ...twist.tags };
  const answer = await sts.send(
    new GetWebIdentityTokenCommand({
      Audience: [twist.audience ?? issuer],
      SigningAlgorithm: "ES384",
      DurationSeconds: 60,
      Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
    }),
  );
  return String(answer.WebIdentityToken);
}

async function attested(lab: Lab, name: string, key: TestKey): Promise<Actor> {
  const challenge = await lab.challenge(key);
  const token = await lab.evidence(name, challenge, key.jkt);
  const evidence = { type: "aws-sts-web-identity", token };
  const answer = await lab.attest({ agent: lab.idOf(name), evidence, challenge }, key);
  expect(answer.status, answer.text).toBe(200);
  const identity = String(answer.json.identity_token);
  expect(claimsOf(identity).cnf).toEqual({ jkt: key.jkt });
  const actor = { name, id: lab.idOf(name), key, identity };
  proven.add(actor);
  return actor;
}

/** What was attested here, and not what an attack put together. */
const proven = new WeakSet<Actor>();
/** An identity token that ends sooner is used no more. */
const remainingSeconds = 120;

/**
 * Attests anew as an identity token nears its end, as every client does: on a slow machine the attacks take longer than one
 * lives. A token that an attack made itself, or of an agent that proves itself no more, is used as it is.
 */
function keepAttested(lab: () => Lab): (actor: Actor) => Promise<Actor> {
  const later = new Map<string, Promise<Actor>>();
  const renewed = (actor: Actor) => attested(lab(), actor.name, actor.key).catch(() => actor);
  return async function current(actor: Actor): Promise<Actor> {
    const endsSeconds = Number(claimsOf(actor.identity).exp);
    if (!proven.has(actor) || endsSeconds - Date.now() / 1000 > remainingSeconds) return actor;
    const next = later.get(actor.identity) ?? renewed(actor);
    later.set(actor.identity, next);
    const found = await next;
    return found === actor ? actor : current(found);
  };
}

/**
 * What is granted for a moment, once the moment is over (the second it is granted in counts whole). Where even that was over before the answer came, it is asked for
 * again with a longer one.
 * @param ask asks for a token that lives for so many seconds
 */
export async function outlived(ask: (lifetimeSeconds: number) => Promise<Answer>): Promise<string> {
  for (const seconds of [3, 12, 48]) {
    const answer = await ask(seconds);
    if (answer.status !== 200 && seconds < 48) continue;
    const token = granted(answer);
    await sleep((seconds + 1) * 1000); // clock: the life of what was granted
    return token;
  }
  throw new Error("nothing was asked for");
}

/** A root session of `opener` for a fresh person of issuer twin A over the vault. */
export async function openSession(lab: Lab, scope = "vault:read", more: Fields = []) {
  const opener = await lab.actor("opener");
  const person = await lab.twinA.idToken({ sub: `person-${crypto.randomUUID()}` });
  const fields: Fields = [...exchange("id", person), ["resource", vault], ["scope", scope], ...asSession, ...more];
  return { opener, person, token: granted(await lab.token(opener, fields)) };
}
