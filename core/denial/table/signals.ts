import { badClient, badRequest, type Rows } from "../row.ts";

/** Refusals of what identity providers say of their people, each with its facts. */
export type SignalDenial =
  | { readonly code: "event_malformed"; readonly why: string }
  | { readonly code: "event_issuer_unknown"; readonly issuer: string }
  | { readonly code: "event_audience_foreign" }
  | { readonly code: "event_key_unknown"; readonly issuer: string; readonly why: string }
  | { readonly code: "event_unproved"; readonly issuer: string }
  | { readonly code: "event_subject_foreign"; readonly issuer: string; readonly subjectIssuer: string }
  | { readonly code: "event_subject_unnamed"; readonly format: string }
  | { readonly code: "scim_client_unknown" }
  | {
      readonly code: "scim_request_invalid";
      readonly scimType: "invalidFilter" | "invalidSyntax" | "invalidPath" | "invalidValue" | "mutability";
      readonly why: string;
    };

/** RFC 8935 2.3: every refusal of an event is a 400, and 2.4 names the errors. */
const refused = <D>(error: string, description: string | ((denial: D) => string)) => ({
  status: 400,
  error,
  description,
});

/** What auditors and callers are told of each. */
export const signalDenials: Rows<SignalDenial> = {
  event_malformed: {
    rule: "a security event token is whole: typ secevent+jwt, one event, sub_id, jti, iat, and neither sub nor exp (RFC 8417 2.2, SSF 1.0 4.1)",
    missing: (d) => d.why,
    answer: refused("invalid_request", (d) => d.why),
  },
  event_issuer_unknown: {
    rule: "only a transmitter that the registry names for an issuer of people is heard",
    missing: (d) => `events of ${d.issuer} in a trusted issuer's registration`,
    answer: refused("invalid_issuer", "this transmitter is not registered here"),
  },
  event_audience_foreign: {
    rule: "an event is for the one audience that its transmitter is registered with (RFC 8417 2.2)",
    missing: "the registered audience, alone",
    answer: refused("invalid_audience", "aud must be the registered audience, and that one alone"),
  },
  event_key_unknown: {
    rule: "an event is signed by a key that its transmitter publishes at its registered address",
    missing: (d) => `${d.issuer}: ${d.why}`,
    answer: refused("invalid_key", "the key is not published at the registered address, or not for this algorithm"),
  },
  event_unproved: {
    rule: "the signature is what proves a transmitter",
    missing: (d) => `a signature that verifies with the key of ${d.issuer} it names`,
    answer: refused("authentication_failed", "the signature does not verify with the key it names"),
  },
  event_subject_foreign: {
    rule: "a transmitter speaks of its own issuer's people alone",
    missing: (d) => `a subject of the issuer that ${d.issuer} is registered for; ${d.subjectIssuer} is another`,
    answer: refused("access_denied", "this transmitter is not registered for people of the subject's issuer"),
  },
  event_subject_unnamed: {
    rule: "a person is named by issuer and subject (RFC 9493 3.2.4), never by an address or a number that another may get",
    missing: (d) => `a subject in format iss_sub, alone or as user of a complex one; this one is ${d.format}`,
    answer: refused("invalid_request", "name the person in format iss_sub, alone or as user of a complex subject"),
  },
  scim_client_unknown: {
    rule: "only a client whose token's hash the registry has says by SCIM who is active",
    missing: "a token of the form lys_… whose hash is registered for an issuer of people",
    // RFC 7644 2
    answer: badClient("show a registered token as Authorization: Bearer lys_...", {
      headers: { "WWW-Authenticate": "Bearer" },
    }),
  },
  scim_request_invalid: {
    rule: "SCIM requests are read strictly where they say who is active (RFC 7644 3.12)",
    missing: (d) => `${d.scimType}: ${d.why}`,
    answer: badRequest((d) => d.why),
  },
};
