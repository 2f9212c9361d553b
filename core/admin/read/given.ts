import { limits } from "../../model/limits.ts";
import type { Session, Vend } from "../../model/session.ts";
import type { SessionQueries } from "./session-queries.ts";

/** Trees whose credentials are read at the same time. */
const atOnce = 16;

/** What sessions were given at AWS, by session. */
interface Given {
  readonly of: ReadonlyMap<string, readonly Vend[]>;
  /** Roots of trees that were given more than is read. */
  readonly cut: readonly string[];
}

/** Reads what sessions of lists were given at AWS: one question a tree, whatever number of its sessions is listed. */
export async function givenTo(sessions: readonly Session[], queries: SessionQueries): Promise<Given> {
  const roots = [...new Set(sessions.map(({ root }) => root))];
  const waiting = roots.values();
  const vends: Vend[] = [];
  const cut: string[] = [];
  const worker = async () => {
    for (const root of waiting) {
      const read = await queries.vends({ root }, limits.adminTreeRows);
      vends.push(...read);
      if (read.length >= limits.adminTreeRows) cut.push(root);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return { of: Map.groupBy(vends, ({ sid }) => sid), cut };
}

/**
 * The newest-lived of what a session was given at AWS, as an operator sees it: nothing of it is a secret.
 * @param most a session has one row for each role that it used, and a list must stay small enough to be answered
 */
export const givenView = (vends: readonly Vend[], most: number) =>
  vends
    .toSorted((one, other) => other.endsAtSeconds - one.endsAtSeconds || (one.role < other.role ? -1 : 1))
    .slice(0, most)
    .map(({ role, arn, account, accessKeyId, endsAtSeconds }) => ({ role, arn, account, accessKeyId, endsAtSeconds }));
