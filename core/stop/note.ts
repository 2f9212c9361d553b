import type { Clock } from "../model/ports.ts";
import { nowSeconds } from "../model/ports.ts";
import type { Vend } from "../model/session.ts";
import type { Change } from "../status/changes.ts";
import type { ListedSession } from "../status/publish-store.ts";
import {
  addStops,
  directStop,
  endedStop,
  listedStops,
  outlivingSessions,
  type Stop,
  type StopLedger,
} from "./stops.ts";

/** Where the publisher keeps what is to be stopped at AWS. */
export interface StopStore {
  /** AWS credentials of a tree's sessions, strongly consistent. */
  vends(root: string): Promise<readonly Vend[]>;
  /** The ledger of stops, strongly consistent. */
  stops(): Promise<StopLedger>;
  /**
   * Replaces the ledger by its next version.
   * @returns false, with nothing stored, when another run stored that version meanwhile
   */
  putStops(ledger: StopLedger): Promise<boolean>;
  /** Credentials of every tree that live now and may outlive their sessions, strongly consistent. */
  outliving(nowSeconds: number): Promise<readonly Vend[]>;
  /** When a session ends as its row stands now, strongly consistent; undefined for one whose row is gone. */
  endOf(root: string, sid: string): Promise<number | undefined>;
}

/** Notes, during walks, what is to be stopped at AWS. */
export interface StopNotes {
  /** Notes what a raised epoch ends, before any session of it is found. */
  begin(change: Change): Promise<void>;
  /** Notes the dead sessions of a tree whose credentials live. */
  dead(root: string, tree: readonly ListedSession[], ended: readonly ListedSession[]): Promise<void>;
  /** Notes sessions that have ended by themselves and whose agents took a role by themselves, for longer. */
  ended(): Promise<void>;
  /** Stores what was noted. A walk is not struck off before, so that none is lost. */
  store(): Promise<void>;
}

interface StopNoteDeps {
  readonly clock: Clock;
  readonly store: StopStore;
  /** Whether the stage gives tokens by which agents take roles by themselves. */
  readonly ownRoles: boolean;
}

/** Most attempts to store the ledger. An attempt fails only when another publisher has stored it. */
const ledgerTries = 50;

/**
 * Notes for one run of the publisher; all its walks share them, since the ledger is one row.
 * @param stored called after the ledger was changed
 */
export function createStopNotes({ clock, store, ownRoles }: StopNoteDeps, stored: () => Promise<void>): StopNotes {
  let waiting: Stop[] = [];
  let flight: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    const noted = waiting;
    waiting = [];
    if (noted.length === 0) return;
    try {
      if (await addTo(store, noted, clock)) await stored();
    } catch (failure) {
      // another walk noted some of them, and must not finish before they are stored
      waiting = [...noted, ...waiting];
      throw failure;
    }
  };
  const notes: StopNotes = {
    async begin(change) {
      const now = nowSeconds(clock);
      const direct = change.kind === "tombstone" ? undefined : directStop(change, now, { ownRoles });
      if (!direct || direct.untilSeconds <= now) return;
      waiting.push(direct);
      await notes.store();
    },
    async dead(root, tree, ended) {
      if (ended.length === 0) return;
      const vends = await store.vends(root);
      waiting.push(...listedStops({ root, tree, ended, vends, nowSeconds: nowSeconds(clock) }));
    },
    async ended() {
      if (!ownRoles) return;
      const now = nowSeconds(clock);
      const found = outlivingSessions(await store.outliving(now), await store.stops(), now);
      for (const vend of found) {
        // renewed since its token was given out, it lives on with its credentials
        const end = (await store.endOf(vend.root, vend.sid)) ?? 0;
        if (end <= now) waiting.push(endedStop(vend, now));
      }
      await notes.store();
    },
    store() {
      // one write at a time, each of all that waits; a failed one is told to its own callers alone
      flight = flight.then(write, write);
      return flight;
    },
  };
  return notes;
}

/** @returns whether the ledger was changed */
async function addTo(store: StopStore, noted: readonly Stop[], clock: Clock): Promise<boolean> {
  for (let tries = 0; tries < ledgerTries; tries++) {
    const ledger = await store.stops();
    const next = addStops(ledger, noted, nowSeconds(clock));
    if (next === ledger) return false;
    if (await store.putStops(next)) return true;
  }
  throw new Error("other publishers went on changing the ledger of stops");
}
