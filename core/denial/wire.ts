import type { Missing } from "../model/decision.ts";
import { limits } from "../model/limits.ts";
import type { Reply } from "../model/wire.ts";
import type { Denial } from "./denial.ts";

interface WireError {
  readonly status: number;
  /** RFC 6749 5.2, RFC 8693 2.2.2, RFC 8707 2, RFC 9396 5, RFC 9449 5. */
  readonly error: string;
  readonly description: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the answer says beside error and description, for programs. */
  readonly members?: Readonly<Record<string, number>>;
}

const wire = (status: number, error: string, description: string, headers?: Record<string, string>): WireError =>
  headers ? { status, error, description, headers } : { status, error, description };

const badClient = (description: string, headers?: Record<string, string>) =>
  wire(401, "invalid_client", description, headers);
const badRequest = (description: string) => wire(400, "invalid_request", description);
const badScope = (description: string) => wire(400, "invalid_scope", description);
const badTarget = (description: string) => wire(400, "invalid_target", description);
const badDetails = (description: string) => wire(400, "invalid_authorization_details", description);
const badProof = (description: string) => wire(400, "invalid_dpop_proof", description);
const later = (description: string) =>
  wire(503, "temporarily_unavailable", description, { "Retry-After": String(limits.retryAfterSeconds) });

/** Told to operators alone. */
function unknownTarget({ target, why, meant }: Denial & { code: "target_unknown" }): string {
  const perhaps = meant === undefined ? "" : `; did you mean ${meant}?`;
  switch (why) {
    case "foreign":
      return "there is nothing of that name here";
    case "not_registered":
      return `no agent ${target.replace(/^agent:/, "")} is registered, and no session of it is known${perhaps}`;
    case "never_revoked":
      return `nothing was ever revoked under ${target}${perhaps}`;
    case "never_seen":
      return target.startsWith("session:")
        ? `${target} is not known; if it ever was, it has been over for a day or more`
        : `no session under ${target} is known${perhaps || "; member unseen (--unseen) blocks it in advance"}`;
  }
}

/** Which part was refused, without the policies' names: those are for the audit. */
function refusedPart(missing: Missing): string {
  switch (missing.who) {
    case "principal":
      return "this principal to lend";
    case "agent":
      return "this agent to act";
    case "task":
      return `the use of ${missing.tool}`;
    case "question":
      return "this";
  }
}

/**
 * What a caller gets to see of a denial: the one place where reasons become status, OAuth error and text.
 * Several reasons share one public face where the difference would help an attacker; the audit record keeps it.
 * @param denial any refusal
 * @returns status, error code and a description that says what to do
 */
