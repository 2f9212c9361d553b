import { randomBytes } from "node:crypto";

/** Tokens of one instance's metadata service. */
export interface MetadataSessions {
  /** A token for so long, or nothing when the text is no number of seconds from 1 to 21,600. */
  open(ttlSeconds: unknown): { readonly token: string; readonly ttlSeconds: number } | undefined;
  holds(token: unknown): boolean;
}

const longestSeconds = 21_600;
const most = 1_000;

/** Opens an instance's sessions; the oldest are forgotten when there are many. */
export function openMetadataSessions(nowMillis: () => number): MetadataSessions {
  const endMillis = new Map<string, number>();
  return {
    open(wanted) {
      const ttlSeconds = typeof wanted === "string" && /^\d{1,5}$/.test(wanted) ? Number(wanted) : 0;
      if (ttlSeconds < 1 || ttlSeconds > longestSeconds) return undefined;
      const token = randomBytes(42).toString("base64");
      endMillis.set(token, nowMillis() + ttlSeconds * 1000);
      for (const oldest of endMillis.keys()) if (endMillis.size > most) endMillis.delete(oldest);
      return { token, ttlSeconds };
    },
    holds: (token) => typeof token === "string" && (endMillis.get(token) ?? 0) > nowMillis(),
  };
}
