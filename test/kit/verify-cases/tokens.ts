import { createHmac } from "node:crypto";
import type { VerifyCase } from "./case.ts";
import {
  ada,
  asks,
  build,
  caller,
  chain,
  claims,
  foreign,
  headerOf,
  issuer,
  jwksUrl,
  list,
  login,
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
import { type CaseKey, ecKey, jws, otherS } from "./keys.ts";

type Named = readonly [title: string, token: string, expect: string];

const parts = (text: string) => text.split(".") as [string, string, string];
const good = token();
const [head, body, tail] = parts(good);
const signature = Buffer.from(tail, "base64url");
const withSignature = (bytes: Uint8Array): string => `${head}.${body}.${Buffer.from(bytes).toString("base64url")}`;
const flipped = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
};
const without = (name: string): object => claims({ [name]: undefined });
const raw = (header: object | string, payload: object | string, key: CaseKey = session) => jws(key, header, payload);
const text = (value: object): string => JSON.stringify(value);
const hmacOf = (alg: string, secret: string) => {
  const input = `${Buffer.from(text({ alg, kid: session.jkt, typ: "at+jwt" })).toString("base64url")}.${body}`;
  return `${input}.${createHmac(`sha${alg.slice(2)}`, secret)
    .update(input)
    .digest("base64url")}`;
};

const accepted: readonly Named[] = [
  ["a person's token of one agent", good, "accepted"],
  ["an agent's own work", token({ sub: planner, act: undefined }), "accepted"],
  ["a child's token, two agents long", token(chain), "accepted"],
  ["a token signed by RS256", token({}, sessionRsa), "accepted"],
  ["one audience as a list", token({ aud: [resource] }), "accepted"],
  ["no scope", token({ scope: undefined }), "accepted"],
  ["an empty scope", token({ scope: "" }), "accepted"],
  [
    "a pair of issuer and subject",
    token({ sub_id: { format: "iss_sub", iss: "https://idp.example", sub: "ada" } }),
    "accepted",
  ],
  ["typ as a media type", token({}, session, { typ: "application/at+jwt" }), "accepted"],
  ["typ in capitals", token({}, session, { typ: "AT+JWT" }), "accepted"],
  ["claims and headers nobody knows", token({ unknown: [null, { deep: true }] }, session, { unknown: 1 }), "accepted"],
  ["a signature whose s is turned about the order", withSignature(otherS(signature)), "accepted"],
  ["iat ten seconds ahead", token({ iat: nowSeconds + 10 }), "accepted"],
  ["nbf ten seconds ahead", token({ nbf: nowSeconds + 10 }), "accepted"],
  ["nbf null", token({ nbf: null }), "accepted"],
  ["one second of life left", token({ exp: nowSeconds + 1 }), "accepted"],
  ["a fraction of a second", token({ iat: nowSeconds - 0.5, exp: nowSeconds + 0.5 }), "accepted"],
  [
    "whole numbers written as fractions",
    raw(headerOf(session), text(claims()).replace('"depth":0', '"depth":0.0')),
    "accepted",
  ],
  ["the longest chain", token({ act: deepActors(64), client_id: "spiffe://a/64", depth: 64 }), "accepted"],
];

function deepActors(depth: number): object {
  let act: object = { sub: "spiffe://a/0" };
  for (let n = 1; n <= depth; n++) act = { sub: `spiffe://a/${n}`, act };
  return act;
}

