import { createHmac } from "node:crypto";
import {
  caller,
  chain,
  claims,
  foreign,
  headerOf,
  nowSeconds,
  planner,
  resource,
  session,
  sessionRsa,
  statusKey,
  token,
} from "./issuer.ts";
import { otherS } from "./keys.ts";
import { body, deepActors, good, head, type Named, parts, raw, signature, text, withSignature } from "./token-parts.ts";

const hmacOf = (alg: string, secret: string) => {
  const input = `${Buffer.from(text({ alg, kid: session.jkt, typ: "at+jwt" })).toString("base64url")}.${body}`;
  return `${input}.${createHmac(`sha${alg.slice(2)}`, secret)
    .update(input)
    .digest("base64url")}`;
};
/** Tokens that are let in. */
export const accepted: readonly Named[] = [
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

/** Headers that choose a key, an algorithm or a kind. */
export const headers: readonly Named[] = [
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
