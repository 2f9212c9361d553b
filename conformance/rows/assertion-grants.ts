import type { Fields } from "../../test/kit/wire/forms.ts";
import { formBody } from "../../test/kit/wire/forms.ts";
import { claimsOf, withClaims } from "../../test/kit/wire/key.ts";
import { granted, holds, must, refused, same, text } from "../expect.ts";
import { ownAccess, tokenIn, wanting } from "../flows.ts";
import { type Row, rowsOf } from "../row.ts";
import type { Target } from "../target.ts";

const jwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const shown = (assertion: string, more: Fields = []): Fields => [
  ["grant_type", jwtBearer],
  ["assertion", assertion],
  ...more,
];
const ask = async (target: Target, assertion: string, more: Fields = []) =>
  target.ask("token", await target.actor("opener"), shown(assertion, more));
/** As a client that authenticates in no way but by the assertion itself, with a proof. */
const unauthenticated = async (target: Target, assertion: string) => {
  const { key } = await target.actor("worker");
  return target.wire.post(await target.endpoint("token"), formBody(shown(assertion, wanting(target.need("own")))), {
    key,
  });
};

const grantRows = rowsOf("RFC 7523", [
  {
    section: "2.1",
    level: "MUST",
    text: "The grant is named in the metadata, and a request of it without its assertion is refused",
    async run(target) {
      holds((await target.metadata()).grant_types_supported, jwtBearer, "grant_types_supported");
      const form: Fields = [["grant_type", jwtBearer], ...wanting(target.need("own"))];
      const answer = await target.ask("token", await target.actor("worker"), form);
      must(answer.status >= 400 && answer.status < 500, `answered ${answer.status}`);
    },
  },
  {
    section: "3.1",
    level: "MUST",
    text: "An assertion that is not valid is invalid_grant",
    async run(target) {
      for (const assertion of ["x", "e30.e30.", "e30.e30.e30"])
        refused(await unauthenticated(target, assertion), 400, "invalid_grant");
    },
  },
  {
    section: "3.1",
    level: "MUST",
    text: "The issuer's own tokens, and an ID token, are no assertions",
    async run(target) {
      const { identity } = await target.actor("worker");
      for (const assertion of [identity, await ownAccess(target), await target.need("person")()])
        refused(await unauthenticated(target, assertion), 400, "invalid_grant");
    },
  },
]);

const idJagRows = rowsOf("ID-JAG", [
  {
    section: "7",
    level: "MUST",
    text: "The profile is named in the metadata, beside the grant that it is a profile of",
    async run(target) {
      const metadata = await target.metadata();
      const profile = "urn:ietf:params:oauth:grant-profile:id-jag";
      holds(metadata.authorization_grant_profiles_supported, profile, "authorization_grant_profiles_supported");
      holds(metadata.grant_types_supported, jwtBearer, "grant_types_supported");
    },
  },
  {
    section: "4.4.3",
    level: "SHOULD",
    text: "An assertion gets an access token for its person, client and resource, and no refresh token",
    async run(target) {
      const answer = granted(await ask(target, await target.need("asserted")()));
      must(!("refresh_token" in answer), "a refresh token came");
      const claims = claimsOf(text(answer.access_token, "access_token"));
      same(claims.client_id, (await target.actor("opener")).id, "client_id");
      same(claims.aud, target.need("lent").uri, "aud");
      must(claims.sub !== claims.client_id, "the token is the client's own");
    },
  },
  {
    section: "4.4.1",
    level: "MUST",
    text: "An assertion for another client is invalid_grant, and so is one without client authentication refused",
    async run(target) {
      refused(await ask(target, await target.need("foreignAsserted")()), 400, "invalid_grant");
      refused(await unauthenticated(target, await target.need("asserted")()), 401, "invalid_client");
    },
  },
  {
    section: "4.4.1",
    level: "MUST",
    text: "Nothing of it may be changed: audience, client, subject, scope",
    async run(target) {
      const assertion = await target.need("asserted")();
      const claims = claimsOf(assertion);
      for (const more of [
        { aud: "https://other.example" },
        { client_id: (await target.actor("worker")).id },
        { sub: "x" },
        { scope: "x" },
      ])
        refused(await ask(target, withClaims(assertion, { ...claims, ...more })), 400, "invalid_grant");
    },
  },
  {
    section: "4.4.1",
    level: "MUST",
    text: "Request and assertion name one resource, or the answer is invalid_target",
    async run(target) {
      const assertion = await target.need("asserted")();
      refused(await ask(target, assertion, [["resource", target.need("own").uri]]), 400, "invalid_target");
      tokenIn(await ask(target, assertion, [["resource", target.need("lent").uri]]));
    },
  },
  {
    section: "7.2.1",
    level: "MUST",
    text: "Scopes beyond the assertion's are not given",
    async run(target) {
      const { scopes } = target.need("lent");
      const [first = ""] = scopes;
      const more: Fields = [["scope", `${first} beyond:everything`]];
      same(granted(await ask(target, await target.need("asserted")(), more)).scope, first, "scope");
    },
  },
  {
    section: "3.1",
    level: "SHOULD",
    text: "An assertion opens one session: the same client and key get it again, another key does not",
    async run(target) {
      const assertion = await target.need("asserted")();
      const sids = [await ask(target, assertion), await ask(target, assertion)].map(
        (one) => claimsOf(tokenIn(one)).sid,
      );
      same(sids[1], sids[0], "the second token's sid");
      const thief = await target.fresh("opener");
      refused(await target.ask("token", thief, shown(assertion)), 400, "invalid_grant");
    },
  },
]);

/** The grant by which another issuer's assertion is exchanged, and its profile for persons. */
export const assertionGrantRows: readonly Row[] = [...grantRows, ...idJagRows];
