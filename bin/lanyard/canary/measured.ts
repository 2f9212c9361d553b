import { z } from "zod";
import { ask } from "../deployment/ask.ts";
import type { Profile } from "../deployment/profile.ts";
import { reader } from "../deployment/reader.ts";

const measured = z.object({
  watches: z.boolean(),
  newestAtSeconds: z.number().optional(),
  places: z.array(
    z.object({
      place: z.string(),
      runs: z.number(),
      p50Millis: z.number(),
      p99Millis: z.number(),
      maxMillis: z.number(),
    }),
  ),
});

/** What the revocation canary measured within a day. */
type Measured = z.infer<typeof measured>;

/** Asks admin-read what the canary measured. @throws Refused */
export const askCanary = async (profile: Profile): Promise<Measured> =>
  reader(measured, "measurement")(await ask(profile, "canary"));

/** Two runs missed and a little: a canary that is silent for so long does not watch. */
const lateSeconds = 900;

/** One line a place, and one where the canary has been silent. */
export function canaryLines({ newestAtSeconds, places }: Measured, nowMillis: number): readonly string[] {
  const ageSeconds = newestAtSeconds === undefined ? undefined : Math.floor(nowMillis / 1_000) - newestAtSeconds;
  const silent =
    ageSeconds === undefined
      ? ["refusals       nothing was measured within a day: is the canary registered (lanyard canary init)?"]
      : ageSeconds > lateSeconds
        ? [`refusals       nothing was measured for ${Math.floor(ageSeconds / 60)} minutes`]
        : [];
  return [
    ...silent,
    ...places.map(
      ({ place, runs, p50Millis, p99Millis }) =>
        `refusals       ${place}: p50 ${seconds(p50Millis)}, p99 ${seconds(p99Millis)} after a revocation (${runs} within a day)`,
    ),
  ];
}

const seconds = (millis: number): string => `${(millis / 1_000).toFixed(2)} s`;
