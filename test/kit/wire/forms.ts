import {
  accessTokenType,
  idTokenType,
  offerTokenType,
  sessionTokenType,
  spiffeAssertionType,
  tokenExchangeGrant,
} from "../../../core/model/wire.ts";

/** A form: pairs, so that a name may occur twice. */
export type Fields = readonly (readonly [name: string, value: string])[];

/** A body with its media type. */
export interface Content {
  readonly type: string;
  readonly body: string;
}

/** Media type of forms. */
export const formType = "application/x-www-form-urlencoded";

/** Encodes a form. */
export const formOf = (fields: Fields): string =>
  fields.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join("&");

/** A form as a body. */
export const formBody = (fields: Fields): Content => ({ type: formType, body: formOf(fields) });

/** A value as a JSON body. */
export const jsonBody = (value: unknown): Content => ({ type: "application/json", body: JSON.stringify(value) });

/** The form's part that says who calls (draft-ietf-oauth-spiffe-client-auth). */
export const assertion = (actor: { readonly identity: string }): Fields => [
  ["client_assertion_type", spiffeAssertionType],
  ["client_assertion", actor.identity],
];

/** The form's part that says what is exchanged (RFC 8693). */
export const exchange = (kind: "id" | "access" | "session" | "offer", token: string): Fields => [
  ["grant_type", tokenExchangeGrant],
  ["subject_token", token],
  [
    "subject_token_type",
    { id: idTokenType, access: accessTokenType, session: sessionTokenType, offer: offerTokenType }[kind],
  ],
];

/** Asks for a session token. */
export const asSession: Fields = [["requested_token_type", sessionTokenType]];

/** Asks for an offer to agent `to`. */
export const asOfferTo = (to: string): Fields => [
  ["requested_token_type", offerTokenType],
  ["audience", to],
];
