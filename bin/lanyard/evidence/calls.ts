import type { AuditLine, TrailLine } from "../../../core/lineage/lines.ts";
import { readEvidence } from "../../../core/lineage/read.ts";
import type { Profile } from "../deployment/profile.ts";
import { Usage } from "../terminal/outcome.ts";
import { openEngine, type TraceFolders } from "../trace/open.ts";

/** What CloudTrail has about a session's tree; or why it was not asked. */
interface Calls {
  readonly lines: readonly TrailLine[];
  /** Looks at our functions, by whose roles signatures are known as ours. */
  readonly seen: readonly AuditLine[];
  readonly notes: readonly string[];
}

/** Asks for the calls at AWS as `lanyard trace session` does. A deployment without CloudTrail has none. */
export async function callsOf(
  sid: string,
  profile: Profile,
  { folders, since }: { readonly folders: TraceFolders; readonly since: string },
): Promise<Calls> {
  const engine = await openEngine(profile, folders, { since }).catch((cause: unknown) => {
    if (cause instanceof Usage) return cause.message;
    throw cause;
  });
  if (typeof engine === "string") return { lines: [], seen: [], notes: [`no calls at AWS in it: ${engine}`] };
  try {
    const { trail, audit, cut } = await readEvidence(engine.ask, { kind: "session", sid }, engine.reach);
    const seen = audit.filter(({ operation, functionRoleArn }) => operation === "deployment.seen" && functionRoleArn);
    const notes = cut ? ["there are more calls than are read at a time: not all of them are in it"] : [];
    return { lines: trail, seen, notes: [...notes, ...engine.spent()] };
  } finally {
    engine.close();
  }
}