const headers: readonly Named[] = [
  ...(
    ["none", "None", "", "HS256", "ES384", "ES512", "PS256", "RS512", "EdDSA", "es256", null, 1, ["ES256"]] as const
  ).map((alg): Named => [`alg ${text([alg])}`, token({}, session, { alg }), "token_invalid"]),
  ["alg RS256 with a key of ES256", token({}, session, { alg: "RS256" }), "token_invalid"],
  ["alg ES256 with a key of RS256", token({}, sessionRsa, { alg: "ES256" }), "token_invalid"],
  [
    "no signature and alg none",
    `${parts(token({}, session, { alg: "none" }))
      .slice(0, 2)
      .join(".")}.`,
    "token_invalid",
  ],
  ["no signature", `${head}.${body}.`, "token_invalid"],
  ...[
    "JWT",
    "",
    "lanyard-session+jwt",
    "statuslist+jwt",
    "lanyard-cuts+jwt",
    "dpop+jwt",
    "at+jwt ",
    "at%2Bjwt",
    "application/",
    "text/at+jwt",
    "jwt",
  ].map((typ): Named => [`typ ${text([typ])}`, token({}, session, { typ }), "token_invalid"]),
  ...[undefined, null, 1, ["at+jwt"]].map(
    (typ): Named => [`typ ${text([typ])} that is no text`, token({}, session, { typ }), "token_invalid"],
  ),
  ...[undefined, null, 1, "", "x".repeat(257), "unknown", [session.jkt], ` ${session.jkt}`].map(
    (kid): Named => [`kid ${text([kid]).slice(0, 40)}`, token({}, session, { kid }), "token_invalid"],
  ),
  ["the status key's kid and signature", token({}, statusKey), "token_invalid"],
  ["the session key's kid, the status key's signature", token({}, statusKey, { kid: session.jkt }), "token_invalid"],
  ["the session key's kid, a stranger's signature", token({}, foreign, { kid: session.jkt }), "token_invalid"],
  ["a stranger's kid and signature", token({}, foreign), "token_invalid"],
  ["the caller's own key as signer", token({}, caller), "token_invalid"],
  ...(
    [
      ["jwk", foreign.jwk],
      ["jku", "https://evil.example/keys"],
      ["x5c", ["MIIB"]],
      ["x5u", "https://evil.example"],
      ["crit", ["b64"]],
      ["crit", []],
      ["b64", false],
      ["b64", true],
      ["zip", "DEF"],
      ["enc", "A256GCM"],
      ["cty", "JWT"],
      ["jwk", null],
    ] as const
  ).map(
    ([name, value]): Named => [
      `header ${name}: ${text([value]).slice(0, 40)}`,
      token({}, session, { [name]: value }),
      "token_invalid",
    ],
  ),
  ["a stranger's key in the header, and its signature", token({}, foreign, { jwk: foreign.jwk }), "token_invalid"],
  ...["HS256", "HS384", "HS512"].map(
    (alg): Named => [`${alg} with the public key as secret`, hmacOf(alg, text(session.jwk)), "token_invalid"],
  ),
];

const shapes: readonly Named[] = [
  ["two segments", `${head}.${body}`, "token_invalid"],
  ["four segments", `${good}.`, "token_invalid"],
  ["five segments", `${head}.${body}.${tail}.${tail}.${tail}`, "token_invalid"],
  ["an empty header", `.${body}.${tail}`, "token_invalid"],
  ["an empty payload", `${head}..${tail}`, "token_invalid"],
  ["a word", "token", "token_invalid"],
  ["padding", `${good}==`, "token_invalid"],
  [
    "plain base64 in the signature",
    `${head}.${body}.${signature.toString("base64").replaceAll("=", "")}+/`,
    "token_invalid",
  ],
  ["unused bits set in the signature", `${head}.${body}.${unusedBits(tail)}`, "token_invalid"],
  ...[0, 16, 31, 32, 48, 63].map(
    (at): Named => [
      `a bit of the signature's byte ${at} turned`,
      withSignature(flipped(signature, at)),
      "token_invalid",
    ],
  ),
  ...[0, 20, 40].map((at): Named => {
    const changed = flipped(Buffer.from(body, "base64url"), at);
    return [
      `a bit of the payload's byte ${at} turned`,
      `${head}.${changed.toString("base64url")}.${tail}`,
      "token_invalid",
    ];
  }),
  ["a signature a byte short", withSignature(signature.subarray(0, 63)), "token_invalid"],
  ["a signature a byte long", withSignature(Buffer.concat([signature, Buffer.alloc(1)])), "token_invalid"],
  ["a signature of zeros", withSignature(Buffer.alloc(64)), "token_invalid"],
  ["r of zero", withSignature(Buffer.concat([Buffer.alloc(32), signature.subarray(32)])), "token_invalid"],
  ["s of zero", withSignature(Buffer.concat([signature.subarray(0, 32), Buffer.alloc(32)])), "token_invalid"],
  ["a signature in DER", withSignature(derOf(signature)), "token_invalid"],
  ["another token's signature", `${head}.${body}.${parts(token({ jti: "token-2" }))[2]}`, "token_invalid"],
  ["another token's payload", `${head}.${parts(token({ scope: "tickets:admin" }))[1]}.${tail}`, "token_invalid"],
  ["an RS256 signature a byte short", shortened(token({}, sessionRsa)), "token_invalid"],
  ["claims that are a list", raw(headerOf(session), "[]"), "token_invalid"],
  ["claims that are null", raw(headerOf(session), "null"), "token_invalid"],
  ["claims that are no JSON", raw(headerOf(session), "{"), "token_invalid"],
  ["a header that is a list", raw("[]", claims()), "token_invalid"],
  ["a claim named twice", raw(headerOf(session), text(claims()).replace("{", `{"sub":"p_x",`)), "token_invalid"],
  [
    "a claim named twice by an escape",
    raw(headerOf(session), text(claims()).replace("{", `{"s\\u0075b":"p_x",`)),
    "token_invalid",
  ],
  [
    "a member deep inside named twice",
    raw(headerOf(session), text(claims()).replace(`{"jkt":`, `{"jkt":"x","jkt":`)),
    "token_invalid",
  ],
  ["alg named twice", raw(text(headerOf(session)).replace("{", `{"alg":"none",`), claims()), "token_invalid"],
  ["NaN", raw(headerOf(session), text(claims()).replace('"depth":0', '"depth":NaN')), "token_invalid"],
  ["Infinity", raw(headerOf(session), text(claims()).replace('"depth":0', '"depth":Infinity')), "token_invalid"],
  ["a comment", raw(headerOf(session), `${text(claims())}//`), "token_invalid"],
  ["single quotes", raw(headerOf(session), text(claims()).replaceAll('"', "'")), "token_invalid"],
  ["a byte order mark", raw(headerOf(session), `\ufeff${text(claims())}`), "token_invalid"],
  ["a raw control character", raw(headerOf(session), text(claims()).replace("token-1", "token\n1")), "token_invalid"],
  ["claims nested too deep", raw(headerOf(session), claims({ deep: nested(73) })), "token_invalid"],
  ["claims nested as deep as may be", raw(headerOf(session), claims({ deep: nested(70) })), "accepted"],
  ["a header nested too deep", raw(headerOf(session, { deep: nested(17) }), claims()), "token_invalid"],
  ["a token too long", token({ padding: "x".repeat(13_000) }), "token_invalid"],
];

