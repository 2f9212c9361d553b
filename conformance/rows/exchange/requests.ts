import { accessTokenType, idTokenType, tokenExchangeGrant } from "../../../core/model/wire.ts";
import type { Fields } from "../../../test/kit/wire/forms.ts";
import { exchanged, replaced, without } from "../../exchanged.ts";
import { granted, refused } from "../../expect.ts";
import { rowsOf } from "../../row.ts";
import type { Target } from "../../target.ts";

const jwtType = "urn:ietf:params:oauth:token-type:jwt";

const withActor = (token: string | undefined, type: string | undefined) => (form: Fields) => [
  ...form,
  ...(token === undefined ? [] : ([["actor_token", token]] as const)),
  ...(type === undefined ? [] : ([["actor_token_type", type]] as const)),
];

/** Token requests (RFC 8693 2.1). */
export const exchangeRequestRows = rowsOf("RFC 8693", [
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
    section: "2.1",
    level: "MUST",
    text: "audience may be sent more than once",
    async run(target) {
      const { uri } = target.need("own");
      const named = (form: Fields): Fields => [...form, ["audience", uri], ["audience", uri]];
      granted(await exchanged(target, named));
      const beside = (form: Fields): Fields => [...named(form), ["audience", "https://nowhere.example"]];
      refused(await exchanged(target, beside), 400, "invalid_target");
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
