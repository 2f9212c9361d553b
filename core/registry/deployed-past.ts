import type { AppliedVersion, RegistryStore } from "./store.ts";

/** What the history tells a stack about its own deployments. */
export interface DeployedPast {
  /** The version that counts; 0 before the first. */
  readonly version: number;
  /** Its entry; undefined before the first. */
  readonly live: AppliedVersion | undefined;
  /** The stack's own newest version. */
  readonly last: AppliedVersion | undefined;
  /** The stack's own newest version with the digest that is asked for. */
  readonly asked: AppliedVersion | undefined;
  /** What counts is the stack's own. */
  readonly own: boolean;
  /** What counts is the stack's own, or holds the same, or there is nothing yet: overwriting it loses nobody's work. */
  readonly untouched: boolean;
}

const pageSize = 100;
const pages = 10;

/**
 * Reads, strongly consistent, what a stack has applied; the last 1,000 versions are looked at.
 * @param source of the stack, as its entries carry it
 * @param digest of the registrations that are asked for
 */
export async function pastOf(registry: RegistryStore, source: string, digest: string): Promise<DeployedPast> {
  const version = await registry.applied();
  const entries: AppliedVersion[] = [];
  for (let page = 0; page < pages; page++) {
    const more = await registry.history(pageSize, entries.at(-1)?.version);
    entries.push(...more);
    if (more.length < pageSize) break;
  }
  const live = entries.find((entry) => entry.version === version);
  // an entry above what counts was written after we read that: the apply will be refused as stale
  const mine = entries.filter((entry) => entry.source === source && entry.version <= version);
  const [last] = mine;
  const own = live !== undefined && live.source === source;
  return {
    version,
    live,
    last,
    asked: mine.find((entry) => entry.digest === digest),
    own,
    untouched: version === 0 || own || (live !== undefined && live.digest === last?.digest),
  };
}