function unusedBits(encoded: string): string {
  // 64 bytes leave four bits of the last character unused
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = alphabet.indexOf(encoded.slice(-1));
  return encoded.slice(0, -1) + alphabet[last | 1];
}
function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let n = 0; n < depth; n++) value = [value];
  return value;
}
function derOf(rs: Buffer): Buffer {
  const whole = (part: Buffer) => Buffer.concat([Buffer.from([2, 33, 0]), part]);
  const inner = Buffer.concat([whole(rs.subarray(0, 32)), whole(rs.subarray(32))]);
  return Buffer.concat([Buffer.from([0x30, inner.length]), inner]);
}
function shortened(rsa: string): string {
  const [h, b, s] = parts(rsa);
  return `${h}.${b}.${Buffer.from(s, "base64url").subarray(1).toString("base64url")}`;
}

const invalidClaim = (name: string, ...values: readonly unknown[]): readonly Named[] =>
  values.map((value) => [`${name} ${text([value]).slice(0, 60)}`, token({ [name]: value }), "claims_invalid"] as const);
const claim: readonly Named[] = [
  ...["sub", "client_id", "exp", "iat", "jti"].map(
    (name): Named => [`no ${name}`, raw(headerOf(session), without(name)), "token_invalid"],
  ),
  ...["sub", "client_id", "exp", "iat", "jti"].map(
    (name): Named => [`${name} null`, token({ [name]: null }), "token_invalid"],
  ),
  ...[undefined, null, `${issuer}/`, issuer.toUpperCase(), "https://evil.example", [issuer], `${issuer} `].map(
    (iss): Named => [`iss ${text([iss])}`, token({ iss }), "token_invalid"],
  ),
  ...[
    undefined,
    null,
    "",
    [],
    [resource, "https://other.example"],
    `${resource}/`,
    "https://other.example",
    "https://TICKETS.example",
    [[resource]],
    { 0: resource },
    "*",
  ].map((aud): Named => [`aud ${text([aud])}`, token({ aud }), "token_invalid"]),
  ...[1, "", "ada\n", "ad\u00e0", "x".repeat(1025), "__proto__", ["ada"]].map(
    (sub): Named => [`sub ${text([sub]).slice(0, 40)}`, token({ sub }), "token_invalid"],
  ),
  ...invalidClaim("sub", "a b", "x".repeat(257)),
  ...[1, "", "x".repeat(257), ["j"]].map(
    (jti): Named => [`jti ${text([jti]).slice(0, 40)}`, token({ jti }), "token_invalid"],
  ),
  ...invalidClaim("jti", "a b", "j\u00e9", "\ud800"),
  ...invalidClaim("client_id", 1, "", "a b", "x".repeat(201), ["x"]),
  ...invalidClaim("sid", undefined, null, "", 1, "a b", "x".repeat(65)),
  ...invalidClaim("root", undefined, null, "", 1, "a b", "x".repeat(65)),
  ...invalidClaim("depth", undefined, null, -1, 0.5, 65, "0", true, 2 ** 53),
  ...invalidClaim("assurance", undefined, null, "", "strong", 3, "Fresh"),
  ...invalidClaim("scope", null, 1, ["tickets:read"], {}),
  ...invalidClaim(
    "authorization_details",
    {},
    "x",
    [1],
    [null],
    [{}],
    [{ type: 1 }],
    [{ type: "" }],
    [{ type: "a b" }],
    [[]],
  ),
  ...invalidClaim("cnf", null, {}, { jkt: 1 }, { jkt: "" }, { jkt: "x".repeat(44) }, "x", [caller.jkt], {
    kid: caller.jkt,
  }),
  ["no cnf, with the DPoP scheme", token({ cnf: undefined }), "claims_invalid"],
  ...invalidClaim(
    "act",
    undefined,
    null,
    {},
    [],
    "x",
    { sub: researcher },
    { sub: 1 },
    { sub: planner, act: null },
    { sub: planner, act: { sub: 1 } },
    { sub: planner, act: [] },
  ),
  [
    "an agent's own work with another agent as actor",
    token({ sub: planner, act: { sub: researcher } }),
    "claims_invalid",
  ],
  ["a chain longer than any", token({ act: deepActors(66), client_id: "spiffe://a/66", depth: 64 }), "claims_invalid"],
  ...invalidClaim(
    "sub_id",
    null,
    1,
    {},
    { format: "opaque", id: "x" },
    { format: "iss_sub", iss: "x" },
    { format: "iss_sub", iss: 1, sub: 2 },
  ),
  ...invalidClaim(
    "status",
    undefined,
    null,
    {},
    [],
    { status_list: null },
    { status_list: {} },
    { status_list: { uri: 1 } },
    { status_list: { idx: 7, uri: "" } },
  ),
  ...invalidClaim("epochs", null, {}, [], [0, 0], [0, 0, 0, 0], [0, 0, -1], [0, 0, 0.5], [0, 0, "0"], [0, 0, null]),
  ...invalidClaim("builds", null, {}, "x", [[build, 0]], [[build]], [[build, -1]], [["short", 0]], [[build, 0, 0]]),
  ["a login beside epochs for none", token({ ...chain, login: undefined }), "claims_invalid"],
  ["three logins", token({ ...chain, login: [login, login, login], epochs: [0, 0, 0, 0, 0, 0, 0] }), "claims_invalid"],
  ["a login that is no name", token({ ...chain, login: ["x"] }), "claims_invalid"],
  ["an epoch too many", token({ ...chain, epochs: [0, 0, 0, 0, 0, 0] }), "claims_invalid"],
];

