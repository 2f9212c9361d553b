import { assertionIn, type Form, readForm, single } from "../caller/authenticate.ts";
import type { Denial } from "../denial/denial.ts";
import { assertionKind, checkClientMethod } from "../jwt-bearer/authenticate-client.ts";
import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { AuthorizationDetail } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import {
  accessTokenType,
  awsTokenType,
  type Call,
  cibaGrant,
  idTokenType,
  jwtBearerGrant,
  offerTokenType,
  sessionTokenType,
  tokenExchangeGrant,
} from "../model/wire.ts";
import { parseBoundedJson } from "../text/json.ts";
import { toolDigestForm } from "../tools/digest.ts";

/**
 * What a request may ask for: an access token, a session token for several resources, an offer to another agent, or a
 * token by which the agent takes a role of AWS.
 */
type Requested = "access" | "session" | "offer" | "aws";

/** What stands for the principal: a subject token, or an assertion of the `jwt-bearer` grant. */
type SubjectType = "id" | "access" | "session" | "offer" | "id-jag" | "workload" | "approval";

/** A parsed token request; nothing in it is verified yet. */
export interface TokenRequest {
  readonly subject?: { readonly token: string; readonly type: SubjectType };
  readonly actorToken?: string;
  readonly clientId?: string;
  readonly requested: Requested;
  readonly resources: readonly string[];
  /** For an offer: the agent that may redeem it. Otherwise an audience is a resource (RFC 8693 2.1). */
  readonly audience?: string;
  readonly scopes: readonly string[];
  readonly details: readonly AuthorizationDetail[];
  readonly purpose?: string;
  /** Digests of what the agent says that it works with (docs/tools.md). */
  readonly tools?: readonly string[];
  readonly lifetimeSeconds?: number;
  /** Name of a registered AWS role, where several stand for the resource. */
  readonly role?: string;
  /** How often the requested token may be used, 1 to `limits.usesMax`. */
  readonly maxUses?: number;
  /** What the session that is opened, or the child of the offer, and everything below it, may spend, as it was sent: `read-bounds.ts` reads it. */
  readonly budget?: string;
}

const subjectTypes = new Map<string, SubjectType>([
  [idTokenType, "id"],
  [accessTokenType, "access"],
  [sessionTokenType, "session"],
  [offerTokenType, "offer"],
]);
const requestedTypes = new Map<string, Requested>([
  [accessTokenType, "access"],
  [sessionTokenType, "session"],
  [offerTokenType, "offer"],
  [awsTokenType, "aws"],
]);
const jwtType = "urn:ietf:params:oauth:token-type:jwt";

/**
 * Parses the form of a token request (RFC 6749 4.4, RFC 8693 2.1, RFC 8707 2, RFC 9396 2).
 * @returns the request and its form, or the denial of the first thing that is wrong
 */
export function readTokenRequest(call: Call): Result<Read<TokenRequest>, Denial> {
  const claimed = (form: Form) => checkClientMethod(call, form, () => assertionIn(call, form));
  return readClaimed(call, { repeatable: ["resource", "audience"], claimed }, parse);
}

/** A request as parsed, and the form it came in. */
export interface Read<T> {
  readonly request: T;
  readonly form: Form;
}

/**
 * Parses a form by which an authenticated agent asks for something. Whether it carries an assertion is looked at before
 * its parameters (RFC 6749 5.2).
 * @param repeatable names that may occur more than once
 * @returns the request and its form, or the denial of the first thing that is wrong
 */
export const readAsserted = <T>(
  call: Call,
  repeatable: readonly string[],
  parseForm: (form: Form) => Result<T, Denial>,
): Result<Read<T>, Denial> => readClaimed(call, { repeatable, claimed: (form) => assertionIn(call, form) }, parseForm);

function readClaimed<T>(
  call: Call,
  how: { readonly repeatable: readonly string[]; readonly claimed: (form: Form) => Result<unknown, Denial> },
  parseForm: (form: Form) => Result<T, Denial>,
): Result<Read<T>, Denial> {
  const read = readForm(call, how.repeatable);
  if (!read.ok) return read;
  const form = read.value;
  const claimed = how.claimed(form);
  if (!claimed.ok) return claimed;
  const parsed = parseForm(form);
  return parsed.ok ? ok({ request: parsed.value, form }) : parsed;
}

