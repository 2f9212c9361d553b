import { outcomeOf } from "../../../test/kit/outcome.ts";
import type { WireTwist } from "../../../test/kit/wire/client.ts";
import { claimsOf, dpopProof, testKey } from "../../../test/kit/wire/key.ts";
import { granted, must, same } from "../../expect.ts";
import { ownAccess, ownWork, sharedAccess } from "../../flows.ts";
import { guardOf, show } from "../../guard.ts";
import { type Row, rowsOf } from "../../row.ts";
import type { Target } from "../../target.ts";

/** A request to the worker's own resource, guarded by the client library; what the guard says of it. */
async function shownTo(target: Target, more: object, nonces = false) {
  const { uri: resource } = target.need("own");
  const guard = await guardOf(target, { resource, ...(nonces ? { nonces } : {}) });
  const token = await sharedAccess(target);
  return show({ guard, actor: await target.actor("worker"), token, resource, ...more });
}
type Evaluated = Awaited<ReturnType<typeof shownTo>>;

const turnedAway = (evaluated: Evaluated, status: number, error: string, code?: string): void => {
  must(!evaluated.ok, "it was let in");
  const { reply, refusal } = evaluated.error;
  must(reply.status === status && reply.body.includes(`"${error}"`), `answered ${reply.status} ${reply.body}`);
  must(code === undefined || refusal.code === code, `refused as ${refusal.code}`);
};
const letIn = (evaluated: Evaluated): void => {
  must(evaluated.ok, `it was refused: ${evaluated.ok ? "" : JSON.stringify(evaluated.error.refusal)}`);
};

const badProofs: readonly (readonly [text: string, twist: WireTwist])[] = [
  ["ath, the hash of the token beside it", { claims: { ath: undefined } }],
  ["an ath of this token, not of another", { claims: { ath: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" } }],
  ["htm that is the request's method", { claims: { htm: "POST" } }],
  ["htu that is the request's address", { claims: { htu: "https://attacker.example/" } }],
  ["an iat near now", { shiftSeconds: -121 }],
  ["typ dpop+jwt", { header: { typ: "JWT" } }],
];

/** What RFC 9449 demands of a resource. */
export const proofAtResourceRows: readonly Row[] = rowsOf("RFC 9449", [
  {
    section: "7.1",
    level: "MUST",
    text: "The request's query does not count where a resource compares htu",
    run: async (target) => letIn(await shownTo(target, { path: "/?x=1" })),
  },
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
      const thief = { ...(await target.actor("worker")), key: await testKey() };
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
      const evaluated = await show({ guard, actor, token, resource, scheme: "Bearer", unproved: true });
      turnedAway(evaluated, 401, "invalid_token", "bearer_not_accepted");
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
      const one = () => dpopProof(key, { method: "GET", url: `${uri}/`, accessToken });
      const twice = { twist: { instead: [one(), one()] } };
      turnedAway(await shownTo(target, twice), 401, "invalid_dpop_proof");
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
      const twist = { instead: [dpopProof(key, { method: "GET", url: `${new URL(uri).origin}/`, accessToken })] };
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
      const evaluated = await outcomeOf(
        (await guardOf(target, { resource })).authenticate({ method: "GET", url: "/", headers: {} }),
      );
      const challenge = evaluated.ok ? "" : (evaluated.error.reply.headers["WWW-Authenticate"] ?? "");
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
      turnedAway(await show({ guard, actor, token, resource: reach.uri }), 401, "invalid_token", "claims_invalid");
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
      const evaluated = await show({ guard, actor: await target.actor("worker"), token, resource: reach.uri });
      turnedAway(evaluated, 401, "invalid_token", "claims_invalid");
    },
  },
]);
