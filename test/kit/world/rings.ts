import type { AuditRecord } from "../../../core/audit/record.ts";
import { rotateAll } from "../../../core/endpoints/rotator.ts";
import { SigningKeyGone } from "../../../core/jose/sign.ts";
import { longestCacheSeconds, type RotationPace } from "../../../core/model/key-times.ts";
import type { Clock, KeyPurpose, SigningAlgorithm } from "../../../core/model/ports.ts";
import { err, ok } from "../../../core/model/result.ts";
import { createKeyring, type Keyring } from "../../../core/ring/keyring.ts";
import type { Ring, RotationOrder } from "../../../core/ring/model.ts";
import type { FirstKeys, KeyHolder, KeyMaker, RingStore, RotatorDeps } from "../../../core/ring/ports.ts";
import { randomIds } from "../keys.ts";
import { toRecord } from "../records.ts";
import type { Ground } from "./ground.ts";

const daySeconds = 86_400;

/** Pace of the deployments under test: a key signs ten days. */
export const pace: RotationPace = {
  periodSeconds: 10 * daySeconds,
  publishWaitSeconds: daySeconds,
  longestCacheSeconds,
};

/** A key as KMS has it, and what truly became of it. */
interface KmsKey {
  readonly arn: string;
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly intent?: string;
  readonly madeAt: number;
  disabled: boolean;
  endedAt?: number;
  /** True time of its first appearance among the published. */
  publishedAt?: number;
  /** True times of its signatures. */
  readonly signedAt: number[];
}

/** The rotator died here: nothing after this happened. */
class Crash extends Error {}

/** Algorithms of the ring of a purpose. */
const algorithmsOf = (purpose: KeyPurpose): readonly SigningAlgorithm[] =>
  purpose === "events" ? ["RS256"] : ["ES256", "RS256"];

/** Which ring, and how it turns. */
interface Turning {
  readonly purpose?: KeyPurpose;
  /** Algorithms of its first keys; absent: those that the purpose has in a deployment. */
  readonly algorithms?: readonly SigningAlgorithm[];
  readonly pace?: RotationPace;
}

/** The rotation of a ring of one purpose, as `world.ring`. */
export const rings = (turning: Turning = {}) => ({
  open: ({ time }: Pick<Ground, "time">) => ({ ring: createRing(time, turning) }),
});

type Rings = ReturnType<ReturnType<typeof rings>["open"]>;

/** A ring in memory, with its KMS. */
export type TestRing = Rings["ring"];

/**
 * A deployment's ring of one purpose, with KMS, store and clocks in memory. The world's time is the truth; rotators and
 * signers have clocks of their own that a test sets wrong, and every call of a rotator can be its last.
 */
