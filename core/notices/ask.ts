import { limits } from "../model/limits.ts";

/** A request that began to wait for people, as far as people are told of it. */
export interface Ask {
  /** `ap_` and 128 bits: a name, which opens nothing. */
  readonly id: string;
  /** The group that may approve it, as `<trusted issuer's name>/<group>`. */
  readonly group: string;
  /** SPIFFE ID of the agent that asked. */
  readonly agent: string;
  /** When it is over, whether somebody decided or not. */
  readonly endsAtSeconds: number;
}

/** Longest group and agent that are read; what is told of them is cut far shorter. */
const longest = 2_048;

/**
 * Reads the facts of one `approval.ask` record, as the rule sends them from the bus. The agent's purpose is in the
 * record too and is never read: it is the agent's own word, and whoever is asked for a yes would read it first.
 * @param text JSON of the record's `unmapped.lanyard`
 * @returns the ask, or undefined for anything else, which people must not be told of
 */
export function askOf(text: string): Ask | undefined {
  if (text.length > limits.noticeRecordCharacters) return undefined;
  const facts = parsed(text);
  const { operation, outcome, approval: id, approval_group: group, agent, expires_at: endsAtMillis } = facts ?? {};
  if (operation !== "approval.ask" || outcome !== "allowed") return undefined;
  if (typeof id !== "string" || !/^ap_[A-Za-z0-9_-]{22}$/.test(id)) return undefined;
  if (!isShort(group) || !isShort(agent)) return undefined;
  if (typeof endsAtMillis !== "number" || !Number.isSafeInteger(endsAtMillis) || endsAtMillis <= 0) return undefined;
  return { id, group, agent, endsAtSeconds: Math.floor(endsAtMillis / 1_000) };
}

const isShort = (value: unknown): value is string =>
  typeof value === "string" && value !== "" && value.length <= longest;

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}
