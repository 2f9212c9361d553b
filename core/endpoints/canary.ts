import { type CanaryPlace, type CanaryRun, canaryPlaces } from "../model/canary.ts";
import type { Clock } from "../model/ports.ts";

/** One place at which what the session holds is tried. */
export interface Place {
  readonly name: CanaryPlace;
  /** Pause after it was accepted, before it is tried again. */
  readonly pauseMillis: number;
  /** Longest wait for a refusal, beyond every bound that is promised. */
  readonly patienceMillis: number;
  /** Tries it once. @returns whether it was accepted; throws where nobody decided */
  accepts(): Promise<boolean>;
}

/** A session that was opened to be revoked. */
export interface ThrowAway {
  readonly sid: string;
  readonly places: readonly Place[];
  revoke(): Promise<void>;
}

/** What the canary needs. */
export interface CanaryDeps {
  readonly clock: Clock & Required<Pick<Clock, "steadyMillis">>;
  readonly wait: (millis: number) => Promise<void>;
  /** Opens a session; undefined where the registry has no canary. */
  open(): Promise<ThrowAway | undefined>;
  /** Keeps a run, for `lanyard status`. */
  keep(run: CanaryRun): Promise<void>;
  /** Told of a place that gave no answer, or refused nothing for as long as it was waited for. */
  odd(place: CanaryPlace, why: unknown): void;
}

/**
 * The revocation canary: it measures how long what was revoked still works, as an agent and a resource server do, by the
 * public interface alone. It is no part of any decision. One run:
 *
 * 1. **open** a session of its own
 * 2. **try** it everywhere: a place that refuses what lives would seem the fastest of all
 * 3. **revoke** it
 * 4. **watch** all places at once, each until its first refusal or the end of its patience
 * 5. **keep** what was found
 *
 * @returns what was found; undefined where the registry has no canary
 * @throws when a place refuses a living session
 */
export async function runCanary(deps: CanaryDeps): Promise<CanaryRun | undefined> {
  // 1. open
  const session = await deps.open();
  if (!session) return undefined;
  const places = [...session.places].sort((a, b) => canaryPlaces.indexOf(a.name) - canaryPlaces.indexOf(b.name));
  // 2. try
  const accepted = await Promise.all(places.map((place) => place.accepts()));
  const [refusing] = places.filter((_, index) => !accepted[index]);
  if (refusing) throw new Error(`${refusing.name} refuses a session that lives`);
  // 3. revoke
  await session.revoke();
  const atMillis = deps.clock.nowMillis();
  const sinceMillis = stopwatch(deps);
  // 4. watch
  const found = await Promise.all(places.map(async (place) => [place.name, await watch(place, sinceMillis, deps)]));
  const run: CanaryRun = { atMillis, sid: session.sid, refusedAfterMillis: Object.fromEntries(found) };
  // 5. keep
  await deps.keep(run);
  return run;
}

const stopwatch = ({ clock }: CanaryDeps): (() => number) => {
  const begun = clock.steadyMillis();
  return () => Math.round(clock.steadyMillis() - begun);
};

/**
 * Tries a place until it refuses. No answer is no refusal: what cannot decide now may accept again.
 * @returns milliseconds since the revocation
 */
async function watch(place: Place, sinceMillis: () => number, deps: CanaryDeps): Promise<number> {
  for (;;) {
    const accepted = await place.accepts().catch((why: unknown) => {
      deps.odd(place.name, why);
      return true;
    });
    const millis = sinceMillis();
    if (!accepted) return millis;
    if (millis + place.pauseMillis > place.patienceMillis) {
      deps.odd(place.name, `it refuses nothing ${millis} ms after the revocation`);
      // what was not seen in time is told as late, whenever it came
      return Math.max(millis, place.patienceMillis);
    }
    await deps.wait(place.pauseMillis);
  }
}
