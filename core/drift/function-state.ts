import { createHash } from "node:crypto";

/** What one function is, as its control plane states it. Digests keep the baseline small, and no setting is stored. */
export interface FunctionState {
  /** SHA-256 of the code's archive, base64, as Lambda states it. */
  readonly codeSha256: string;
  readonly roleArn: string;
  /** {@link settingsDigest} of everything else that decides which code runs. */
  readonly settings: string;
}

/** One function as it was found. */
export interface Found extends FunctionState {
  /** When Lambda last changed code or settings. No caller can choose this time. */
  readonly modifiedAtMillis: number;
  /**
   * The trust policy of its role: JSON, percent-encoded, as IAM returns it; undefined when the role does not exist or
   * is none of this deployment's.
   */
  readonly trust: string | undefined;
}

/** The control planes that know which code runs. */
export interface ControlPlanes {
  /**
   * One function and its role's trust; undefined when there is no such function.
   * @throws when a control plane does not answer, which tells nothing about the function
   */
  find(functionName: string): Promise<Found | undefined>;
}

/**
 * A digest of settings; the order of members does not matter. A layer, a variable of an extension or wrapper, or
 * another handler can run foreign code while the code's own hash stays the same.
 * @param settings plain values
 * @returns base64url
 */
export function settingsDigest(settings: unknown): string {
  return createHash("sha256")
    .update(JSON.stringify(sorted(settings)))
    .digest("base64url");
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, member]) => [name, sorted(member)]),
  );
}
