import { accessTokenType, idTokenType, offerTokenType, sessionTokenType, tokenExchangeGrant } from "../../core/wire.ts";
import { granted, must, object, refused, same, text } from "../expect.ts";
import {
  asOfferTo,
  asSession,
  exchanging,
  handOn,
  hop,
  ownSession,
  ownWork,
  personSession,
  sharedPersonAccess,
  sharedPersonSession,
  sharedSession,
  tokenIn,
  wanting,
} from "../flows.ts";
import { claimsOf } from "../key.ts";
import { rowsOf } from "../row.ts";
import type { Target } from "../target.ts";
import type { Fields } from "../wire.ts";

const jwtType = "urn:ietf:params:oauth:token-type:jwt";

/** Exchanges the worker's session for an access token of its first scope; `change` may spoil the form. */
async function exchanged(target: Target, change: (form: Fields) => Fields = (form) => form) {
  const form = [...exchanging("session", await sharedSession(target)), ...wanting(target.need("own"))];
  return target.ask("token", await target.actor("worker"), change(form));
}
const without =
  (name: string) =>
  (form: Fields): Fields =>
    form.filter(([each]) => each !== name);
const replaced =
  (name: string, value: string) =>
  (form: Fields): Fields => [...without(name)(form), [name, value]];
const withActor = (token: string | undefined, type: string | undefined) => (form: Fields) => [
  ...form,
  ...(token === undefined ? [] : ([["actor_token", token]] as const)),
  ...(type === undefined ? [] : ([["actor_token_type", type]] as const)),
];

