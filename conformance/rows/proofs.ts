import type { WireTwist } from "../../test/kit/wire/client.ts";
import { assertion, exchange, formBody, formOf, formType } from "../../test/kit/wire/forms.ts";
import { header, send } from "../../test/kit/wire/http.ts";
import { claimsOf, dpopProof, testKey, withHeader } from "../../test/kit/wire/key.ts";
import { Unsupported } from "../departure.ts";
import { granted, must, refused, same } from "../expect.ts";
import { introspected, ownWork, sharedAccess, sharedSession, wanting } from "../flows.ts";
import { type Row, rowsOf } from "../row.ts";
import type { Target } from "../target.ts";

const asked = async (target: Target, twist: WireTwist) =>
  target.ask("token", await target.actor("worker"), ownWork(target.need("own")), twist);

/** Each is one check of RFC 9449 4.3, at the token endpoint. */
const twisted: readonly (readonly [text: string, twist: WireTwist])[] = [
  ["typ dpop+jwt", { header: { typ: "JWT" } }],
  ["htm that is the request's method", { claims: { htm: "GET" } }],
  ["htu that is the request's address", { claims: { htu: "https://attacker.example/" } }],
  ["htm at all", { claims: { htm: undefined } }],
  ["htu at all", { claims: { htu: undefined } }],
  ["iat at all", { claims: { iat: undefined } }],
  ["jti at all", { claims: { jti: undefined } }],
  ["an iat near now, not two minutes ago", { shiftSeconds: -121 }],
  ["an iat near now, not in two minutes", { shiftSeconds: 121 }],
];

