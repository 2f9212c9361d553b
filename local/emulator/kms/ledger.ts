/** What happened to keys since the template: those a function made, and which were disabled or are to be deleted. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Key, openKey } from "./key.ts";

/** How a key stands now. */
interface KeyState {
  readonly enabled: boolean;
  readonly description: string;
  /** Seconds since the epoch. */
  readonly createdAtSeconds: number;
  readonly deletionAtSeconds?: number;
  /** The policy as text; absent for a key of the template, whose policy the template tells. */
  readonly policy?: string;
  /** Present when a function made the key. */
  readonly made?: { readonly arn: string; readonly spec: string; readonly usage: string };
}

/** The keys of the account and how they stand. */
export interface Ledger {
  all(): readonly Key[];
  find(id: string): Key | undefined;
  stateOf(id: string): KeyState;
  /** Notes a change of a key. */
  change(id: string, change: Partial<KeyState>): void;
  /** Takes a new key in. */
  add(key: Key, state: KeyState): void;
}

const suffix = ".standing.json";

/**
 * Opens the ledger.
 * @param template keys of the template
 * @param directory folder of the keys; absent = in memory
 */
export function openLedger(template: readonly Key[], directory: string | undefined): Ledger {
  const keys = new Map(template.map((key) => [key.id, key]));
  const states = new Map<string, KeyState>();
  const files = directory === undefined || !existsSync(directory) ? [] : readdirSync(directory);
  for (const file of files.filter((name) => name.endsWith(suffix))) {
    const id = file.slice(0, -suffix.length);
    const state = JSON.parse(readFileSync(join(directory ?? "", file), "utf8")) as KeyState;
    states.set(id, state);
    if (state.made) keys.set(id, openKey({ id, ...state.made, enabled: true, tags: {} }, directory));
  }
  const keep = (id: string, state: KeyState) => {
    states.set(id, state);
    if (directory === undefined) return;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(join(directory, `${id}${suffix}`), JSON.stringify(state), { mode: 0o600 });
  };
  const stateOf = (id: string): KeyState =>
    states.get(id) ?? { enabled: keys.get(id)?.enabled ?? false, description: "", createdAtSeconds: 0 };
  return {
    all: () => [...keys.values()],
    find: (id) => keys.get(id),
    stateOf,
    change: (id, change) => keep(id, { ...stateOf(id), ...change }),
    add(key, first) {
      keys.set(key.id, key);
      keep(key.id, first);
    },
  };
}
