import { granted, must, refused, same, text } from "../expect.ts";
import {
  asOfferTo,
  exchanging,
  handOn,
  hop,
  introspected,
  ownAccess,
  ownSession,
  ownWork,
  personSession,
  sharedPersonAccess,
  sharedPersonSession,
  sharedSession,
  tokenIn,
  wanting,
} from "../flows.ts";
import { claimsOf, headerOf, newKey } from "../key.ts";
import { rowsOf } from "../row.ts";
import type { Target } from "../target.ts";

const dead = { active: false };

/** "Who may do what" of the architecture. */
export const authorityRows = rowsOf("Lanyard authority", [
  {
    section: "callers",
    level: "MUST",
    text: "An identity token is nothing without its key, at every endpoint that asks for it",
    async run(target) {
      const thief = { ...(await target.actor("worker")), key: await newKey() };
      refused(await target.ask("token", thief, ownWork(target.need("own"))), 400, "invalid_dpop_proof");
      for (const name of ["introspection", "revocation"] as const)
        refused(await target.ask(name, thief, [["token", await sharedSession(target)]]), 400, "invalid_dpop_proof");
    },
  },
  {
    section: "callers",
    level: "MUST",
    text: "A session token is nothing to another instance of its own agent",
    async run(target) {
      const other = await target.fresh("worker");
      const form = [...exchanging("session", await sharedSession(target)), ...wanting(target.need("own"))];
      const answer = await target.ask("token", other, form);
      must(answer.status === 400 && answer.json.access_token === undefined, `answered ${answer.status}`);
    },
  },
  {
    section: "people",
    level: "MUST",
    text: "A person's token opens a session for the agent whose client it was issued to, and for nobody else",
    async run(target) {
      const form = [...exchanging("id", await target.need("person")()), ...wanting(target.need("lent"))];
      for (const part of ["stranger", "helper"] as const)
        refused(await target.ask("token", await target.actor(part), form), 400, "invalid_request");
      granted(await target.ask("token", await target.actor("opener"), form));
    },
  },
  {
    section: "people",
    level: "MUST",
    text: "A person's token that was issued to another client opens nothing",
    async run(target) {
      const form = [...exchanging("id", await target.need("foreignPerson")()), ...wanting(target.need("lent"))];
      refused(await target.ask("token", await target.actor("opener"), form), 400, "invalid_request");
    },
  },
  {
    section: "people",
    level: "MUST",
    text: "Nobody lends what the registry does not say: scopes beyond it are refused by name, all or nothing",
    async run(target) {
      const [own, opener] = [target.need("own"), await target.actor("opener")];
      const form = [...exchanging("id", await target.need("person")()), ...wanting(own)];
      const answer = await target.ask("token", opener, form);
      refused(answer, 400, "invalid_scope", "access_denied");
      must(String(answer.json.error_description).includes(own.scopes[0] ?? "?"), "the refusal does not name it");
    },
  },
  {
    section: "people",
    level: "MUST",
    text: "Revoking a root session burns the person's token it was opened with, for that agent",
    async run(target) {
      const { opener, person, session } = await personSession(target);
      const reason = "conformance";
      await target.need("operator").order({ revoke: { session: text(claimsOf(session).sid, "sid") }, reason });
      const form = [...exchanging("id", person), ...wanting(target.need("lent"))];
      refused(await target.ask("token", opener, form), 400, "invalid_request");
    },
  },
  {
    section: "people",
    level: "MUST",
    text: "Ending one's own session burns nothing",
    async run(target) {
      const { opener, person, session } = await personSession(target);
      granted(await target.ask("revocation", opener, [["token", session]]));
      granted(await target.ask("token", opener, [...exchanging("id", person), ...wanting(target.need("lent"))]));
    },
  },
  {
    section: "people",
    level: "MUST",
    text: "An agent that exchanges a person's token delegates, never impersonates: the token always has act",
    async run(target) {
      const [opener, person] = [await target.actor("opener"), await target.need("person")()];
      const form = [...exchanging("id", person), ...wanting(target.need("lent"))];
      const { act } = claimsOf(tokenIn(await target.ask("token", opener, form)));
      same(act, { sub: opener.id }, "act");
    },
  },
  {
    section: "narrowing",
    level: "MUST",
    text: "An exchange gives at most what its session has: more is invalid_scope, and names what was refused",
    async run(target) {
      const { lent, own } = { lent: target.need("lent"), own: target.need("own") };
      const [opener, person] = [await target.actor("opener"), await target.need("person")()];
      const opening = [...exchanging("id", person), ...wanting(lent)];
      const token = tokenIn(await target.ask("token", opener, opening));
      const more = lent.scopes[1] ?? own.scopes[0] ?? "";
      const answer = await target.ask("token", opener, [...exchanging("access", token), ...wanting(lent, more)]);
      refused(answer, 400, "invalid_scope");
      must(String(answer.json.error_description).includes(more), "the refusal does not name it");
    },
  },
  {
    section: "narrowing",
    level: "MUST",
    text: "Nothing outlives what it hangs below: an access token, a child, a hop",
    async run(target) {
      const { session } = await personSession(target, [["lifetime_seconds", "240"]]);
      const end = Number(claimsOf(session).exp);
      const { redeem } = await handOn(target, session);
      must(Number(claimsOf(tokenIn(await redeem())).exp) <= end, "the child lives longer");
      const { opener } = await sharedPersonSession(target);
      const form = [...exchanging("session", session), ...wanting(target.need("lent"))];
      const token = tokenIn(await target.ask("token", opener, form));
      must(Number(claimsOf(token).exp) <= end, "the access token lives longer");
      if (target.ground.onward)
        must(Number(claimsOf(tokenIn(await hop(target, token))).exp) <= end, "the hop lives longer");
    },
  },
  {
    section: "narrowing",
    level: "MUST",
    text: "Details are inherited: leaving them out never lifts them",
    async run(target) {
      const { granted: details } = target.need("details");
      const more = [["authorization_details", JSON.stringify([details])]] as const;
      const { opener, session } = await personSession(target, more);
      const form = [...exchanging("session", session), ...wanting(target.need("lent"))];
      const token = tokenIn(await target.ask("token", opener, form));
      same(claimsOf(token).authorization_details, [details], "the details");
    },
  },
  {
    section: "offers",
    level: "MUST",
    text: "An offer is redeemed by the agent it names and by nobody else, the one who made it included",
    async run(target) {
      const { session, opener } = await personSession(target);
      const { offer, redeem } = await handOn(target, session);
      for (const actor of [opener, await target.actor("stranger")])
        refused(await target.ask("token", actor, exchanging("offer", offer)), 400, "invalid_request");
      granted(await redeem());
    },
  },
  {
    section: "offers",
    level: "MUST",
    text: "An offer redeemed again by the same agent and key is the same session, by another key none",
    async run(target) {
      const { session } = await personSession(target);
      const { offer, redeem } = await handOn(target, session);
      const sids = [];
      for (let time = 0; time < 2; time++) sids.push(claimsOf(tokenIn(await redeem())).sid);
      same(sids[0], sids[1], "the session");
      refused(
        await target.ask("token", await target.fresh("helper"), exchanging("offer", offer)),
        400,
        "invalid_request",
      );
    },
  },
  {
    section: "offers",
    level: "MUST",
    text: "An offer names its scopes, and never more than the session has",
    async run(target) {
      const [{ opener, session }, helper] = [await sharedPersonSession(target), await target.actor("helper")];
      const form = [...exchanging("session", session), ...asOfferTo(helper.id)];
      const lent = target.need("lent");
      const bare = await target.ask("token", opener, [...form, ["resource", lent.uri]]);
      refused(bare, 400, "invalid_scope");
      const wide = await target.ask("token", opener, [...form, ...wanting(target.need("own"))]);
      refused(wide, 400, "invalid_scope", "invalid_target");
    },
  },
  {
    section: "offers",
    level: "MUST",
    text: "A child is told by its place: the parent's root, one deeper, the ids between",
    async run(target) {
      const { session } = await personSession(target);
      const child = claimsOf(tokenIn(await (await handOn(target, session)).redeem()));
      const parent = claimsOf(session);
      same([child.root, child.depth], [parent.root, Number(parent.depth) + 1], "root and depth");
      must(child.sid !== parent.sid && /^[\w-]{22}$/.test(String(child.sid)), `sid is ${child.sid}`);
    },
  },
  {
    section: "next hop",
    level: "MUST",
    text: "The agent that serves a token's audience may use it for the next hop; nobody else may",
    async run(target) {
      const presented = await sharedPersonAccess(target);
      granted(await hop(target, presented));
      const form = [...exchanging("access", presented), ...wanting(target.need("onward"))];
      for (const part of ["stranger", "helper"] as const)
        refused(await target.ask("token", await target.actor(part), form), 400, "invalid_request");
    },
  },
  {
    section: "next hop",
    level: "MUST",
    text: "The next hop is what the registry says the token entails, and nothing beside it",
    async run(target) {
      const presented = await sharedPersonAccess(target);
      const form = [...exchanging("access", presented), ...wanting(target.need("lent"))];
      refused(await target.ask("token", await target.actor("server"), form), 400, "invalid_scope", "invalid_target");
    },
  },
  {
    section: "next hop",
    level: "MUST",
    text: "A detail that no entailment carries over refuses the hop",
    async run(target) {
      const { granted: details } = target.need("details");
      const [opener, person] = [await target.actor("opener"), await target.need("person")()];
      const form = [...exchanging("id", person), ...wanting(target.need("lent"))];
      const restricted = [...form, ["authorization_details", JSON.stringify([details])] as const];
      const presented = tokenIn(await target.ask("token", opener, restricted));
      refused(await hop(target, presented), 400, "invalid_authorization_details");
    },
  },
  {
    section: "revocation",
    level: "MUST",
    text: "A session dies with its parent: a child's access token is not active once the root is ended",
    async run(target) {
      const { opener, session } = await personSession(target);
      const { helper, redeem } = await handOn(target, session);
      const child = tokenIn(await redeem());
      const kind = claimsOf(child).aud === target.issuer ? "session" : "access";
      const form = [...exchanging(kind, child), ...wanting(target.need("lent"))];
      const token = tokenIn(await target.ask("token", helper, form));
      same((await introspected(target, token)).active, true, "active before");
      granted(await target.ask("revocation", opener, [["token", session]]));
      same(await introspected(target, token), dead, "introspection");
      refused(await target.ask("token", helper, form), 400, "invalid_request");
    },
  },
  {
    section: "revocation",
    level: "MUST",
    text: "An agent ends no session above its own: a child cannot end its parent",
    async run(target) {
      const { session } = await personSession(target);
      const { helper } = await handOn(target, session);
      const answer = await target.ask("revocation", helper, [["token", session]]);
      must(answer.status >= 400, `answered ${answer.status}`);
      const { opener } = await sharedPersonSession(target);
      granted(await target.ask("token", opener, [...exchanging("session", session), ...wanting(target.need("lent"))]));
    },
  },
  {
    section: "revocation",
    level: "MUST",
    text: "An offer that is withdrawn cannot be redeemed",
    async run(target) {
      const { opener, session } = await personSession(target);
      const { offer, redeem } = await handOn(target, session);
      granted(await target.ask("revocation", opener, [["token", offer]]));
      refused(await redeem(), 400, "invalid_request");
    },
  },
  {
    section: "revocation",
    level: "MUST",
    text: "Revoking an agent cuts what it has and blocks what is new, until the block is lifted",
    async run(target) {
      const operator = target.need("operator");
      const worker = await target.fresh("worker");
      const form = ownWork(target.need("own"));
      const token = tokenIn(await target.ask("token", worker, form));
      await operator.order({ revoke: { agent: worker.id }, reason: "conformance" });
      try {
        same(await introspected(target, token), dead, "introspection");
        refused(await target.ask("token", worker, form), 403, "access_denied");
      } finally {
        await operator.order({ lift: { agent: worker.id }, reason: "conformance" });
        target.forget("worker");
      }
      same(await introspected(target, token), dead, "introspection after the lift");
      granted(await target.ask("token", await target.actor("worker"), form));
    },
  },
]);

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
      const form = [...exchanging("session", session), ...wanting(target.need("own"))];
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
    section: "attest",
    level: "MUST",
    text: "A challenge is used once: made-up and used ones are refused",
    async run(target) {
      const metadata = await target.metadata();
      const url = text(metadata.lanyard_attestation_endpoint, "the attestation endpoint");
      const attested = await attestWith(target, url, "made-up");
      refused(attested, attested.status, "use_attestation_challenge", "invalid_request");
      const first = await challenge(target, text(metadata.challenge_endpoint, "challenge_endpoint"));
      granted(await attestWith(target, url, first));
      const again = await attestWith(target, url, first);
      must(again.status >= 400, `answered ${again.status}`);
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
      const other = await attestWith(target, url, await challenged(), { boundTo: (await newKey()).jkt });
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
const attestKey = (target: Target) => target.once("attest key", async () => ({ key: await newKey() }));

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

async function postJson(target: Target, url: string, body: object, key: Awaited<ReturnType<typeof newKey>>) {
  return target.postBody(url, "application/json", JSON.stringify(body), key);
}
