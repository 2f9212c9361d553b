import type { Days } from "../../../core/lineage/queries.ts";
import type { Profile } from "../deployment/model.ts";
import { Usage } from "../terminal/outcome.ts";
import { sinceMillis } from "../terminal/since.ts";
import { openDuckDb } from "./duckdb.ts";
import type { Engine } from "./engine.ts";

/** Folders that were given in place of a deployment's own. */
export interface TraceFolders {
  readonly audit: string | undefined;
  readonly trail: string | undefined;
}

/**
 * Athena for a deployment on AWS, unless folders were given; DuckDB for those, and for the local run.
 * @throws Usage where neither is to be had
 */
export async function openEngine(
  profile: Profile,
  given: TraceFolders,
  { since }: { readonly since: string },
): Promise<Engine> {
  if (profile.kind === "aws" && given.audit === undefined && given.trail === undefined) {
    const days = daysSince(since, Date.now());
    // no other command needs its client
    return (await import("./athena.ts")).openAthena(profile, days);
  }
  const own = profile.audit !== undefined && "folder" in profile.audit ? profile.audit.folder : undefined;
  const { audit = own, trail = profile.trailFolder } = given;
  if (audit !== undefined && trail !== undefined) return openDuckDb({ audit, trail });
  throw new Usage("copy the audit bucket and CloudTrail's with aws s3 sync, and give both --audit and --trail");
}

/** From a day before, since objects lie under the day of their delivery, to tomorrow. */
function daysSince(since: string, nowMillis: number): Days {
  const dayOf = (millis: number) => new Date(millis).toISOString().slice(0, 10);
  return { first: dayOf(sinceMillis(since, nowMillis) - dayMillis), last: dayOf(nowMillis + dayMillis) };
}

const dayMillis = 86_400_000;
