import { type Clock, nowSeconds } from "../model/ports.ts";
import { type Deny, deniesOf, denyDocument } from "./deny.ts";
import { type Coarseness, fitStops } from "./fit.ts";
import type { StopLedger } from "./stops.ts";

/** A version of a managed policy. */
export interface PolicyVersion {
  /** `v1`, `v2` …: IAM counts upwards and never uses one again. */
  readonly id: string;
  readonly isDefault: boolean;
}

/** One account's deny policies, through its one role that may write them. */
export interface DenyPolicies {
  /** Every version of a policy, and the document of the one that counts. */
  read(shard: number): Promise<{ readonly versions: readonly PolicyVersion[]; readonly document: string }>;
  /** Deletes a version; it does not matter whether another writer has done so before. */
  remove(shard: number, id: string): Promise<void>;
  /**
   * Writes a version that counts from now on.
   * @returns its id; undefined when the policy has all the versions that IAM keeps
   */
  write(shard: number, document: string): Promise<string | undefined>;
}

/** What restoring needs. */
interface RestoreDeps {
  readonly clock: Clock;
  /** The ledger, strongly consistent. */
  readonly stops: () => Promise<StopLedger>;
  readonly policies: DenyPolicies;
  readonly account: string;
  /** Number of policies of the account. */
  readonly shards: number;
}

/** What was done. */
export interface Restored {
  readonly coarse: Coarseness;
  /** Policies that had to be written. */
  readonly written: number;
}

/** Versions that IAM keeps of a managed policy. */
const mostVersions = 5;
/** Most rounds of one run; each further one means that another writer was at work, or the ledger changed. */
const mostRounds = 6;

/** A policy as it is known to stand. */
interface Shard {
  readonly versions: readonly PolicyVersion[];
  /** Number of the version that counts. */
  readonly number: number;
  readonly document: string;
}

/**
 * Makes an account's deny policies what the ledger says, whatever somebody else wrote there. After every write it reads
 * ledger and policies again, and only ends when they agree: whoever writes last has seen the newest ledger, so two
 * writers at once need no lock. IAM may still answer with an older version than the one written here; that one counts.
 * @throws when they do not agree after several rounds, or IAM fails
 */
export async function restore({ clock, stops, policies, account, shards }: RestoreDeps): Promise<Restored> {
  const numbers = Array.from({ length: shards }, (_, shard) => shard);
  const ours = new Map<number, Shard>();
  let written = 0;
  for (let round = 0; round < mostRounds; round++) {
    const { stops: all } = await stops();
    const now = nowSeconds(clock);
    const due = all.filter((stop) => stop.untilSeconds > now && (stop.kind !== "listed" || stop.account === account));
    const found = await Promise.all(
      numbers.map(async (shard) => newer(await readShard(policies, shard), ours.get(shard))),
    );
    const fitted = fitStops(
      due,
      found.map(({ document }) => deniesOf(document) ?? []),
    );
    const wrong = numbers.filter((shard) => !says(found[shard], fitted.shards[shard]));
    if (wrong.length === 0) return { coarse: fitted.coarse, written };
    for (const shard of wrong) {
      const document = denyDocument(fitted.shards[shard] ?? []);
      const made = await writeShard(policies, shard, { document, versions: found[shard]?.versions ?? [] });
      if (!made) continue;
      ours.set(shard, made);
      written += 1;
    }
  }
  throw new Error(`the deny policies of account ${account} go on changing while they are written`);
}

const says = (shard: Shard | undefined, denies: readonly Deny[] = []): boolean => {
  const now = shard && deniesOf(shard.document);
  return now !== undefined && denyDocument(now) === denyDocument(denies);
};

const numberOf = (id: string): number => Number(/^v(\d+)$/.exec(id)?.[1] ?? 0);

async function readShard(policies: DenyPolicies, shard: number): Promise<Shard> {
  const { versions, document } = await policies.read(shard);
  return { versions, document, number: numberOf(versions.find(({ isDefault }) => isDefault)?.id ?? "") };
}

const newer = (read: Shard, ours: Shard | undefined): Shard => (ours && ours.number > read.number ? ours : read);

async function writeShard(
  policies: DenyPolicies,
  shard: number,
  { document, versions }: Pick<Shard, "document" | "versions">,
): Promise<Shard | undefined> {
  const former = versions.filter(({ isDefault }) => !isDefault).toSorted((a, b) => numberOf(a.id) - numberOf(b.id));
  const tooMany = former.slice(0, Math.max(0, versions.length - (mostVersions - 1)));
  for (const { id } of tooMany) await policies.remove(shard, id);
  const id = await policies.write(shard, document);
  if (id === undefined) return undefined;
  const kept = versions.filter((one) => !tooMany.includes(one)).map((one) => ({ ...one, isDefault: false }));
  return { versions: [...kept, { id, isDefault: true }], document, number: numberOf(id) };
}
