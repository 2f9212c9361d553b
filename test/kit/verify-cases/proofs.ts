import type { CaseStep, VerifyCase } from "./case.ts";
import {
  asks,
  caller,
  nowSeconds,
  other,
  type ProofTwist,
  proof,
  requestUrl,
  resource,
  sha256,
  token,
} from "./issuer.ts";
import { type CaseKey, ecKey, edKey, jws, otherS, pssKey, rsaKey } from "./keys.ts";

const good = token();
const rsa = rsaKey("caller rsa");
const pss = pssKey("caller pss");

/** A token bound to another kind of key, and a proof by it. */
const bound = (key: CaseKey, expect = "accepted", twist: ProofTwist = {}): CaseStep =>
  asks(token({ cnf: { jkt: key.jkt } }), expect, { twist: { key, ...twist } });

const keys: readonly (readonly [title: string, step: CaseStep])[] = [
  ["ES256", asks(good, "accepted")],
  ["ES384", bound(ecKey("caller 384", "ES384"))],
  ["Ed25519", bound(edKey("caller ed"))],
  ["EdDSA", bound(edKey("caller ed", "EdDSA"))],
  ["RS256", bound(rsa)],
  ["PS256", bound(pss)],
  ["PS256 with a salt of twenty bytes", bound(pssKey("caller pss", 20), "proof_invalid")],
  ["PS256 without a salt", bound(pssKey("caller pss", 0), "proof_invalid")],
  ["RS256 by a key of 1,024 bits", bound(rsaKey("short rsa", 1024), "proof_invalid")],
  ["RS256 said to be PS256", bound(rsa, "proof_invalid", { header: { alg: "PS256" } })],
  ["PS256 said to be RS256", bound(pss, "proof_invalid", { header: { alg: "RS256" } })],
  ["RS256 with exponent 1", bound(rsa, "proof_invalid", { header: { jwk: { ...rsa.jwk, e: "AQ" } } })],
  ["RS256 with exponent 3", bound(rsa, "proof_invalid", { header: { jwk: { ...rsa.jwk, e: "Aw" } } })],
  [
    "RS256 with an even modulus",
    bound(rsa, "proof_invalid", { header: { jwk: { ...rsa.jwk, n: `${rsa.jwk.n?.slice(0, -1)}A` } } }),
  ],
  ["another caller's key", asks(good, "proof_key_mismatch", { twist: { key: other } })],
  ["the token's key, another's signature", asks(good, "proof_invalid", { twist: { signedBy: other } })],
];

const { x = "", y = "" } = caller.jwk;
const headers: readonly (readonly [title: string, header: object])[] = [
  ...["JWT", "dpop", "application/dpop+jwt", "DPOP+JWT", "", null, undefined, 1].map(
    (typ) => [`typ ${JSON.stringify([typ])}`, { typ }] as const,
  ),
  ...["none", "HS256", "es256", "RS256", "ES512", "ES256K", "", null, undefined, ["ES256"]].map(
    (alg) => [`alg ${JSON.stringify([alg])}`, { alg }] as const,
  ),
  ["no key", { jwk: undefined }],
  ["a key that is null", { jwk: null }],
  ["a key that is a text", { jwk: JSON.stringify(caller.jwk) }],
  ["a key that is a list", { jwk: [caller.jwk] }],
  ["a private key", { jwk: { ...caller.jwk, d: x } }],
  ["a symmetric key", { jwk: { kty: "oct", k: x } }],
  ["kty of lower case", { jwk: { ...caller.jwk, kty: "ec" } }],
  ["another curve's name", { jwk: { ...caller.jwk, crv: "P-384" } }],
  ["no y", { jwk: { ...caller.jwk, y: undefined } }],
  ["y that is x", { jwk: { ...caller.jwk, y: x } }],
  ["x and y exchanged", { jwk: { ...caller.jwk, x: y, y: x } }],
  ["x with padding", { jwk: { ...caller.jwk, x: `${x}=` } }],
  ["x shortened", { jwk: { ...caller.jwk, x: x.slice(0, 40) } }],
  ["a point of zeros", { jwk: { ...caller.jwk, x: "A".repeat(43), y: "A".repeat(43) } }],
  ["alg of the key another", { jwk: { ...caller.jwk, alg: "ES384" } }],
  ["use enc", { jwk: { ...caller.jwk, use: "enc" } }],
  ["use null", { jwk: { ...caller.jwk, use: null } }],
  ["key_ops sign", { jwk: { ...caller.jwk, key_ops: ["sign"] } }],
  ["crit", { crit: ["b64"] }],
  ["crit null", { crit: null }],
  ["b64", { b64: false }],
];
const fineHeaders: readonly (readonly [title: string, header: object])[] = [
  ["a kid that nobody reads", { kid: "x" }],
  ["a key with use, alg and key_ops", { jwk: { ...caller.jwk, use: "sig", alg: "ES256", key_ops: ["verify"] } }],
  ["a key with a member that is not its own", { jwk: { ...caller.jwk, kid: "x", note: "y" } }],
];