function parse(form: Form): Result<TokenRequest, Denial> {
  const subject = readSubject(form);
  if (!subject.ok) return subject;
  const actor = readActor(form);
  if (!actor.ok) return actor;
  const requested = requestedTypes.get(single(form, "requested_token_type") ?? accessTokenType);
  if (!requested) return invalid("requested_token_type", "ask for an access token, a session or an offer");
  // RFC 8693 2.1: an audience is another name of a target and may come several times. For an offer it is an agent,
  // otherwise a resource
  const audiences = [...new Set(form.get("audience"))];
  const isOffer = requested === "offer";
  if (isOffer && audiences.length > 1) return err({ code: "offer_targets_several", count: audiences.length });
  const resources = [...new Set([...(form.get("resource") ?? []), ...(isOffer ? [] : audiences)])];
  if (resources.length > limits.resourcesPerRequest)
    return err({ code: "resource_several", count: resources.length, limit: limits.resourcesPerRequest });
  const aws = requested === "aws" ? checkAws(subject.value, resources) : ok(undefined);
  if (!aws.ok) return aws;
  const bounds = readBounds(form);
  if (!bounds.ok) return bounds;
  const purpose = single(form, "purpose");
  if (purpose !== undefined && purpose.length > limits.purposeCharacters)
    return invalid("purpose", `at most ${limits.purposeCharacters} characters`);
  const tools = readTools(form);
  if (!tools.ok) return tools;
  const maxUses = single(form, "max_uses");
  if (maxUses !== undefined && !(/^[1-9][0-9]{0,5}$/.test(maxUses) && Number(maxUses) <= limits.usesMax))
    return invalid("max_uses", `send a whole number from 1 to ${limits.usesMax}`);
  const budget = single(form, "budget");
  const role = readRole(form);
  if (!role.ok) return role;
  const clientId = single(form, "client_id");
  return ok({
    ...(subject.value ? { subject: subject.value } : {}),
    ...(actor.value ? { actorToken: actor.value } : {}),
    ...(clientId === undefined ? {} : { clientId }),
    ...(isOffer && audiences[0] !== undefined ? { audience: audiences[0] } : {}),
    ...(purpose === undefined ? {} : { purpose }),
    ...tools.value,
    ...(maxUses === undefined ? {} : { maxUses: Number(maxUses) }),
    ...(budget === undefined ? {} : { budget }),
    requested,
    resources,
    ...bounds.value,
    ...role.value,
  });
}

/** Digests with one blank between, each once: their order says nothing, so that one set is asked about in one way. */
function readTools(form: Form): Result<Pick<TokenRequest, "tools">, Denial> {
  const text = single(form, "tools");
  if (text === undefined) return ok({});
  const tools = [...new Set(text.split(" "))].sort();
  return tools.length <= limits.toolsAsserted && tools.every((one) => toolDigestForm.test(one))
    ? ok({ tools })
    : invalid("tools", `at most ${limits.toolsAsserted} digests, sha256: and 64 hex digits, with one blank between`);
}

/**
 * Which of several AWS roles is meant, `role`.
 * @returns it, or `parameter_invalid`
 */
export function readRole(form: Form): Result<Pick<TokenRequest, "role">, Denial> {
  const role = single(form, "role");
  if (role === undefined) return ok({});
  return /^[a-z0-9][a-z0-9._-]{0,63}$/.test(role) ? ok({ role }) : invalid("role", "send a registered name");
}

/** A role of AWS stands for one resource, and what another lent, or was narrowed for a server, is no ground for it. */
function checkAws(subject: TokenRequest["subject"], resources: readonly string[]): Result<void, Denial> {
  if (subject?.type !== "session")
    return invalid("subject_token_type", `send your own session token, ${sessionTokenType}`);
  return checkOneResource(resources);
}

/** @returns nothing, or `resource_missing`, `resource_several` */
export function checkOneResource(resources: readonly string[]): Result<void, Denial> {
  if (resources.length === 0) return err({ code: "resource_missing" });
  return resources.length > 1 ? err({ code: "resource_several", count: resources.length, limit: 1 }) : ok(undefined);
}

/**
 * How much of what stands above is asked for: `scope`, `authorization_details`, `lifetime_seconds`.
 * @returns them, or `parameter_invalid`, `details_invalid`
 */
export function readBounds(form: Form): Result<Pick<TokenRequest, "scopes" | "details" | "lifetimeSeconds">, Denial> {
  const scopes = [...new Set((single(form, "scope") ?? "").split(" ").filter((scope) => scope !== ""))];
  if (scopes.length > limits.scopesPerRequest) return invalid("scope", "too many");
  const details = readDetails(single(form, "authorization_details"));
  if (!details.ok) return details;
  const lifetime = single(form, "lifetime_seconds");
  if (lifetime !== undefined && !/^[1-9][0-9]{0,5}$/.test(lifetime))
    return invalid("lifetime_seconds", "send a positive whole number of seconds");
  return ok({
    scopes,
    details: details.value,
    ...(lifetime === undefined ? {} : { lifetimeSeconds: Number(lifetime) }),
  });
}