/** What RFC 9449 demands of the issuer. */
export const proofRows: readonly Row[] = rowsOf("RFC 9449", [
  ...twisted.map(([text, twist]) => ({
    section: "4.3",
    level: "MUST" as const,
    text: `A proof needs ${text}`,
    run: async (target: Target) => refused(await asked(target, twist), 400, "invalid_dpop_proof"),
  })),
  {
    section: "4.3",
    level: "MUST",
    text: "A request carries one proof at most: two are refused",
    async run(target) {
      const [url, { key }] = [await target.endpoint("token"), await target.actor("worker")];
      const one = () => target.wire.proof(key, { url });
      refused(await asked(target, { instead: [one(), one()] }), 400, "invalid_dpop_proof");
    },
  },
  {
    section: "4.3",
    level: "MUST",
    text: "A proof is one well-formed JWT",
    async run(target) {
      for (const bad of ["x", "a.b.c", "{}"])
        refused(await asked(target, { instead: [bad] }), 400, "invalid_dpop_proof");
    },
  },
  {
    section: "4.3",
    level: "MUST",
    text: "A proof's alg is asymmetric: none and HMAC are refused",
    async run(target) {
      const [url, { key }] = [await target.endpoint("token"), await target.actor("worker")];
      const good = target.wire.proof(key, { url });
      for (const alg of ["none", "HS256"])
        refused(
          await asked(target, { instead: [withHeader(good, { typ: "dpop+jwt", alg, jwk: key.jwk })] }),
          400,
          "invalid_dpop_proof",
        );
    },
  },
  {
    section: "4.3",
    level: "MUST",
    text: "A proof's signature is by the key in it",
    async run(target) {
      refused(await asked(target, { signedBy: await testKey() }), 400, "invalid_dpop_proof");
    },
  },
  {
    section: "4.3",
    level: "MUST",
    text: "A proof's jwk holds no private key",
    async run(target) {
      const { key } = await target.actor("worker");
      const jwk = { ...key.jwk, d: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
      refused(await asked(target, { header: { jwk } }), 400, "invalid_dpop_proof");
    },
  },
  {
    section: "4.3",
    level: "MUST",
    text: "The request's query does not count where htu is compared",
    async run(target) {
      const [url, worker] = [await target.endpoint("token"), await target.actor("worker")];
      const form = formBody([...assertion(worker), ...ownWork(target.need("own"))]);
      const twist = { claims: { htu: url } };
      granted(await target.wire.post(`${url}?x=1`, form, { key: worker.key, twist }));
    },
  },
  {
    section: "4.3",
    level: "MUST",
    text: "Query and fragment of htu itself do not count either",
    async run(target) {
      const url = await target.endpoint("token");
      for (const more of ["?x=1", "#x", "?x=1#y"]) granted(await asked(target, { claims: { htu: `${url}${more}` } }));
    },
  },
  {
    section: "4.3",
    level: "SHOULD",
    text: "htu is compared after the normalization of RFC 3986 6.2.2 and 6.2.3",
    async run(target) {
      const { protocol, host } = new URL(await target.endpoint("token"));
      const scheme = protocol.toUpperCase();
      for (const htu of [`${scheme}//${host}`, `${scheme}//${host.toUpperCase()}/`, `${protocol}//${host}/a/%2e%2E/`])
        granted(await asked(target, { claims: { htu } }));
      refused(await asked(target, { claims: { htu: `${protocol}//${host}/%2F` } }), 400, "invalid_dpop_proof");
    },
  },
  {
    section: "5",
    level: "MUST",
    text: "A proof that is not valid, or missing, is invalid_dpop_proof",
    async run(target) {
      const [url, worker] = [await target.endpoint("token"), await target.actor("worker")];
      const body = formOf([...assertion(worker), ...ownWork(target.need("own"))]);
      refused(await send("POST", url, { "Content-Type": formType }, body), 400, "invalid_dpop_proof");
    },
  },
  {
    section: "5",
    level: "MUST",
    text: "A bound access token is answered with token_type DPoP",
    async run(target) {
      same(granted(await asked(target, {})).token_type, "DPoP", "token_type");
    },
  },
  {
    section: "6.1",
    level: "MUST",
    text: "The access token names the proof's key as cnf.jkt",
    async run(target) {
      same(claimsOf(await sharedAccess(target)).cnf, { jkt: (await target.actor("worker")).key.jkt }, "cnf");
    },
  },
  {
    section: "6.2",
    level: "MUST",
    text: "Introspection tells cnf.jkt and token_type DPoP",
    async run(target) {
      const said = await introspected(target, await sharedAccess(target));
      same([said.cnf, said.token_type], [{ jkt: (await target.actor("worker")).key.jkt }, "DPoP"], "the answer");
    },
  },
  {
    section: "5",
    level: "MUST",
    text: "A token of one key is of no use with another: a subject token by a stranger's proof is refused",
    async run(target) {
      const worker = await target.actor("worker");
      const form = [...exchange("session", await sharedSession(target)), ...wanting(target.need("own"))];
      refused(await target.ask("token", { ...worker, key: await testKey() }, form), 400, "invalid_dpop_proof");
    },
  },
  {
    section: "11.1",
    level: "SHOULD",
    text: "A proof is used once: sent again it is refused",
    async run(target) {
      const [url, worker] = [await target.endpoint("token"), await target.actor("worker")];
      granted(await asked(target, {}));
      const again = { instead: [target.wire.proof(worker.key, { url })] };
      granted(await asked(target, again));
      refused(await asked(target, again), 400, "invalid_dpop_proof");
    },
  },
  {
    section: "8",
    level: "MUST",
    text: "Where nonces are demanded, use_dpop_nonce by 400 comes with a DPoP-Nonce; a proof with it is taken",
    async run(target) {
      const [url, { key }] = [await target.endpoint("token"), await target.actor("worker")];
      const answer = await asked(target, { instead: [dpopProof(key, { url })] });
      if (answer.status === 200) throw new Unsupported("this issuer demands none");
      refused(answer, 400, "use_dpop_nonce");
      must(/^[\x21\x23-\x5B\x5D-\x7E]+$/.test(header(answer, "dpop-nonce")), "the nonce is missing or no NQCHAR");
      granted(await asked(target, {}));
    },
  },
  {
    section: "8",
    level: "MUST",
    text: "Where nonces are demanded, a made-up nonce is not taken",
    async run(target) {
      const [url, { key }] = [await target.endpoint("token"), await target.actor("worker")];
      const bare = await asked(target, { instead: [dpopProof(key, { url })] });
      if (bare.status === 200) throw new Unsupported("this issuer demands none");
      const made = await asked(target, { instead: [dpopProof(key, { url, nonce: "made-up" })] });
      refused(made, 400, "use_dpop_nonce", "invalid_dpop_proof");
    },
  },
  {
    section: "8.2",
    level: "SHOULD",
    text: "Answers that carry a nonce are not to be stored",
    async run(target) {
      const answer = await asked(target, {});
      if (header(answer, "dpop-nonce") === "") throw new Unsupported("this issuer demands none");
      must(/no-store/.test(header(answer, "cache-control")), "it lacks no-store");
    },
  },
  {
    section: "5.1",
    level: "MUST",
    text: "dpop_signing_alg_values_supported lists asymmetric algorithms alone",
    async run(target) {
      const { dpop_signing_alg_values_supported: list } = await target.metadata();
      must(Array.isArray(list) && list.length > 0, "it is missing");
      must(!list.some((alg) => alg === "none" || /^HS/.test(String(alg))), `it lists ${list}`);
    },
  },
]);
