import { criticalMembers } from "./security-event.ts";

/**
 * Where receivers find the key of our events. The set is separate, so that no verifier of tokens ever holds it (threat
 * 3).
 */
const eventKeysUri = (issuer: string): string => `${issuer}/.well-known/ssf-jwks.json`;

/**
 * Transmitter configuration metadata (SSF 1.0 section 7.1). Streams are registered by operators, so there are no
 * endpoints to manage them. Each receives everything that concerns its resources, without adding single subjects.
 */
export const transmitterConfiguration = (issuer: string) => ({
  spec_version: "1_0",
  issuer,
  jwks_uri: eventKeysUri(issuer),
  delivery_methods_supported: ["urn:ietf:rfc:8935"],
  critical_subject_members: criticalMembers,
  default_subjects: "ALL",
});
