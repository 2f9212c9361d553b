import { createHash } from "node:crypto";

/** What one function is, as its control plane tells it: a digest each, so that a baseline is small and holds no setting. */
export interface FunctionState {
  /** SHA-256 of the code's archive, base64, as Lambda tells it. */
  readonly codeSha256: string;
  readonly roleArn: string;
  /** {@link settingsDigest} of everything else that says which code runs. */
  readonly settings: string;
}

/** One function as it was found. */
export interface Found extends FunctionState {
  /** When Lambda last changed code or settings; no caller can say another time. */
  readonly modifiedAtMillis: number;
  /** Whom its role trusts: JSON, percent-encoded, as IAM gives it; undefined when there is no such role, or none of ours. */
  readonly trust: string | undefined;
}

/** The control planes that know what runs. */
export interface ControlPlanes {
  /**
   * One function and its role's trust; undefined when there is no such function.
   * @throws when a control plane does not answer, which says nothing of the function
   */
  find(functionName: string): Promise<Found | undefined>;
}

/**
 * A digest of settings: two objects of the same members are the same, in whatever order. A layer, an extension's or
 * wrapper's variable, another handler run foreign code while the code's own hash stays what it was.
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
