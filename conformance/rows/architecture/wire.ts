import { asSession, exchange, jsonBody } from "../../../test/kit/wire/forms.ts";
import { claimsOf, headerOf, type TestKey, testKey } from "../../../test/kit/wire/key.ts";
import { granted, must, refused, same, text } from "../../expect.ts";
import {
  introspected,
  ownAccess,
  ownSession,
  ownWork,
  sharedPersonAccess,
  sharedSession,
  tokenIn,
  wanting,
} from "../../flows.ts";
import { rowsOf } from "../../row.ts";
import type { Target } from "../../target.ts";

const dead = { active: false };

const sessionOf = (token: string) => text(claimsOf(token).sid, "sid");

/** "The wire" of the architecture: what is ours. */
export const wireRows = rowsOf("Lanyard wire", [
  {
    section: "token",
    level: "MUST",
    text: "Several resources need a session token, which names no scope and is for the issuer alone",
    async run(target) {
      const claims = claimsOf(await sharedSession(target));
      same([claims.aud, "scope" in claims], [target.issuer, false], "aud, and whether it has a scope");
    },
  },
  {
    section: "token",
    level: "MUST",
    text: "A session token is of another typ than an access token, and not active to any resource",
    async run(target) {
      const session = await sharedSession(target);
      same(headerOf(session).typ, "lanyard-session+jwt", "typ");
      same(await introspected(target, session), dead, "introspection");
    },
  },
  {
    section: "token",
    level: "MUST",
    text: "Access tokens of one session share its sid; each has the keys of the liveness check",
    async run(target) {
      const session = await ownSession(target);
      const worker = await target.actor("worker");
      const form = [...exchange("session", session), ...wanting(target.need("own"))];
      const claims = claimsOf(tokenIn(await target.ask("token", worker, form)));
      same(claims.sid, sessionOf(session), "sid");
      for (const name of ["sid", "root", "anc", "depth", "assurance"])
        must(claims[name] !== undefined, `${name} is missing`);
    },
  },
  {
    section: "token",
    level: "MUST",
    text: "purpose holds 256 characters at most, lifetime_seconds a positive whole number",
    async run(target) {
      const [worker, form] = [await target.actor("worker"), ownWork(target.need("own"))];
      refused(await target.ask("token", worker, [...form, ["purpose", "x".repeat(257)]]), 400, "invalid_request");
      granted(await target.ask("token", worker, [...form, ["purpose", "x".repeat(256)]]));
      for (const life of ["0", "-1", "1.5", "x", "1e3"])
        refused(await target.ask("token", worker, [...form, ["lifetime_seconds", life]]), 400, "invalid_request");
    },
  },
  {
    section: "token",
    level: "MUST",
    text: "A life beyond what is registered is refused, and a shorter one kept to",
    async run(target) {
      const token = await ownAccess(target, target.need("own"), [["lifetime_seconds", "30"]]);
      const { exp, iat } = claimsOf(token);
      must(Number(exp) - Number(iat) <= 30, `it lives ${Number(exp) - Number(iat)} s`);
      const form = [...ownWork(target.need("own")), ["lifetime_seconds", "999999"] as const];
      refused(await target.ask("token", await target.actor("worker"), form), 400, "invalid_request");
    },
  },
  {
    section: "token",
    level: "MUST",
    text: "A person's own names are told to no resource that did not ask for them",
    async run(target) {
      const token = await sharedPersonAccess(target);
      must(/^p_[a-z2-7]{32}$/.test(String(claimsOf(token).sub)), `sub is ${claimsOf(token).sub}`);
      must(!("sub_id" in claimsOf(token)), "sub_id is there");
      must(!("sub_id" in (await introspected(target, token))), "introspection tells it");
    },
  },
  {
    section: "renewal",
    level: "MUST",
    text: "A renewed session is the same session with a later end, and never with an end beyond what is registered",
    async run(target) {
      const worker = await target.actor("worker");
      const session = await ownSession(target, [["lifetime_seconds", "60"]]);
      const renewed = (seconds: string) => {
        const form = [...exchange("session", session), ...asSession, ["lifetime_seconds", seconds] as const];
        return target.ask("token", worker, form);
      };
      refused(await renewed("999999"), 400, "invalid_request");
      const [before, after] = [claimsOf(session), claimsOf(tokenIn(await renewed("300")))];
      same([after.sid, after.root, after.depth], [before.sid, before.root, before.depth], "what it is");
      must(Number(after.exp) > Number(before.exp), `it ends at ${after.exp}, as before at ${before.exp}`);
    },
  },
  {
    section: "renewal",
    level: "MUST",
    text: "A session that is over is not renewed",
    async run(target) {
      const [worker, session] = [await target.actor("worker"), await ownSession(target, [["lifetime_seconds", "60"]])];
      granted(await target.ask("revocation", worker, [["token", session]]));
      const form = [...exchange("session", session), ...asSession, ["lifetime_seconds", "300"] as const];
      refused(await target.ask("token", worker, form), 400, "invalid_request");
    },
  },
  {
    section: "uses",
    level: "MUST",
    text: "Uses are bounded at resources that ask about every request: elsewhere max_uses is invalid_target",
    async run(target) {
      const form = [...ownWork(target.need("own")), ["max_uses", "2"] as const];
      refused(await target.ask("token", await target.actor("worker"), form), 400, "invalid_target");
      for (const uses of ["0", "-1", "1.5", "1001"])
        refused(
          await target.ask("token", await target.actor("worker"), [...ownWork(target.need("own")), ["max_uses", uses]]),
          400,
          "invalid_request",
        );
    },
  },
  {
    section: "attest",
    level: "MUST",
    text: "A challenge is used once: made-up and used ones are refused",
    async run(target) {
      const metadata = await target.metadata();
      const url = text(metadata.lanyard_attestation_endpoint, "the attestation endpoint");
      const attested = await attestWith(target, url, "made-up");
      refused(attested, 400, "use_attestation_challenge");
      const first = await challenge(target, text(metadata.challenge_endpoint, "challenge_endpoint"));
      granted(await attestWith(target, url, first));
      const again = await attestWith(target, url, first);
      refused(again, 400, "use_attestation_challenge");
    },
  },
  {
    section: "attest",
    level: "MUST",
    text: "Evidence that was made for one key is refused to another, and one agent's to another agent",
    async run(target) {
      const metadata = await target.metadata();
      const url = text(metadata.lanyard_attestation_endpoint, "the attestation endpoint");
      const challenged = () => challenge(target, text(metadata.challenge_endpoint, "challenge_endpoint"));
      const other = await attestWith(target, url, await challenged(), { boundTo: (await testKey()).jkt });
      refused(other, 401, "invalid_client");
      const named = await attestWith(target, url, await challenged(), { agent: target.need("stranger").id });
      refused(named, 401, "invalid_client");
    },
  },
  {
    section: "attest",
    level: "MUST",
    text: "An identity token lives five minutes at most, is bound to the proof's key and holds no permission",
    async run(target) {
      const { identity, key } = await target.actor("worker");
      const { exp, iat, cnf, scope, aud } = claimsOf(identity);
      must(Number(exp) - Number(iat) <= 300, `it lives ${Number(exp) - Number(iat)} s`);
      same([cnf, scope, aud], [{ jkt: key.jkt }, undefined, target.issuer], "cnf, scope, aud");
    },
  },
]);

/** Fetches a challenge with a proof by a key of no importance. */
async function challenge(target: Target, url: string): Promise<string> {
  const answer = await postJson(target, url, {}, (await attestKey(target)).key);
  return text(granted(answer).attestation_challenge, "attestation_challenge");
}
const attestKey = (target: Target) => target.once("attest key", async () => ({ key: await testKey() }));

async function attestWith(
  target: Target,
  url: string,
  challenged: string,
  wrong: { readonly boundTo?: string; readonly agent?: string } = {},
) {
  const { key } = await attestKey(target);
  const { id, evidence } = target.need("worker");
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("spki", key.pair.publicKey));
  const jkt = wrong.boundTo ?? key.jkt;
  const document = await evidence.collect({ issuer: target.issuer, challenge: challenged, jkt, publicKey });
  return postJson(target, url, { agent: wrong.agent ?? id, evidence: document, challenge: challenged }, key);
}

async function postJson(target: Target, url: string, body: object, key: TestKey) {
  return target.wire.post(url, jsonBody(body), { key });
}