const invalid = (name: string, why: string) => err({ code: "parameter_invalid", name, why } as const);
const missing = (name: string) => err({ code: "parameter_missing", name } as const);

function readSubject(form: Form): Result<TokenRequest["subject"], Denial> {
  const grantType = single(form, "grant_type");
  if (grantType === undefined) return missing("grant_type");
  const token = single(form, "subject_token");
  const typeUri = single(form, "subject_token_type");
  if (grantType === "client_credentials") {
    // a client that sends a subject with a grant that takes none is mistaken; to act for nobody would surprise it
    return token === undefined && typeUri === undefined
      ? ok(undefined)
      : invalid("subject_token", "client_credentials takes no subject; use token exchange");
  }
  if (grantType === jwtBearerGrant) return readAssertion(form);
  if (grantType === cibaGrant) return readApproval(form);
  if (form.has("assertion")) return invalid("assertion", "it is for the grant jwt-bearer alone");
  if (grantType !== tokenExchangeGrant) return err({ code: "grant_unsupported", grantType: grantType.slice(0, 100) });
  if (token === undefined) return missing("subject_token");
  if (typeUri === undefined) return missing("subject_token_type");
  const type = subjectTypes.get(typeUri);
  if (!type) return invalid("subject_token_type", "unknown type");
  if (token.length > limits.tokenBytes) return invalid("subject_token", "too large");
  return ok({ token, type });
}

/** RFC 7523 2.1. Of what kind an assertion is tells its own `typ`, which the verification of that kind checks again. */
function readAssertion(form: Form): Result<TokenRequest["subject"], Denial> {
  const token = single(form, "assertion");
  if (token === undefined) return missing("assertion");
  if (form.has("subject_token") || form.has("subject_token_type"))
    return invalid("subject_token", "jwt-bearer takes its assertion and no subject token");
  return token.length > limits.tokenBytes
    ? invalid("assertion", "too large")
    : ok({ token, type: assertionKind(token) });
}

/** What redeems an approval cannot say anything else: it gets exactly what was approved. */
const withApprovalNone = [
  ...["assertion", "subject_token", "subject_token_type", "actor_token", "requested_token_type", "audience"],
  ...[
    "resource",
    "scope",
    "authorization_details",
    "lifetime_seconds",
    "max_uses",
    "budget",
    "role",
    "purpose",
    "tools",
  ],
];

/** CIBA 10.1: an approval is redeemed by its `auth_req_id`. */
function readApproval(form: Form): Result<TokenRequest["subject"], Denial> {
  const token = single(form, "auth_req_id");
  if (token === undefined) return missing("auth_req_id");
  const other = withApprovalNone.find((name) => form.has(name));
  return other === undefined
    ? ok({ token, type: "approval" })
    : invalid(other, "the request was made already: send auth_req_id alone");
}

/** RFC 8693 2.1: the type is required with an actor token and must not be sent without it. */
function readActor(form: Form): Result<string | undefined, Denial> {
  const token = single(form, "actor_token");
  const type = single(form, "actor_token_type");
  if (token === undefined) return type === undefined ? ok(undefined) : missing("actor_token");
  if (type === undefined) return missing("actor_token_type");
  if (type !== jwtType) return invalid("actor_token_type", `an identity token is a ${jwtType}`);
  return ok(token);
}

/**
 * Parses `authorization_details` (RFC 9396 2).
 * @returns its entries, none where it was left out, or `details_invalid`
 */
function readDetails(text: string | undefined): Result<readonly AuthorizationDetail[], Denial> {
  if (text === undefined) return ok([]);
  const bad = (why: string) => err({ code: "details_invalid", type: "?", why } as const);
  if (Buffer.byteLength(text, "utf8") > limits.detailsBytes) return bad("too large");
  const parsed = parseBoundedJson(text);
  if (!parsed.ok) return bad(parsed.error);
  const list = parsed.value;
  if (!Array.isArray(list)) return bad("authorization_details is a JSON array of objects");
  if (list.length > limits.detailsPerRequest) return bad("too many");
  for (const item of list)
    if (typeof item !== "object" || item === null || Array.isArray(item) || typeof item.type !== "string")
      return bad("each entry is an object with a type");
  return ok(list as AuthorizationDetail[]);
}

/**
 * The request with its resources in registered spelling, so that tokens, rows and records have one spelling of each. A
 * resource that is not registered stays as it was sent, and is refused under that name.
 */
export function inRegisteredNames(request: TokenRequest, registry: RegistrySnapshot): TokenRequest {
  const named = request.resources.map((text) => registry.resourceNamed(text)?.uri ?? text);
  return { ...request, resources: [...new Set(named)] };
}
