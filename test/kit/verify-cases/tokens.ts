import type { VerifyCase } from "./case.ts";
import {
  ada,
  asks,
  chain,
  foreign,
  issuer,
  jwksUrl,
  list,
  metadataUrl,
  nowSeconds,
  planner,
  published,
  publishedKeys,
  researcher,
  resource,
  session,
  sessionRsa,
  statusKey,
  token,
} from "./issuer.ts";
import { ecKey } from "./keys.ts";
import { claim, times } from "./token-claims.ts";
import { accepted, headers } from "./token-headers.ts";
import { good, type Named, text } from "./token-parts.ts";
import { shapes } from "./token-shapes.ts";

/** A token that is refused needs no proof: a verifier that took it would ask for one, which is another answer. */
const one = ([title, sent, expect]: Named, id: string): VerifyCase => {
  const bare = { headers: [["authorization", `DPoP ${sent}`]], expect } as const;
  return { id, title, steps: [expect === "accepted" || title.includes("no cnf") ? asks(sent, expect) : bare] };
};

/** Key sets of an issuer, and what becomes of a good token under each. */
const keySets: readonly (readonly [title: string, keys: unknown, expect: string])[] = [
  ["twice the same kid", [...publishedKeys, published(foreign, "at+jwt", { kid: session.jkt })], "keys_unavailable"],
  [
    "no key that says what it signs",
    [{ ...session.jwk, kid: session.jkt, alg: "ES256", use: "sig" }],
    "keys_unavailable",
  ],
  [
    "the session key as status key",
    [published(session, "statuslist+jwt"), published(statusKey, "at+jwt")],
    "token_invalid",
  ],
  [
    "a key of two kinds",
    [published(session, ["at+jwt", "statuslist+jwt"]), published(statusKey, "statuslist+jwt")],
    "token_invalid",
  ],
  ["a kind nobody knows", [published(session, "JWT"), published(statusKey, "statuslist+jwt")], "token_invalid"],
  [
    "a private key",
    [published(session, "at+jwt", { d: session.jwk.x }), published(statusKey, "statuslist+jwt")],
    "token_invalid",
  ],
  ["use enc", [published(session, "at+jwt", { use: "enc" }), published(statusKey, "statuslist+jwt")], "token_invalid"],
  [
    "no use",
    [published(session, "at+jwt", { use: undefined }), published(statusKey, "statuslist+jwt")],
    "token_invalid",
  ],
  [
    "alg ES384",
    [published(session, "at+jwt", { alg: "ES384" }), published(statusKey, "statuslist+jwt")],
    "token_invalid",
  ],
  [
    "key_ops without verify",
    [published(session, "at+jwt", { key_ops: ["sign"] }), published(statusKey, "statuslist+jwt")],
    "token_invalid",
  ],
  [
    "a point off the curve",
    [published(session, "at+jwt", { y: session.jwk.x }), published(statusKey, "statuslist+jwt")],
    "keys_unavailable",
  ],
  [
    "a coordinate with a leading zero too many",
    [
      published(session, "at+jwt", {
        x: Buffer.concat([Buffer.alloc(1), Buffer.from(session.jwk.x ?? "", "base64url")]).toString("base64url"),
      }),
      published(statusKey, "statuslist+jwt"),
    ],
    "token_invalid",
  ],
  ["keys that are no list", { 0: published(session, "at+jwt") }, "keys_unavailable"],
  [
    "more keys than any issuer has",
    Array.from({ length: 101 }, () => published(session, "at+jwt")),
    "keys_unavailable",
  ],
  ["no keys", [], "keys_unavailable"],
  ["a strange key beside the good ones", [null, 1, "x", { kty: "oct", k: "x" }, ...publishedKeys], "accepted"],
];

const metadatas: readonly (readonly [title: string, body: string | null, expect: string])[] = [
  ["another issuer's", text({ issuer: `${issuer}/`, jwks_uri: jwksUrl }), "keys_unavailable"],
  ["keys of another origin", text({ issuer, jwks_uri: "https://evil.example/keys" }), "keys_unavailable"],
  ["keys of another port", text({ issuer, jwks_uri: `${issuer}:8443/keys` }), "keys_unavailable"],
  ["keys at an address that is none", text({ issuer, jwks_uri: "keys" }), "keys_unavailable"],
  ["no address of keys", text({ issuer }), "keys_unavailable"],
  ["a list", "[]", "keys_unavailable"],
  ["no JSON", "{", "keys_unavailable"],
  [
    "a member twice",
    `{"issuer":"x","issuer":${text([issuer]).slice(1, -1)},"jwks_uri":"${jwksUrl}"}`,
    "keys_unavailable",
  ],
  ["larger than any", text({ issuer, jwks_uri: jwksUrl, padding: "x".repeat(70_000) }), "keys_unavailable"],
  ["nowhere", null, "keys_unavailable"],
];

/** Tokens, good and bad, each with a good proof. */
export function tokenCases(): readonly VerifyCase[] {
  const named = { accepted, header: headers, shape: shapes, claim, time: times };
  const short = ecKey("weak");
  return [
    ...Object.entries(named).flatMap(([group, all]) => all.map((each, n) => one(each, `${group}-${n + 1}`))),
    ...keySets.map(([title, keys, expect], n) => ({
      id: `key-set-${n + 1}`,
      title: `a key set with ${title}`,
      documents: { [jwksUrl]: text({ keys }) },
      steps: [asks(good, expect)],
    })),
    ...metadatas.map(([title, document, expect], n) => ({
      id: `metadata-${n + 1}`,
      title: `metadata: ${title}`,
      documents: { [metadataUrl]: document },
      steps: [asks(good, expect)],
    })),
    {
      id: "algorithm-1",
      title: "a resource registered for RS256 refuses ES256 and takes RS256",
      options: { algorithm: "RS256" },
      steps: [asks(good, "token_invalid"), asks(token({}, sessionRsa), "accepted")],
    },
    {
      id: "keys-1",
      title: "a key that is published later is found after the pause, and a withdrawn one is not used for ever",
      steps: [
        asks(token({}, short), "token_invalid"),
        asks(token({}, short), "token_invalid", {
          documents: {
            [jwksUrl]: text({
              keys: [published(short, "at+jwt"), published(statusKey, ["statuslist+jwt", "lanyard-cuts+jwt"])],
            }),
          },
        }),
        asks(token({ iat: nowSeconds, exp: nowSeconds + 900 }, short), "accepted", {
          after: 10,
          twist: { claims: { iat: nowSeconds + 10 } },
        }),
        asks(good, "token_invalid", { twist: { claims: { iat: nowSeconds + 10 } } }),
      ],
    },
    {
      id: "facts-1",
      title: "what a handler is told of a child's token",
      steps: [
        asks(token(chain), "accepted", {
          access: {
            principal: ada,
            kind: "person",
            agent: researcher,
            resource,
            scopes: ["tickets:read", "tickets:write"],
            depth: 1,
            assurance: "fresh",
            sid: "s".repeat(22),
            root: "s".repeat(22),
            tokenId: "token-1",
            senderConstrained: true,
            expiresAtSeconds: nowSeconds + 300,
            history: [planner],
          },
        }),
      ],
    },
    {
      id: "list-uri",
      title: "the list that the cases use",
      steps: [asks(token({ status: { status_list: { idx: 0, uri: list } } }), "accepted")],
    },
  ];
}