export const tokenExchangeRows = rowsOf("RFC 8693", [
  ...["subject_token", "subject_token_type"].map((name) => ({
    section: "2.1",
    level: "MUST" as const,
    text: `${name} is required`,
    run: async (target: Target) => refused(await exchanged(target, without(name)), 400, "invalid_request"),
  })),
  {
    section: "2.1",
    level: "MUST",
    text: "subject_token_type says what kind of token it is: another kind is refused",
    async run(target) {
      for (const type of [idTokenType, accessTokenType, "urn:example:x", "urn:ietf:params:oauth:token-type:saml2"])
        refused(await exchanged(target, replaced("subject_token_type", type)), 400, "invalid_request");
    },
  },
  {
    section: "2.1",
    level: "MUST",
    text: "An actor_token without its type, and a type without a token, are refused",
    async run(target) {
      const { identity } = await target.actor("worker");
      refused(await exchanged(target, withActor(identity, undefined)), 400, "invalid_request");
      refused(await exchanged(target, withActor(undefined, jwtType)), 400, "invalid_request");
    },
  },
  {
    section: "2.1",
    level: "MUST",
    text: "An actor_token that is not valid for the actor is invalid_request",
    async run(target) {
      const other = target.ground.stranger ? (await target.actor("stranger")).identity : "e30.e30.x";
      refused(await exchanged(target, withActor(other, jwtType)), 400, "invalid_request");
      granted(await exchanged(target, withActor((await target.actor("worker")).identity, jwtType)));
    },
  },
  {
    section: "2.1",
    level: "MUST",
    text: "A requested_token_type that is not offered is refused",
    async run(target) {
      for (const kind of ["refresh_token", "saml2", "id_token", "jwt"]) {
        const type = `urn:ietf:params:oauth:token-type:${kind}`;
        refused(await exchanged(target, (form) => [...form, ["requested_token_type", type]]), 400, "invalid_request");
      }
    },
  },
  {
    section: "2.1",
    level: "MUST",
    text: "audience and resource name targets together; one that is not known refuses the whole request",
    async run(target) {
      const form = (form: Fields): Fields => [...form, ["audience", "https://nowhere.example"]];
      refused(await exchanged(target, form), 400, "invalid_target");
    },
  },
  {
    section: "2.2.1",
    level: "MUST",
    text: "The answer carries access_token, issued_token_type and token_type; an access token's type says how to use it",
    async run(target) {
      const answer = granted(await exchanged(target));
      text(answer.access_token, "access_token");
      same(answer.issued_token_type, accessTokenType, "issued_token_type");
      same(answer.token_type, "DPoP", "token_type");
    },
  },
  {
    section: "2.2.1",
    level: "MUST",
    text: "A session token is no access token: it is answered with token_type N_A",
    async run(target) {
      const form = [...ownWork(target.need("own")), ...asSession];
      const { issued_token_type: type, token_type } = granted(
        await target.ask("token", await target.actor("worker"), form),
      );
      same([type, token_type], [sessionTokenType, "N_A"], "the types");
    },
  },
  {
    section: "2.2.1",
    level: "MUST",
    text: "An offer is no access token: it is answered with token_type N_A",
    async run(target) {
      const { opener, session } = await sharedPersonSession(target);
      const { id } = await target.actor("helper");
      const form = [...exchanging("session", session), ...asOfferTo(id), ...wanting(target.need("lent"))];
      const { issued_token_type: type, token_type } = granted(await target.ask("token", opener, form));
      same([type, token_type], [offerTokenType, "N_A"], "the types");
    },
  },
  {
    section: "2.2.1",
    level: "MUST",
    text: "scope is answered when it differs from what was asked for",
    async run(target) {
      const answer = granted(await exchanged(target, without("scope")));
      const { scope } = claimsOf(text(answer.access_token, "access_token"));
      same(answer.scope, scope, "scope");
    },
  },
  {
    section: "2.2.1",
    level: "SHOULD",
    text: "expires_in says how long, and never longer than the token itself",
    async run(target) {
      const answer = granted(await exchanged(target));
      const { exp } = claimsOf(text(answer.access_token, "access_token"));
      const leftSeconds = Number(exp) - Date.now() / 1000;
      must(Math.abs(Number(answer.expires_in) - leftSeconds) < 5, `says ${answer.expires_in}, lives ${leftSeconds}`);
    },
  },
  {
    section: "2.2.2",
    level: "MUST",
    text: "A subject token that is not valid is invalid_request, whatever is wrong with it",
    async run(target) {
      const session = await sharedSession(target);
      const [head, payload] = session.split(".");
      for (const bad of ["x", `${head}.${payload}.`, `${session.slice(0, -8)}AAAAAAAA`, "a".repeat(20_000)])
        refused(await exchanged(target, replaced("subject_token", bad)), 400, "invalid_request");
    },
  },
  {
    section: "2.2.2",
    level: "MUST",
    text: "A subject token of somebody else's is invalid_request",
    async run(target) {
      const form = [...exchanging("session", await sharedSession(target)), ...wanting(target.need("own"))];
      refused(await target.ask("token", await target.actor("stranger"), form), 400, "invalid_request");
    },
  },
  {
    section: "2.2.2",
    level: "MUST",
    text: "A revoked subject token is invalid_request, though its signature is good",
    async run(target) {
      const [worker, session] = [await target.actor("worker"), await ownSession(target)];
      granted(await target.ask("revocation", worker, [["token", session]]));
      refused(await exchanged(target, replaced("subject_token", session)), 400, "invalid_request");
    },
  },
  {
    section: "2.2.2",
    level: "SHOULD",
    text: "A target the server cannot issue for is invalid_target",
    async run(target) {
      refused(await exchanged(target, replaced("resource", "https://nowhere.example")), 400, "invalid_target");
    },
  },
  {
    section: "4.1",
    level: "MUST",
    text: "Delegation is told by act: sub stays the person, act.sub is the agent",
    async run(target) {
      const [token, opener] = [await sharedPersonAccess(target), await target.actor("opener")];
      const { sub, act, client_id } = claimsOf(token);
      same(act, { sub: opener.id }, "act");
      must(sub !== opener.id && client_id === opener.id, `sub is ${sub}, client_id ${client_id}`);
    },
  },
  {
    section: "4.1",
    level: "MUST",
    text: "The outermost act is the current actor; whoever acted before is nested below it",
    async run(target) {
      const { opener, session } = await personSession(target);
      const { helper, redeem } = await handOn(target, session);
      const child = claimsOf(tokenIn(await redeem()));
      same(child.act, { sub: helper.id, act: { sub: opener.id } }, "act");
      same(child.sub, claimsOf(session).sub, "sub");
    },
  },
  {
    section: "4.1",
    level: "MUST",
    text: "act says who, and nothing that would be a permission: no exp, nbf or aud inside",
    async run(target) {
      const presented = await sharedPersonAccess(target);
      let act: unknown = claimsOf(tokenIn(await hop(target, presented))).act;
      while (act !== undefined) {
        const { act: inner, ...said } = object(act, "act");
        same(Object.keys(said), ["sub"], "the members of act");
        act = inner;
      }
    },
  },
  {
    section: "4.1",
    level: "MUST",
    text: "A prior actor's place in act gives it nothing: it cannot use the token that names it",
    async run(target) {
      const { opener, session } = await personSession(target);
      const { redeem } = await handOn(target, session);
      const token = tokenIn(await redeem());
      const kind = claimsOf(token).aud === target.issuer ? "session" : "access";
      const form = [...exchanging(kind, token), ...wanting(target.need("lent"))];
      refused(await target.ask("token", opener, form), 400, "invalid_request");
    },
  },
  {
    section: "4.3",
    level: "MUST",
    text: "client_id names the client the token was issued to",
    async run(target) {
      const { opener } = await sharedPersonSession(target);
      same(claimsOf(await sharedPersonAccess(target)).client_id, opener.id, "client_id");
    },
  },
  {
    section: "2.1",
    level: "MUST",
    text: "The grant is compared exactly: another case of its name is unsupported_grant_type",
    async run(target) {
      const upper = replaced("grant_type", tokenExchangeGrant.toUpperCase());
      refused(await exchanged(target, upper), 400, "unsupported_grant_type");
    },
  },
]);
