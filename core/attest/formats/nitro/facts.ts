import type { NitroDocument } from "./document.ts";

/** Names of all facts that such a document can state. */
export const nitroFactNames: readonly string[] = [
  "moduleId",
  "instanceId",
  ...Array.from({ length: 32 }, (_, index) => `pcr${index}`),
];

/**
 * Facts of a verified document; PCRs as lower-case hex, zeros included, so that a selector can require an unset PCR.
 */
export function nitroFacts({ moduleId, pcrs }: NitroDocument): Readonly<Record<string, string>> {
  const instanceId = /^(i-[0-9a-f]{8,17})-(?:enc|tpm)[0-9a-f]*$/.exec(moduleId)?.[1];
  const measured = [...pcrs].map(([index, value]) => [`pcr${index}`, Buffer.from(value).toString("hex")] as const);
  return { moduleId, ...(instanceId === undefined ? {} : { instanceId }), ...Object.fromEntries(measured) };
}