export function denialToWire(denial: Denial): WireError {
  switch (denial.code) {
    case "content_type_unsupported":
      // RFC 6749 5.2: at the standards' endpoints a request that is no form is malformed, and that is 400
      if (denial.wanted === "form") return badRequest("send parameters as application/x-www-form-urlencoded");
      return wire(415, "invalid_request", "send the content type this endpoint documents");
    case "body_too_large":
      return wire(413, "invalid_request", `the body may hold at most ${denial.limitBytes} bytes`);
    case "malformed_request":
      return badRequest(`the request could not be read: ${denial.what}`);
    case "parameter_repeated":
      return badRequest(`parameter ${denial.name} was sent more than once`);
    case "parameter_missing":
      return badRequest(`parameter ${denial.name} is missing`);
    case "parameter_invalid":
      return badRequest(`parameter ${denial.name} is not valid: ${denial.why}`);
    case "grant_unsupported":
      return wire(400, "unsupported_grant_type", "use client_credentials or token exchange");
    case "method_not_allowed":
      return wire(405, "invalid_request", `use ${denial.allow}`, { Allow: denial.allow });
    case "not_found":
      return wire(404, "not_found", "there is nothing at this path");
    case "history_unsupported":
      return wire(501, "not_implemented", "only present lists are kept; leave parameter time out");
    case "dpop_missing":
      return badProof("send exactly one DPoP proof");
    case "dpop_invalid":
      return badProof(`the DPoP proof is not valid: ${denial.why}`);
    case "dpop_replayed":
      return badProof("this DPoP proof was used before; make a new one for every request");
    case "dpop_nonce_required":
      // the nonce itself is on every answer of an endpoint that demands one
      return wire(400, "use_dpop_nonce", "put the nonce of header DPoP-Nonce into the proof and ask again");
    case "dpop_key_mismatch":
      return badProof("the DPoP proof is by another key than the token or evidence is bound to");
    case "client_unauthenticated":
      // RFC 6749 5.2: who tried by the header is answered in its scheme, of which the edge let a bare token through
      return badClient(
        "authenticate by client_assertion, of type jwt-spiffe",
        denial.scheme === undefined ? undefined : { "WWW-Authenticate": `${denial.scheme} realm="lanyard"` },
      );
    case "client_methods_several":
      return badRequest(`authenticate by the client assertion alone, without ${denial.other}`);
    case "assertion_invalid":
      return badClient("the client assertion is not a valid identity token of this deployment");
    case "assertion_expired":
      return badClient("the identity token has expired; attest again");
    case "assertion_dead":
      return badClient("the identity token is no longer accepted; attest again");
    case "challenge_invalid":
      return wire(400, "use_attestation_challenge", `fetch a new challenge: this one is ${denial.why}`);
    case "evidence_unsupported":
      return badRequest("this type of evidence is not known here");
    case "evidence_invalid":
    case "evidence_replayed":
    case "evidence_of_another_key":
    case "evidence_insufficient":
    case "evidence_unbound":
    case "agent_unknown":
    case "selector_mismatch":
      // one face: an attacker must not learn which agents exist or which rule missed
      return badClient("the evidence does not prove the named agent");
    case "agent_inactive":
      return badClient("the agent is not active");
    case "evidence_expired":
      return badClient("the evidence has expired; fetch a fresh one");
    case "keys_unavailable":
      return later("the keys of the issuer could not be fetched; try again");
    case "attestation_unavailable":
      return later("the platform that vouches for the evidence did not answer; try again");
    case "build_not_released":
      return badClient("the code is not a release that is registered for this agent");
    case "assurance_too_low":
      return badClient(`this agent needs an attestation of level ${denial.required}`);
    case "audience_not_registered":
      return badTarget("the audience is not registered for this agent");
    case "issuer_untrusted":
    case "subject_token_invalid":
    case "subject_token_not_yours":
    case "subject_token_unbound":
    case "person_token_foreign_client":
    case "parent_dead":
      return badRequest("the subject token is not valid for this agent, or no longer");
    case "person_groups_unknown":
      return badRequest("the subject token does not say in which groups the person is");
    case "groups_redefined":
      return badRequest("the groups of the person's issuer mean others now: log the person in anew");
    case "person_token_burnt":
    case "person_token_before_cut":
      // as RFC 9470 asks for a younger sign-in; whoever shows it is its client and learns nothing else
      return {
        ...badRequest("this login of the person was revoked here: sign the person in anew (max_age=0), then ask again"),
        members: { max_age: 0 },
      };
    case "subject_token_expired":
      return badRequest("the subject token has expired");
    case "actor_token_mismatch":
      return badRequest("the actor token is not the authenticated agent's");
    case "offer_unknown":
    case "offer_for_another_agent":
    case "offer_withdrawn":
      return badRequest("there is no such offer for this agent");
    case "offer_expired":
      return badRequest("the offer has expired");
    case "offer_redeemed_by_another_key":
      return badRequest("the offer was redeemed with another key");
    case "offer_target_unknown":
      return badTarget("an offer names one registered agent of this deployment as audience");
    case "resource_missing":
      return badTarget("name the resource");
    case "resource_unknown":
      return badTarget("the resource is not registered here");
    case "server_dead":
      return badTarget("the server of the resource is suspended or revoked");
    case "offer_targets_several":
      return badTarget("an offer is held out to one agent: name one audience");
    case "resource_several":
      if (denial.limit !== undefined) return badTarget(`a request may name at most ${denial.limit} resources`);
      return badTarget("an access token is for one resource; ask for a session token to cover several");
    case "bearer_not_allowed":
      return badTarget("the resource takes bearer tokens only, and this deployment issues none");
    case "scope_missing":
      return badScope("name the scope");
    case "scope_unknown":
      return badScope(
        `not declared by a named resource: ${denial.scopes.join(" ")}${
          denial.scopes.some((scope) => /[,\s]/.test(scope)) ? "; scopes are separated by blanks" : ""
        }`,
      );
    case "scope_exceeds":
      return badScope(`refused, beyond what the ${boundWords[denial.by]}: ${denial.scopes.join(" ")}`);
    case "details_invalid":
      return badDetails(`authorization detail ${denial.type}: ${denial.why}`);
    case "details_exceed":
      return badDetails(`authorization detail ${denial.type}: ${denial.field} is not provably narrower`);
    case "details_unmapped":
      return badDetails(`authorization detail ${denial.type} does not carry over to the next resource`);
    case "details_required":
      return badDetails(
        `${denial.scopes.join(" ")} is granted only with authorization details of type ${denial.types.join(" or ")}`,
      );
    case "lifetime_exceeds":
      return badRequest(`lifetime_seconds may be at most ${denial.allowedSeconds} here`);
    case "uses_exceed":
      return badRequest(`max_uses may be at most ${denial.allowed} here`);
    case "uses_not_counted":
      return badTarget(`uses are not counted at ${denial.resource}: it is not registered as introspecting`);
    case "uses_spent":
      return badRequest("the token has no uses left");
    case "renewal_refused":
      return badRequest(`the session cannot be renewed: ${denial.why}`);
    case "renewal_overtaken":
      return later("the session was renewed by another request at this moment; try again");
    case "token_too_large":
      return badRequest(
        denial.nests
          ? `a chain of depth ${denial.depth} nests its actors deeper than tokens are read`
          : `a token of this would have ${denial.bytes} bytes; at most ${denial.limitBytes} are read`,
      );
    case "depth_exceeded":
      return badRequest(`the delegation would be ${denial.depth} deep; at most ${denial.limit} here`);
    case "policy_denied":
      return wire(403, "access_denied", `policy does not permit ${refusedPart(denial.missing)} at ${denial.resource}`);
    case "tree_full":
      return wire(
        403,
        "access_denied",
        `this task has as many child sessions and offers as it may get in a quarter of an hour (${denial.children} children)`,
      );
    case "rate_exceeded":
      return wire(429, "slow_down", `at most ${denial.perSecond} tokens a second`, { "Retry-After": "1" });
    case "blocked":
      return wire(403, "access_denied", "the agent, person, build or deployment is blocked by an operator");
    case "died_in_flight":
      return badRequest("what this was issued from was revoked meanwhile");
    case "not_a_resource_server":
      return wire(403, "access_denied", "only resource servers may introspect");
    case "not_the_owner":
      return wire(403, "access_denied", "an agent ends its own sessions, those below them and its own offers");
    case "token_not_revocable":
      return wire(400, "unsupported_token_type", "identity tokens end by themselves; an operator revokes the agent");
    case "registry_invalid":
      return wire(422, "registry_invalid", `nothing was written: ${denial.problems.length} problems`);
    case "registry_stale":
      return wire(
        409,
        "registry_stale",
        `the registry is at version ${denial.applied}, not ${denial.base}: look at the plan again`,
      );
    case "version_unknown":
      return wire(404, "not_found", `there is no version ${denial.version} of the registry`);
    case "cut_only_unprovable":
      return badRequest(`cutOnly would leave no way to tell a new login from an old one: ${denial.why}; leave it out`);
    case "target_unknown":
      return wire(404, "not_found", `nothing was changed: ${unknownTarget(denial)}`);
    case "successor_missing":
      return wire(
        409,
        "successor_missing",
        `nothing was changed: no idle ${denial.algorithms.join(" and no idle ")} key of ${denial.purpose} is known to every verifier, so that nothing could sign instead. A standby is known a quarter of an hour after it was made (lanyard keys). If none comes, the rotator cannot make keys: docs/runbook.md, RotatorErrors. What cannot wait: lanyard revoke --deployment`,
      );
    case "caller_not_authorized":
      return wire(403, "access_denied", "the caller is not authorized");
    case "registry_unavailable":
    case "liveness_unavailable":
    case "status_unsigned":
      return later("the service cannot decide right now; try again");
    default:
      return unreachable(denial);
  }
}

const boundWords = {
  parent: "session, or the token presented for it, holds",
  offer: "offer holds",
  registration: "agent is registered for",
  lending: "principal may lend",
  entailment: "presented token entails",
} as const;

const unreachable = (denial: never): never => {
  throw new Error(`no wire form for denial ${JSON.stringify(denial)}`);
};

/**
 * A denial as an OAuth error answer (RFC 6749 5.2). `invalid_client` carries a challenge only for who tried an HTTP
 * authentication scheme: there is none to recommend, and clients take one for the whole answer.
 */
export function denialReply(denial: Denial): Reply {
  const { status, error, description, headers, members } = denialToWire(denial);
  return {
    status,
    ...(headers ? { headers } : {}),
    contentType: "application/json",
    body: JSON.stringify({ error, error_description: printable(description), ...members }),
  };
}

/** RFC 6749 5.2: all an `error_description` may hold; a name that was sent in a request must not bring more into a log. */
const printable = (text: string): string => text.replace(/[^\x20-\x21\x23-\x5B\x5D-\x7E]/gu, "?");