const claims: readonly (readonly [title: string, claims: object])[] = [
  ...[undefined, null, "", 1, "x".repeat(257), ["x"]].map(
    (jti) => [`jti ${JSON.stringify([jti]).slice(0, 40)}`, { jti }] as const,
  ),
  ...[undefined, null, "GET", "post", "POST ", ["POST"]].map(
    (htm) => [`htm ${JSON.stringify([htm])}`, { htm }] as const,
  ),
  ...[
    ...[undefined, null, 1, "", "/things", "things", `${resource}/thing`, `${resource}/things/`, `${resource}/Things`],
    ...[`${resource}:8443/things`, "http://tickets.example/things", "https://tickets.example.evil.example/things"],
    ...[
      "https://evil.example/things",
      "https://ada@tickets.example/things",
      "https://tickets.example\\@evil.example/things",
    ],
    ...[
      `${resource}//things`,
      `${resource}/things%2F`,
      `${resource}/%2e%2e/things/x/../y`,
      `${resource}/thi ngs`,
      ` ${requestUrl}`,
    ],
    ...[
      `${requestUrl}\n`,
      `${resource}/thing%73%`,
      "https:tickets.example/things",
      "https:///tickets.example/things",
      "ftp://tickets.example/things",
    ],
    ...["https://tickets.example%2f.evil.example/things", "https://tickets.ex\u00e4mple/things", [requestUrl]],
  ].map((htu) => [`htu ${JSON.stringify([htu])}`, { htu }] as const),
  ...[undefined, null, "now", nowSeconds - 61, nowSeconds + 61, -1, true, nowSeconds * 1000].map(
    (iat) => [`iat ${JSON.stringify([iat])}`, { iat }] as const,
  ),
  ...[null, "never", nowSeconds, 0, true].map((exp) => [`exp ${JSON.stringify([exp])}`, { exp }] as const),
  ...[null, "now", nowSeconds + 61].map((nbf) => [`nbf ${JSON.stringify([nbf])}`, { nbf }] as const),
  ...[undefined, null, "", 1, sha256("another token"), `${sha256(good)}=`, sha256(good).toLowerCase()].map(
    (ath) => [`ath ${JSON.stringify([ath])}`, { ath }] as const,
  ),
];
const fineClaims: readonly (readonly [title: string, claims: object])[] = [
  ...[
    ...[
      `${requestUrl}?another=query`,
      `${requestUrl}#part`,
      "HTTPS://TICKETS.EXAMPLE/things",
      `${resource}:443/things`,
    ],
    ...[
      `${resource}/%74hings`,
      `${resource}/thing%73`,
      `${resource}/a/../things`,
      `${resource}/./things`,
      `${resource}/%2e/things`,
    ],
  ].map((htu) => [`htu ${htu}`, { htu }] as const),
  ["iat sixty seconds ago", { iat: nowSeconds - 60 }],
  ["iat sixty seconds ahead", { iat: nowSeconds + 60 }],
  ["iat with a fraction", { iat: nowSeconds - 59.5 }],
  ["exp ahead", { exp: nowSeconds + 1 }],
  ["nbf now", { nbf: nowSeconds }],
  ["a nonce that nobody asked for", { nonce: "x" }],
  ["claims that nobody knows", { extra: { deep: [1] } }],
];

const parts = (text: string) => text.split(".") as [string, string, string];
const raw = (text: string, expect: string): CaseStep => ({
  headers: [
    ["authorization", `DPoP ${good}`],
    ["dpop", text],
  ],
  expect,
});

