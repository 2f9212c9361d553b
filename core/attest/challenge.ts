import type { Denial } from "../denial.ts";
import type { Clock, MacSource } from "../ports.ts";
import type { Result } from "../result.ts";
import type { Marker } from "../session/store.ts";

/** What challenges need. */
export interface ChallengeDeps {
  readonly clock: Clock;
  readonly macs: MacSource;
  readonly issuer: string;
}

/** Makes a challenge that is stored nowhere. */
export function createChallenge(_deps: ChallengeDeps): Promise<string> {
  throw new Error("not built yet");
}

/** Checks a challenge that came back. */
export function checkChallenge(_challenge: string, _deps: ChallengeDeps): Promise<Result<{ marker: Marker }, Denial>> {
  throw new Error("not built yet");
}
