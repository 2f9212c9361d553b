import { accessTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { asOfferTo, asSession, exchange } from "../../../test/kit/wire/forms.ts";
import { claimsOf } from "../../../test/kit/wire/key.ts";
import { exchanged, replaced, without } from "../../exchanged.ts";
import { granted, refused, same, text } from "../../expect.ts";
import { ownSession, ownWork, sharedPersonSession, sharedSession, wanting } from "../../flows.ts";
import { rowsOf } from "../../row.ts";

/** Answers to them (RFC 8693 2.2). */
export const exchangeAnswerRows = rowsOf("RFC 8693", [
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
      const form = [...exchange("session", session), ...asOfferTo(id), ...wanting(target.need("lent"))];
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
      const { exp, iat } = claimsOf(text(answer.access_token, "access_token"));
      same(answer.expires_in, Number(exp) - Number(iat), "expires_in");
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
      const form = [...exchange("session", await sharedSession(target)), ...wanting(target.need("own"))];
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
]);