function createRing(time: Ground["time"], { purpose = "session", pace: at = pace, ...given }: Turning) {
  const algorithms = given.algorithms ?? algorithmsOf(purpose);
  const keys = new Map<string, KmsKey>();
  const rows = new Map<KeyPurpose, Ring>();
  const orders = new Map<KeyPurpose, RotationOrder>();
  const records: AuditRecord[] = [];
  const faults: string[] = [];
  /** What somebody else does right before a rotator writes. */
  const hooks: { beforeWrite?: (next: Ring) => void; beforeCreate?: () => void } = {};
  const make = (alg: SigningAlgorithm, intent?: string): KmsKey => {
    const n = keys.size + 1;
    const key: KmsKey = {
      arn: `arn:key/${n}`,
      kid: `kid-${n}`,
      alg,
      madeAt: time.seconds,
      disabled: false,
      signedAt: [],
      ...(intent === undefined ? {} : { intent }),
    };
    keys.set(key.arn, key);
    return key;
  };
  const stack = algorithms.map((alg) => make(alg));
  for (const key of stack) key.publishedAt = 0;
  const firstKeys: FirstKeys = { [purpose]: stack.map(({ arn, alg }) => ({ keyArn: arn, alg })) };
  const keyOf = (arn: string): KmsKey => {
    const key = keys.get(arn);
    if (!key) throw new Error(`no key ${arn}`);
    return key;
  };

  const notePublished = (ring: Ring): void => {
    for (const { keyArn, state } of ring.keys) {
      const key = keyOf(keyArn);
      if (["published", "active", "retired"].includes(state)) key.publishedAt ??= time.seconds;
    }
  };
  /** @param calls how many calls are left; the last one happens or not, as `after` says, and then all is over */
  const portsOf = (life: { calls: number; after: boolean }) => {
    const mortal = async <T>(work: () => T): Promise<T> => {
      await Promise.resolve();
      life.calls -= 1;
      if (life.calls < 0 || (life.calls === 0 && !life.after)) throw new Crash();
      const done = work();
      if (life.calls === 0) throw new Crash();
      return done;
    };
    const rings: RingStore = {
      view: (asked) =>
        mortal(() => {
          const [ring, order] = [rows.get(asked), orders.get(asked)];
          return { witnessSeconds: time.seconds, ...(ring ? { ring } : {}), ...(order ? { order } : {}) };
        }),
      write: (ring, written) =>
        mortal(() => {
          hooks.beforeWrite?.(ring);
          if ((rows.get(ring.purpose)?.version ?? 0) !== ring.version - 1) return false;
          rows.set(ring.purpose, ring);
          records.push(...written);
          notePublished(ring);
          return true;
        }),
    };
    const maker: KeyMaker = {
      create: (_, { id, alg }) =>
        mortal(() => {
          hooks.beforeCreate?.();
          const { arn, kid } = make(alg, id);
          return { kid, keyArn: arn, alg, state: "created", createdAtSeconds: time.seconds };
        }),
      vet: ({ keyArn }) => mortal(() => (keyOf(keyArn).endedAt === undefined ? ok(undefined) : err("it is ended"))),
      disable: ({ keyArn }) =>
        mortal(() => {
          keyOf(keyArn).disabled = true;
        }),
      end: ({ keyArn }) =>
        mortal(() => {
          keyOf(keyArn).endedAt ??= time.seconds;
        }),
      findByIntent: ({ id }) =>
        mortal(() =>
          [...keys.values()].filter((key) => key.intent === id && key.endedAt === undefined).map(({ arn }) => arn),
        ),
    };
    return { rings, maker };
  };
  const holder: KeyHolder = {
    async hold(keyArn) {
      const key = keyOf(keyArn);
      if (key.endedAt !== undefined) return err("it is ended");
      const { kid, alg } = key;
      return ok({
        kid,
        alg,
        jwk: { kid, alg },
        async sign() {
          if (key.disabled || key.endedAt !== undefined) throw new SigningKeyGone(kid);
          key.signedAt.push(time.seconds);
          return { signature: new Uint8Array(), requestId: undefined };
        },
      });
    },
  };
  const clockAt = (offset: { seconds: number }): Clock => ({
    nowMillis: () => (time.seconds + offset.seconds) * 1000,
  });
  return {
    purpose,
    algorithms,
    time,
    keys,
    rows,
    orders,
    records,
    faults,
    hooks,
    holder,
    /** One run of a rotator; a run that crashes just ends. */
    async run(offset = { seconds: 0 }, life = { calls: Number.POSITIVE_INFINITY, after: true }): Promise<void> {
      const deps: RotatorDeps = {
        clock: clockAt(offset),
        ids: randomIds,
        toRecord,
        pace: at,
        holder,
        first: firstKeys,
        requestId: "run",
        ...portsOf(life),
      };
      faults.splice(0, faults.length, ...(await rotateAll(deps)));
    },
    /** A function with keys, with a clock of its own. */
    keyring(offset = { seconds: 0 }): Keyring {
      const rings = { read: async (asked: KeyPurpose) => rows.get(asked) };
      return createKeyring({ clock: clockAt(offset), rings, holder, first: firstKeys, onRefused: () => undefined });
    },
    order(kind: RotationOrder["kind"], kid?: string): void {
      const operator = { arn: "arn:operator", uniqueId: "AROAOPERATOR" };
      const named = kid === undefined ? {} : { kid };
      const id = randomIds.id();
      orders.set(purpose, {
        id,
        purpose,
        kind,
        reason: "test",
        operator,
        atSeconds: time.seconds,
        ...named,
      });
    },
    /** Keys of KMS that are neither ended nor named by any ring. */
    strays: () =>
      [...keys.values()].filter(
        ({ arn, endedAt }) => endedAt === undefined && !rows.get(purpose)?.keys.some(({ keyArn }) => keyArn === arn),
      ),
    inState: (state: string, alg?: SigningAlgorithm) =>
      (rows.get(purpose)?.keys ?? []).filter((key) => key.state === state && (alg === undefined || key.alg === alg)),
  };
}
