import type { AuditContext } from "../../audit/context.ts";
import type { Denial } from "../../denial/denial.ts";
import { personId } from "../../model/person-id.ts";
import { err, ok, type Result } from "../../model/result.ts";
import { subjects } from "../../model/subjects.ts";
import type { Call, Reply } from "../../model/wire.ts";
import { epochOf } from "../../session/liveness.ts";
import { type HearDeps, hear } from "../hear.ts";
import { type RegisteredDeps, registeredNow } from "../registered.ts";
import { subjectForm } from "../subject.ts";
import { invalid } from "./active.ts";
import { type ScimIssuer, scimIssuer, scimToken } from "./client.ts";
import { listOf, scimDocument } from "./documents.ts";
import type { UserFilter } from "./filter.ts";
import { scimReply as reply, scimType } from "./reply.ts";
import { readScim, type ScimRequest, scimPath } from "./request.ts";
import { shownUser, subjectOfId } from "./user.ts";

/** What SCIM is served by. */
interface ScimDeps extends HearDeps, RegisteredDeps {}

/** What one call is answered from. */
interface Asked {
  readonly issuer: ScimIssuer;
  readonly audit: AuditContext;
  readonly deps: ScimDeps;
  /** Address of SCIM, with its slash. */
  readonly base: string;
}

/**
 * Serves one call of a SCIM client (RFC 7644): as much as a provider needs to say who is no longer active. No directory
 * is kept: a user's id is made of the person's `sub`, names and addresses are not read, and `active` is what the row of
 * the person says.
 * @param authorization the header's value, as it came
 * @returns the answer; or `scim_client_unknown`, `not_found`, those of reading the request, `rate_exceeded`
 */
export async function serveScim(
  call: Call,
  authorization: string | undefined,
  { audit, deps }: Pick<Asked, "audit" | "deps">,
): Promise<Result<Reply, Denial>> {
  const token = scimToken(authorization);
  if (!token.ok) return token;
  const registry = await registeredNow(deps);
  if (!registry.ok) return registry;
  audit.add({ registryVersion: registry.value.version });
  const issuer = await scimIssuer(token.value, registry.value);
  if (!issuer.ok) return issuer;
  audit.add({ signal: { issuer: issuer.value.issuer } });
  // from here on each refusal is written down by itself: the client has proved who it is
  audit.authenticated = true;
  const request = readScim(call);
  if (!request.ok) return request;
  audit.add({ signal: { issuer: issuer.value.issuer, event: `scim.${request.value.kind}` } });
  const base = call.url.slice(0, call.url.length - call.path.length) + scimPath;
  return answer(request.value, { issuer: issuer.value, audit, deps, base });
}

async function answer(request: ScimRequest, asked: Asked): Promise<Result<Reply, Denial>> {
  switch (request.kind) {
    case "document": {
      const document = scimDocument(request.name, request.id, asked.base);
      return document ? ok(reply(200, document)) : err({ code: "not_found", path: request.name });
    }
    case "find": {
      const subject = subjectFound(request.filter, asked);
      const user = subject === undefined ? undefined : await shown(subject, asked);
      return user && !user.ok ? user : ok(reply(200, listOf(user ? [user.value] : [])));
    }
    case "show": {
      const user = await shown(request.subject, asked);
      return user.ok ? ok(reply(200, user.value)) : user;
    }
    case "delete": {
      const gone = await blocked([request.subject], asked);
      return gone.ok ? ok({ status: 204, contentType: scimType, body: "" }) : gone;
    }
    default:
      return changed(request, asked);
  }
}

const attributeOf = ({ issuer: { scim } }: Pick<Asked, "issuer">) => scim.subject ?? "externalId";

/**
 * The user that a filter names. By the attribute that is the person's `sub` everybody is found, and by another nobody:
 * a client that finds nobody creates the user, and gets the same id each time.
 */
function subjectFound(filter: UserFilter | undefined, asked: Asked): string | undefined {
  if (!filter) return undefined;
  const subject = filter.attribute === "id" ? subjectOfId(filter.value) : filter.value;
  const isName = filter.attribute === "id" || filter.attribute === attributeOf(asked);
  return isName && subject !== undefined && subjectForm.test(subject) ? subject : undefined;
}

async function changed(
  request: Extract<ScimRequest, { kind: "create" | "replace" | "patch" }>,
  asked: Asked,
): Promise<Result<Reply, Denial>> {
  const named = attributeOf(asked);
  const said = request.said[named];
  if (said !== undefined && !subjectForm.test(said))
    return invalid("invalidValue", `${named} is not the sub of a person: 1 to 255 printable ASCII characters`);
  const subject = request.kind === "create" ? said : request.subject;
  if (subject === undefined) return invalid("invalidValue", `${named} is missing: it is the person's sub`);
  const isRenamed = said !== undefined && said !== subject;
  // the person under the former name, and under the new one, is the one who left
  const gone = request.active === false ? await blocked(isRenamed ? [subject, said] : [subject], asked) : ok(undefined);
  if (!gone.ok) return gone;
  if (isRenamed && request.active !== false)
    return invalid("mutability", `${named} is the person: create another user`);
  const user = await shown(subject, asked, request.said);
  if (!user.ok) return user;
  const headers = { Location: user.value.meta.location };
  return ok({ ...reply(request.kind === "create" ? 201 : 200, user.value), headers });
}

/** Blocks people who are no longer active. Each is one transaction with its record. */
async function blocked(people: readonly string[], { issuer, audit, deps }: Asked): Promise<Result<void, Denial>> {
  for (const sub of people) {
    const report = { principal: personId(issuer.issuer, sub), gone: true };
    const heard = await hear({ issuer: issuer.issuer, report, replayEntries: [] }, audit, deps);
    if (!heard.ok) return heard;
  }
  return ok(undefined);
}

async function shown(
  subject: string,
  { issuer, deps, base }: Asked,
  said: ScimSaid = {},
): Promise<Result<ReturnType<typeof shownUser>, Denial>> {
  const row = subjects.principal(personId(issuer.issuer, subject));
  const rows = await deps.store.readLiveness({ tombstones: [], subjects: [row] });
  if (!rows.complete) return err({ code: "liveness_unavailable", why: "a key stayed unread" });
  const active = !epochOf(rows, row).blocked;
  return ok(shownUser({ subject, named: attributeOf({ issuer }), active, users: `${base}Users`, said }));
}

type ScimSaid = NonNullable<Parameters<typeof shownUser>[0]["said"]>;
