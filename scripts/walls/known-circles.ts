/**
 * Circles that were there when the lint began to refuse them. The list only shrinks: a circle that stands here and is
 * there no longer is an offence as one that does not stand here.
 */
export const knownCircles: readonly (readonly string[])[] = [
  [
    "bin/lanyard/profile.ts",
    "bin/lanyard/profile/aws.ts",
    "bin/lanyard/profile/client.ts",
    "bin/lanyard/profile/local.ts",
    "bin/lanyard/profile/stored.ts",
  ],
  ["bench/attest-callers.ts", "bench/attest-nitro.ts", "bench/attest-tokens.ts", "bench/attest.ts"],
  ["local/inventory.ts", "local/permissions.ts", "local/queue-mappings.ts"],
  ["bin/lanyard/audit/folder.ts", "bin/lanyard/audit/source.ts"],
  ["bin/lanyard/completion/outline.ts", "bin/lanyard/completion/scripts.ts"],
  ["client/call-resource.ts", "client/session.ts"],
  ["conformance/row.ts", "conformance/target.ts"],
  ["local/delivery.ts", "local/streams.ts"],
];
