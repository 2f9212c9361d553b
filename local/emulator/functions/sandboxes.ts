/** The sandboxes of one function: numbered from 0, started when there is work, never more than it may have. */
import type { Instance } from "./instance.ts";

/** One sandbox as a test sees it. */
export interface Sandbox {
  /** The lowest number that was free when it started. */
  readonly number: number;
  readonly processId: number | undefined;
  /** Events it has taken. */
  readonly served: number;
}

/** The sandboxes. */
interface Sandboxes {
  /** One that is free, marked as busy; started if need be. Undefined when the event must wait. */
  take(): Instance | undefined;
  /** Starts one that waits for work, where there is none yet. */
  ahead(): Instance | undefined;
  /** Starts a busy one anew under its number, after an init that timed out. */
  restart(instance: Instance): Instance;
  /** Gives it back: `fit` for more work, or never to be used again. */
  giveBack(instance: Instance, fit: boolean): void;
  /** Sends everything to the sandbox of this number from now on, whoever else is free; undefined sends it to any. */
  pin(number: number | undefined): void;
  list(): readonly Sandbox[];
  /** A busy one if there is any, else any. */
  victim(): Instance | undefined;
  all(): readonly Instance[];
}

interface Entry {
  readonly number: number;
  busy: boolean;
  served: number;
}

/**
 * Makes the book of a function's sandboxes; none is started yet.
 * @param start starts one; told whether it is a second start
 * @param most how many there may be at the same time
 * @param onGone told when one has ended: there may be room for work that waits
 */
export function openSandboxes(start: (again: boolean) => Instance, most: number, onGone: () => void): Sandboxes {
  const entries = new Map<Instance, Entry>();
  let pinned: number | undefined;
  const wanted = ({ number }: Entry) => pinned === undefined || number === pinned;
  const freeNumber = (): number | undefined => {
    const taken = new Set([...entries.values()].map(({ number }) => number));
    if (pinned !== undefined) return taken.has(pinned) ? undefined : pinned;
    return Array.from({ length: most }, (_, number) => number).find((number) => !taken.has(number));
  };
  const idle = (): Instance | undefined => {
    for (const [instance, entry] of entries) if (!entry.busy && wanted(entry) && instance.alive) return instance;
    const number = freeNumber();
    return number === undefined ? undefined : enter(start(false), { number, busy: false, served: 0 });
  };
  const enter = (instance: Instance, entry: Entry): Instance => {
    entries.set(instance, entry);
    void instance.gone.then(() => {
      entries.delete(instance);
      onGone();
    });
    return instance;
  };
  return {
    take() {
      const instance = idle();
      const entry = instance && entries.get(instance);
      if (!entry) return undefined;
      entry.busy = true;
      entry.served += 1;
      return instance;
    },
    ahead: () => (entries.size === 0 ? idle() : undefined),
    restart(instance) {
      const { number, served } = entries.get(instance) ?? { number: freeNumber() ?? most, served: 1 };
      entries.delete(instance);
      return enter(start(true), { number, busy: true, served });
    },
    giveBack(instance, fit) {
      const entry = entries.get(instance);
      if (!entry) return;
      if (fit) entry.busy = false;
      else entries.delete(instance);
    },
    pin(number) {
      if (number !== undefined && !(Number.isInteger(number) && number >= 0 && number < most))
        throw new RangeError(`there are sandboxes 0 to ${most - 1}, no ${number}`);
      pinned = number;
    },
    list: () => [...entries].map(([{ processId }, { number, served }]) => ({ number, processId, served })),
    victim: () => ([...entries].find(([, { busy }]) => busy) ?? [...entries][0])?.[0],
    all: () => [...entries.keys()],
  };
}
