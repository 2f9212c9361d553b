import type { AuditFacts } from "../../../core/audit/record.ts";
import { createKeySets } from "../../../core/keys/key-sets.ts";
import type { Registration } from "../../../core/model/registry.ts";
import type { RegistrySnapshot } from "../../../core/model/snapshot.ts";
import { ownKeys, randomIds, testSigner } from "../keys.ts";
import { aggregateInto } from "../memory/aggregate.ts";
import { MemoryLimiter } from "../memory/limiter.ts";
import { MemoryStore } from "../memory/store.ts";
import { MemoryWeb } from "../memory/web.ts";
import { toRecord } from "../records.ts";
import { registry, replacing, trustDomain } from "../registry.ts";
import { testKey } from "../wire/key.ts";

export const issuer = "https://abc123.lambda-url.eu-west-1.on.aws";
/** 2026-08-01T00:00:00Z: when every world begins. */
export const startSeconds = 1_785_542_400;

/**
 * What every service in memory stands on: a clock only tests move, the store, the registry in its versions, this
 * deployment's keys and the web outside.
 * @param needed rows that every version of the registry holds, unless it says otherwise
 * @param rows what the first version holds besides
 */
export async function createGround(needed: readonly Registration[], rows: readonly Registration[]) {
  const time = { seconds: startSeconds };
  const clock = { nowMillis: () => time.seconds * 1000 };
  const store = new MemoryStore({ registryVersion: 1, nowSeconds: () => time.seconds });
  const versions = new Map<number, RegistrySnapshot>([[1, registry(1, ...replacing(needed, rows))]]);
  /** The version that this instance has loaded; it learns of another by the deployment's row alone. */
  const held = { version: 1 };
  const at = async (version: number): Promise<RegistrySnapshot> => {
    const snapshot = versions.get(version);
    if (!snapshot) throw new Error(`no registry version ${version}`);
    held.version = version;
    return snapshot;
  };
  const [identityKey, sessionKey] = await Promise.all([testKey(), testKey()]);
  const signers = { identity: testSigner("identity", identityKey), session: testSigner("session", sessionKey) };
  const aggregated: AuditFacts[] = [];
  const limiter = new MemoryLimiter(clock);
  const web = new MemoryWeb();
  /** What every endpoint takes. */
  const ports = {
    clock,
    ids: randomIds,
    toRecord,
    store,
    budgets: store.budgets,
    outbox: store,
    registries: { current: async () => versions.get(held.version), at },
    aggregate: aggregateInto(aggregated),
    limiter,
    ownKeys: ownKeys(signers.identity, signers.session),
    keySets: createKeySets({ fetcher: web, clock, ownIssuer: issuer }),
    issuer,
    trustDomain,
  };

  /** Publishes a new registry version; instances learn of it by the deployment's row alone. */
  const publish = (version: number, ...more: readonly Registration[]) => {
    versions.set(version, registry(version, ...replacing(needed, more)));
    if (store.deployment) store.deployment = { ...store.deployment, registryVersion: version };
  };
  /** Takes the last refusal, recorded alone or aggregated, so that the next look finds only what came since. */
  const takeDenial = () => {
    const alone = store.records.at(-1)?.eventId.startsWith("denied#") ? store.records.pop() : undefined;
    return { own: alone && JSON.parse(alone.body).unmapped.lanyard, aggregated: aggregated.pop()?.denial };
  };
  return {
    time,
    clock,
    store,
    versions,
    held,
    identityKey,
    sessionKey,
    signers,
    aggregated,
    limiter,
    web,
    ports,
    publish,
    takeDenial,
  };
}

/** What {@link createGround} makes. */
export type Ground = Awaited<ReturnType<typeof createGround>>;
