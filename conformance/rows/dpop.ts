import { granted, must, refused, same } from "../expect.ts";
import { exchanging, introspected, ownAccess, ownWork, sharedAccess, sharedSession, wanting } from "../flows.ts";
import { guardOf, show } from "../guard.ts";
import { claimsOf, newKey, proof, type Twist, withHeader } from "../key.ts";
import { type Row, type RowOf, rowsOf, Unsupported } from "../row.ts";
import type { Target } from "../target.ts";
import { formOf, formType, header, send } from "../wire.ts";

const asked = async (target: Target, twist: Twist) =>
  target.ask("token", await target.actor("worker"), ownWork(target.need("own")), twist);

/** Each is one check of RFC 9449 4.3, at the token endpoint. */
const twisted: readonly (readonly [text: string, twist: Twist])[] = [
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

const atIssuer: readonly RowOf[] = [
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
      const one = () => proof(key, { method: "POST", url, nonce: target.nonceOf(url) });
      refused(await asked(target, { instead: [await one(), await one()] }), 400, "invalid_dpop_proof");
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
      const good = await proof(key, { method: "POST", url, nonce: target.nonceOf(url) });
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
      refused(await asked(target, { signedBy: await newKey() }), 400, "invalid_dpop_proof");
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
      const form = formOf([...target.assertion(worker), ...ownWork(target.need("own"))]);
      const twist = { claims: { htu: url } };
      granted(await target.postBody(`${url}?x=1`, formType, form, worker.key, twist));
      const shown = await shownTo(target, { path: "/?x=1" });
      must(shown.ok, "a resource refused it");
    },
  },
  {
    section: "5",
    level: "MUST",
    text: "A proof that is not valid, or missing, is invalid_dpop_proof",
    async run(target) {
      const [url, worker] = [await target.endpoint("token"), await target.actor("worker")];
      const body = formOf([...target.assertion(worker), ...ownWork(target.need("own"))]);
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
      const form = [...exchanging("session", await sharedSession(target)), ...wanting(target.need("own"))];
      refused(await target.ask("token", { ...worker, key: await newKey() }, form), 400, "invalid_dpop_proof");
    },
  },
  {
    section: "11.1",
    level: "SHOULD",
    text: "A proof is used once: sent again it is refused",
    async run(target) {
      const [url, worker] = [await target.endpoint("token"), await target.actor("worker")];
      granted(await asked(target, {}));
      const again = { instead: [await proof(worker.key, { method: "POST", url, nonce: target.nonceOf(url) })] };
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
      const answer = await asked(target, { instead: [await proof(key, { method: "POST", url })] });
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
      const bare = await asked(target, { instead: [await proof(key, { method: "POST", url })] });
      if (bare.status === 200) throw new Unsupported("this issuer demands none");
      const made = await asked(target, { instead: [await proof(key, { method: "POST", url, nonce: "made-up" })] });
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
];

/** A request to the worker's own resource, guarded by the client library; what the guard says of it. */
async function shownTo(target: Target, more: object, nonces = false) {
  const { uri: resource } = target.need("own");
  const guard = await guardOf(target, { resource, ...(nonces ? { nonces } : {}) });
  const token = await sharedAccess(target);
  return show({ guard, actor: await target.actor("worker"), token, resource, ...more });
}
type Judged = Awaited<ReturnType<typeof shownTo>>;

const turnedAway = (judged: Judged, status: number, error: string, code?: string): void => {
  must(!judged.ok, "it was let in");
  const { reply, refusal } = judged.error;
  must(reply.status === status && reply.body.includes(`"${error}"`), `answered ${reply.status} ${reply.body}`);
  must(code === undefined || refusal.code === code, `refused as ${refusal.code}`);
};
const letIn = (judged: Judged): void => {
  must(judged.ok, `it was refused: ${judged.ok ? "" : JSON.stringify(judged.error.refusal)}`);
};

const badProofs: readonly (readonly [text: string, twist: Twist])[] = [
  ["ath, the hash of the token beside it", { claims: { ath: undefined } }],
  ["an ath of this token, not of another", { claims: { ath: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" } }],
  ["htm that is the request's method", { claims: { htm: "POST" } }],
  ["htu that is the request's address", { claims: { htu: "https://attacker.example/" } }],
  ["an iat near now", { shiftSeconds: -121 }],
  ["typ dpop+jwt", { header: { typ: "JWT" } }],
];

const atResource: readonly RowOf[] = [
  {
    section: "7.1",
    level: "MUST",
    text: "A resource lets in a bound token by the DPoP scheme with a proof for this request and this token",
    run: async (target) => letIn(await shownTo(target, {})),
  },
  ...badProofs.map(([text, twist]) => ({
    section: "7.1",
    level: "MUST" as const,
    text: `A proof at a resource needs ${text}`,
    run: async (target: Target) => turnedAway(await shownTo(target, { twist }), 401, "invalid_dpop_proof"),
  })),
  {
    section: "7.1",
    level: "MUST",
    text: "The proof's key is the one the token is bound to",
    async run(target) {
      const thief = { ...(await target.actor("worker")), key: await newKey() };
      turnedAway(await shownTo(target, { actor: thief }), 401, "invalid_token", "proof_key_mismatch");
    },
  },
  {
    section: "7.2",
    level: "MUST",
    text: "A bound token is not taken as a bearer token, with or without a proof",
    async run(target) {
      for (const unproved of [true, undefined])
        turnedAway(
          await shownTo(target, { scheme: "Bearer", ...(unproved ? { unproved } : {}) }),
          401,
          "invalid_token",
        );
    },
  },
  {
    section: "7.2",
    level: "MUST",
    text: "A bound token is not taken as a bearer token even where bearer tokens are",
    async run(target) {
      const { uri: resource } = target.need("own");
      const guard = await guardOf(target, { resource, acceptBearer: true });
      const [actor, token] = [await target.actor("worker"), await sharedAccess(target)];
      const judged = await show({ guard, actor, token, resource, scheme: "Bearer", unproved: true });
      must(!judged.ok && judged.error.reply.status === 401, "it was let in");
    },
  },
  {
    section: "7.1",
    level: "MUST",
    text: "A token without proof, and one with two proofs, are refused",
    async run(target) {
      turnedAway(await shownTo(target, { unproved: true }), 401, "invalid_dpop_proof");
      const [{ uri }, { key }, accessToken] = [
        target.need("own"),
        await target.actor("worker"),
        await sharedAccess(target),
      ];
      const one = () => proof(key, { method: "GET", url: `${uri}/`, accessToken });
      const twice = { twist: { instead: [await one(), await one()] } };
      must(!(await shownTo(target, twice)).ok, "two proofs were let in");
    },
  },
  {
    section: "11.1",
    level: "SHOULD",
    text: "A proof is used once at a resource: shown again it is refused",
    async run(target) {
      const [{ uri }, { key }, accessToken] = [
        target.need("own"),
        await target.actor("worker"),
        await sharedAccess(target),
      ];
      const twist = { instead: [await proof(key, { method: "GET", url: `${new URL(uri).origin}/`, accessToken })] };
      letIn(await shownTo(target, { twist }));
      turnedAway(await shownTo(target, { twist }), 401, "invalid_dpop_proof", "proof_replayed");
    },
  },
  {
    section: "9",
    level: "MUST",
    text: "Where a resource demands nonces it answers 401 use_dpop_nonce with a DPoP-Nonce, and takes a proof with it",
    async run(target) {
      const first = await shownTo(target, {}, true);
      turnedAway(first, 401, "use_dpop_nonce");
      const nonce = first.ok ? "" : first.error.reply.headers["DPoP-Nonce"];
      must(typeof nonce === "string" && nonce !== "", "DPoP-Nonce is missing");
      letIn(await shownTo(target, { nonce }, true));
    },
  },
  {
    section: "7.1",
    level: "MUST",
    text: "A refusal for want of a token names the DPoP scheme and its algorithms, and no error",
    library: true,
    async run(target) {
      const { uri: resource } = target.need("own");
      const judged = await (await guardOf(target, { resource })).authenticate({ method: "GET", url: "/", headers: {} });
      const challenge = judged.ok ? "" : (judged.error.reply.headers["WWW-Authenticate"] ?? "");
      must(/^DPoP\b/.test(challenge) && /algs="[^"]*ES256/.test(challenge), `it says ${challenge}`);
      must(!/error=/.test(challenge), `it says ${challenge}`);
    },
  },
  {
    section: "7",
    level: "MUST",
    text: "An unbound token is made only where registration and stage say so, and is answered as Bearer",
    async run(target) {
      const reach = target.need("bearer");
      const answer = granted(await target.ask("token", await target.actor("worker"), ownWork(reach)));
      const token = String(answer.access_token);
      same([answer.token_type, "cnf" in claimsOf(token)], ["Bearer", false], "type, and whether it is bound");
      const guard = await guardOf(target, { resource: reach.uri, acceptBearer: true });
      const actor = await target.actor("worker");
      letIn(await show({ guard, actor, token, resource: reach.uri, scheme: "Bearer", unproved: true }));
      must(!(await show({ guard, actor, token, resource: reach.uri })).ok, "it was taken by the DPoP scheme");
    },
  },
  {
    section: "7.2",
    level: "MUST",
    text: "A bearer token's guard does not let it in where only bound tokens are taken",
    async run(target) {
      const reach = target.need("bearer");
      const token = await ownAccess(target, reach);
      const guard = await guardOf(target, { resource: reach.uri });
      const judged = await show({ guard, actor: await target.actor("worker"), token, resource: reach.uri });
      must(!judged.ok && judged.error.reply.status === 401, "it was let in");
    },
  },
];

export const dpopRows: readonly Row[] = rowsOf("RFC 9449", [...atIssuer, ...atResource]);
