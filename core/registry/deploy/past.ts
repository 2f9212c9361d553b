import type { AppliedVersion, RegistryStore } from "../store.ts";

/** What a stack learns from the history about its own deployments. */
export interface DeployedPast {
  /** The current version; 0 before the first. */
  readonly version: number;
  /** Its entry; undefined before the first. */
  readonly live: AppliedVersion | undefined;
  /** The stack's own newest version. */
  readonly last: AppliedVersion | undefined;
  /** The stack's own newest version with the wanted digest. */
  readonly asked: AppliedVersion | undefined;
  /** Whether the current version was applied by the stack. */
  readonly own: boolean;
  /**
   * Whether overwriting the current version loses nobody's work: the stack applied it, or it has the same content, or
   * there is none.
   */
  readonly untouched: boolean;
}

const pageSize = 100;
const pages = 10;

/**
 * Reads, strongly consistent, what a stack has applied, among the last 1,000 versions.
 * @param source the stack, as its history entries name it
 * @param digest of the wanted registrations
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
  // an entry above the current version was written after that was read; then the apply will be refused as stale
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
