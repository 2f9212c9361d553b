import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** A record of CloudTrail, as far as the story looks at it. */
export interface TrailRecord {
  readonly eventID: string;
  readonly requestID?: string;
  readonly userIdentity?: { readonly sessionContext?: { readonly sourceIdentity?: string } };
}

/**
 * Finds the line of one call in CloudTrail's bucket.
 * @param folder the bucket as a folder
 * @param requestId as the SDK saw it
 */
export function findLine(folder: string, requestId: string): TrailRecord | undefined {
  if (!existsSync(folder)) return undefined;
  // newest first: the names begin with the date, and a folder that is kept grows with every start
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort().reverse()) {
    if (!name.endsWith(".json.gz")) continue;
    const { Records } = JSON.parse(gunzipSync(readFileSync(join(folder, name))).toString("utf8")) as {
      Records: readonly TrailRecord[];
    };
    const found = Records.find(({ requestID }) => requestID === requestId);
    if (found) return found;
  }
  return undefined;
}