const times: readonly Named[] = [
  ["exp at this second", token({ exp: nowSeconds }), "token_expired"],
  ["exp long past", token({ iat: nowSeconds - 900, exp: nowSeconds - 600 }), "token_expired"],
  ["exp of zero", token({ exp: 0 }), "token_expired"],
  ["iat eleven seconds ahead", token({ iat: nowSeconds + 11 }), "token_invalid"],
  ["nbf eleven seconds ahead", token({ nbf: nowSeconds + 11 }), "token_invalid"],
  ["exp before iat", token({ iat: nowSeconds + 9, exp: nowSeconds + 5 }), "token_invalid"],
  ["exp at nbf", token({ nbf: nowSeconds + 5, exp: nowSeconds + 5 }), "token_invalid"],
  ["exp in milliseconds", token({ exp: nowSeconds * 1000 }), "token_invalid"],
  [
    "exp that is infinite",
    raw(headerOf(session), text(claims()).replace(`"exp":${nowSeconds + 300}`, '"exp":1e400')),
    "token_invalid",
  ],
  [
    "exp of a thousand digits",
    raw(headerOf(session), text(claims()).replace(`"exp":${nowSeconds + 300}`, `"exp":${"9".repeat(5_000)}`)),
    "token_invalid",
  ],
  ["exp as a text", token({ exp: String(nowSeconds + 300) }), "token_invalid"],
  ["exp that is true", token({ exp: true }), "token_invalid"],
  ["iat as a text", token({ iat: String(nowSeconds) }), "token_invalid"],
  ["iat below zero", token({ iat: -1 }), "token_invalid"],
  ["nbf as a text", token({ nbf: "now" }), "token_invalid"],
];

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
