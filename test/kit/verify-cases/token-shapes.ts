import { claims, headerOf, session, sessionRsa, token } from "./issuer.ts";
import {
  body,
  flipped,
  good,
  head,
  type Named,
  nested,
  parts,
  raw,
  signature,
  tail,
  text,
  withSignature,
} from "./token-parts.ts";

/** Texts that are no JWS, or not one of ours. */
export const shapes: readonly Named[] = [
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
function derOf(rs: Buffer): Buffer {
  const whole = (part: Buffer) => Buffer.concat([Buffer.from([2, 33, 0]), part]);
  const inner = Buffer.concat([whole(rs.subarray(0, 32)), whole(rs.subarray(32))]);
  return Buffer.concat([Buffer.from([0x30, inner.length]), inner]);
}
function shortened(rsa: string): string {
  const [h, b, s] = parts(rsa);
  return `${h}.${b}.${Buffer.from(s, "base64url").subarray(1).toString("base64url")}`;
}
