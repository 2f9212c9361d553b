/** The walls, as the architecture draws them: one entry a room. */

/** What the files of one room may do. */
export interface Wall {
  readonly name: string;
  /** Files and folders (ending with `/`) of ours that they may import. */
  readonly own: readonly string[] | "all";
  /** Packages and Node modules that they may import. */
  readonly packages: readonly string[] | "all";
  /** Pure files read no clock, no environment, no randomness and no network. */
  readonly pure?: true;
}

/** Folders at the top. */
export const topFolders: ReadonlySet<string> = new Set([
  "bench",
  "bin",
  "client",
  "conformance",
  "core",
  "docs",
  "examples",
  "lambdas",
  "lib",
  "local",
  "python",
  "scripts",
  "stages",
  "test",
]);

/** Names that say nothing of what lives inside. */
export const bannedFolders: ReadonlySet<string> = new Set(["utils", "common", "helpers", "services", "types"]);

/** What pure code may not touch, and what it does instead. */
export const impure: readonly { readonly pattern: RegExp; readonly instead: string }[] = [
  { pattern: /\bprocess\b\s*[.[]/, instead: "it takes settings as parameters, not from process" },
  {
    pattern: /\bDate\s*\.\s*now\b|\bnew\s+Date\s*(\(\s*\)|[^\s(])|\bDate\s*\(\s*\)/,
    instead: "time comes from the port Clock",
  },
  { pattern: /\bperformance\s*\.\s*now\b/, instead: "time comes from the port Clock" },
  { pattern: /(?<![\w.])fetch\s*\(|\bglobalThis\b/, instead: "the network is the port Fetcher" },
  {
    pattern: /\bMath\s*\.\s*random\b|\brandomBytes\b|\brandomUUID\b|\bgetRandomValues\b/,
    instead: "chance comes from the port Ids",
  },
];

/**
 * The storeys of core, the highest first. A room imports from its own files and from lower storeys, never from beside
 * or above: whoever reads downwards from an endpoint meets each thing once. The page of the architecture draws them as
 * endpoints, steps and ground; the lines between are where one step rests on another.
 */
export const storeys: readonly (readonly string[])[] = [
  ["endpoints"],
  ["admin", "authzen", "credentials", "evidence", "introspection"],
  ["token", "registry"],
  ["jwt-bearer"],
  ["approvals"],
  ["attest", "caller", "discovery", "events", "notices", "person", "signals", "stop"],
  ["aws", "budgets", "drift", "keys", "lifecycle", "narrow", "ring", "sealing", "session", "verify"],
  ["audit", "details", "jose", "tlog", "tools"],
  ["denial", "lineage", "policy", "status", "text"],
  ["model"],
];

const walls: readonly (readonly [prefix: string, wall: Wall])[] = [
  [
    "core/",
    {
      name: "core",
      own: ["core/"],
      packages: [
        "jose",
        "zod",
        "@cfworker/json-schema",
        "asn1js",
        "cborg",
        "@cedar-policy/cedar-wasm/nodejs",
        "@cedar-policy/cedar-wasm/web",
        "node:crypto",
        "node:zlib",
      ],
      pure: true,
    },
  ],
  // the canary is an agent and a resource server: it must stand where theirs stand, on the client alone (decision 51)
  ["lambdas/canary/", { name: "lambdas/canary", own: ["lambdas/", "core/", "client/"], packages: "all" }],
  ["lambdas/", { name: "lambdas", own: ["lambdas/", "core/"], packages: "all" }],
  [
    "lib/",
    {
      name: "lib",
      // the queries of a trace: the constructs save the very texts that the command asks by (decision 49); the policies
      // of an organization, which the command prints for who does not use the constructs; where a resource's metadata is,
      // which an authorizer's challenge names as a guard's does
      own: [
        "lib/",
        "lambdas/env.ts",
        "lambdas/manifest.ts",
        "core/lineage/athena.ts",
        "core/stop/organization.ts",
        "core/text/well-known.ts",
      ],
      packages: [
        "aws-cdk-lib",
        "aws-cdk-lib/",
        "constructs",
        "node:child_process",
        "node:crypto",
        "node:fs",
        "node:path",
        "node:url",
      ],
    },
  ],
  ["bin/app.ts", { name: "bin/app.ts", own: ["lib/"], packages: "all" }],
  // revocation past the functions writes by the functions' own adapter, or it would write something else (decision 56)
  [
    "bin/lanyard/kill/",
    {
      name: "bin/lanyard/kill",
      own: ["bin/lanyard/", "core/", "lambdas/aws/dynamodb/"],
      packages: "all",
    },
  ],
  ["bin/", { name: "bin/lanyard", own: ["bin/lanyard/", "client/", "core/", "lambdas/manifest.ts"], packages: "all" }],
  [
    "client/",
    {
      name: "client",
      // the wire, verification, proofs and their nonces, well-known addresses, and the contracts that these speak
      own: [
        "client/",
        "core/verify/",
        "core/tools/",
        "core/budgets/read-cost.ts",
        "core/text/sts-hosts.ts",
        "core/text/base64url.ts",
        "core/text/digest.ts",
        "core/text/json.ts",
        "core/text/jcs.ts",
        "core/jose/dpop.ts",
        "core/jose/import-key.ts",
        "core/jose/public-jwk.ts",
        "core/jose/verifying-key.ts",
        "core/model/assurance.ts",
        "core/model/normal-url.ts",
        "core/text/well-known.ts",
        "core/model/wire.ts",
        "core/model/ports.ts",
        "core/model/result.ts",
        "core/model/limits.ts",
        "core/model/session.ts",
      ],
      packages: "all",
    },
  ],
  // what goes over the wire, for whoever asks there: conformance as well as the tests
  [
    "test/kit/wire/",
    { name: "test/kit/wire", own: ["test/kit/wire/", "client/index.ts", "core/model/wire.ts"], packages: "all" },
  ],
  // it asks what is so over the wire: of core it knows the names on it, and nothing that decides
  [
    "conformance/",
    {
      name: "conformance",
      own: [
        "conformance/",
        "test/kit/wire/",
        "test/kit/outcome.ts",
        "client/",
        "bin/lanyard/",
        "local/",
        "core/model/wire.ts",
      ],
      packages: "all",
    },
  ],
  // an emulator of AWS knows what the template, its outputs and its bundles tell, and nothing of ours besides
  ["local/emulator/", { name: "local/emulator", own: ["local/emulator/"], packages: "all" }],
  // the demo is a program that uses Lanyard; two contracts of core are its to read
  [
    "local/",
    {
      name: "local",
      own: [
        "local/",
        "client/",
        "bin/lanyard/",
        "core/model/limits.ts",
        "core/model/registry.ts",
        "core/model/agent-registration.ts",
        "core/model/resource-registration.ts",
      ],
      packages: "all",
    },
  ],
];

const open: Wall = { name: "this room", own: "all", packages: "all" };

/** The wall around a file; the first entry that fits counts. */
export function wallOf(file: string): Wall {
  return walls.find(([prefix]) => file.startsWith(prefix))?.[1] ?? open;
}
