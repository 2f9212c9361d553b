import { criticalMembers } from "./security-event.ts";

/** Where receivers find the key of our events: a set of its own, so that no verifier of tokens ever holds it. */
const eventKeysUri = (issuer: string): string => `${issuer}/.well-known/ssf-jwks.json`;

/**
 * Transmitter configuration metadata (SSF 1.0 section 7.1). Streams are registrations of the operator's, so there are
 * no endpoints to manage them by; each receives whatever concerns its resources, without asking subject by subject.
 */
export const transmitterConfiguration = (issuer: string) => ({
  spec_version: "1_0",
  issuer,
  jwks_uri: eventKeysUri(issuer),
  delivery_methods_supported: ["urn:ietf:rfc:8935"],
  critical_subject_members: criticalMembers,
  default_subjects: "ALL",
});