function shapes(): readonly (readonly [title: string, step: CaseStep])[] {
  const [head, body, tail] = parts(proof(good));
  const signature = Buffer.from(tail, "base64url");
  const encoded = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
  const header = { typ: "dpop+jwt", alg: "ES256", jwk: caller.jwk };
  const says = { jti: "shape", htm: "POST", htu: requestUrl, iat: nowSeconds, ath: sha256(good) };
  const twice = JSON.stringify(says).replace("{", '{"htm":"GET",');
  return [
    ["no proof", { headers: [["authorization", `DPoP ${good}`]], expect: "proof_missing" }],
    [
      "two proofs",
      {
        headers: [
          ["authorization", `DPoP ${good}`],
          ["dpop", proof(good)],
          ["dpop", proof(good)],
        ],
        expect: "proof_invalid",
      },
    ],
    ["two proofs in one header", raw(`${proof(good)}, ${proof(good)}`, "proof_invalid")],
    ["an empty proof", raw("", "proof_invalid")],
    ["a word", raw("proof", "proof_invalid")],
    ["the token as its own proof", raw(good, "proof_invalid")],
    ["no signature", raw(`${head}.${body}.`, "proof_invalid")],
    ["a signature a byte short", raw(`${head}.${body}.${encoded(signature.subarray(1))}`, "proof_invalid")],
    ["a signature of zeros", raw(`${head}.${body}.${encoded(Buffer.alloc(64))}`, "proof_invalid")],
    ["s turned about the order", raw(`${head}.${body}.${encoded(otherS(signature))}`, "accepted")],
    ["padding", raw(`${head}.${body}.${tail}==`, "proof_invalid")],
    ["a member named twice", raw(jws(caller, header, twice), "proof_invalid")],
    [
      "a header nested too deep",
      raw(
        jws(caller, { ...header, deep: Array.from({ length: 20 }).reduce<unknown>((d) => [d], 1) }, says),
        "proof_invalid",
      ),
    ],
    ["a proof too long", raw(jws(caller, header, { ...says, padding: "x".repeat(4_000) }), "proof_invalid")],
    ["claims that are a list", raw(jws(caller, header, "[]"), "proof_invalid")],
  ];
}

/** Two requests of one verifier that differ only in time: the second's proof was used before, or was not. */
function replays(): readonly VerifyCase[] {
  const step = asks(good, "accepted", { twist: { claims: { iat: nowSeconds + 60 } } });
  const again = { ...step, expect: "proof_replayed" };
  const jti = { jti: "one and the same" };
  return [
    { id: "replay-1", title: "a proof works once", steps: [step, again, again] },
    { id: "replay-2", title: "to its last second a used proof is known", steps: [step, { ...again, after: 119 }] },
    {
      id: "replay-3",
      title: "a jti is one key's own",
      steps: [
        asks(good, "accepted", { twist: { claims: jti } }),
        asks(token({ cnf: { jkt: other.jkt } }), "accepted", { twist: { key: other, claims: jti } }),
      ],
    },
    {
      id: "replay-4",
      title: "a jti used for another token is used",
      steps: [
        asks(good, "accepted", { twist: { claims: jti } }),
        asks(token({ jti: "token-2" }), "proof_replayed", { twist: { claims: jti } }),
      ],
    },
    {
      id: "replay-5",
      title: "a proof that was refused for its key can be used by its own",
      steps: [
        { ...asks(token({ cnf: { jkt: other.jkt } }), "proof_key_mismatch", { twist: { claims: jti } }) },
        asks(good, "accepted", { twist: { claims: jti } }),
      ],
    },
  ];
}

/** Proofs, good and bad, each with a good token. */
export function proofCases(): readonly VerifyCase[] {
  const one = (id: string, title: string, step: CaseStep): VerifyCase => ({ id, title, steps: [step] });
  return [
    ...keys.map(([title, step], n) => one(`proof-key-${n + 1}`, `a proof by ${title}`, step)),
    ...headers.map(([title, header], n) =>
      one(`proof-header-${n + 1}`, title, asks(good, "proof_invalid", { twist: { header } })),
    ),
    ...fineHeaders.map(([title, header], n) =>
      one(`proof-fine-header-${n + 1}`, title, asks(good, "accepted", { twist: { header } })),
    ),
    ...claims.map(([title, more], n) =>
      one(`proof-claim-${n + 1}`, title, asks(good, "proof_invalid", { twist: { claims: more } })),
    ),
    ...fineClaims.map(([title, more], n) =>
      one(`proof-fine-claim-${n + 1}`, title, asks(good, "accepted", { twist: { claims: more } })),
    ),
    ...shapes().map(([title, step], n) => one(`proof-shape-${n + 1}`, title, step)),
    ...replays(),
  ];
}
