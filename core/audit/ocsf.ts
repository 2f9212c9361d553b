import { createHash } from "node:crypto";
import type { Denial } from "../denial/denial.ts";
import { explainDenial } from "../denial/explain.ts";
import { ocsfClasses } from "./classes.ts";
import { lanyardFacts } from "./columns.ts";
import type { AuditFacts, AuditOperation, AuditRecord } from "./record.ts";
import { type Own, ownValues, redactAll, redactTarget, redactText } from "./redact.ts";

/** The released schema version that every event conforms to. */
const ocsfVersion = "1.8.0";

/** Longer texts are cut. DynamoDB takes 400 KB for an item, and the rest of the transaction needs room too. */
const recordBytes = 100_000;

/**
 * What a refused agent sent is recorded up to so many characters of a text and entries of a list: the caller must not
 * decide how large a record is (threat 34).
 */
const refused = { characters: 256, entries: 20 };

const userType = { user: 1, admin: 2, service: 4 } as const;

/**
 * Writes one decision as an OCSF 1.8.0 event: the standard's members for tools that know OCSF, and all of Lanyard's own
 * facts under `unmapped.lanyard`, so that a question by session, agent or principal is one plain WHERE. It is
 * serialized only once: relay and bucket carry these bytes, and `hash` is computed over them.
 * @param facts the decision; texts in it are redacted and bounded here
 * @param eventId `metadata.uid`, the outbox row's key and the key for de-duplication downstream
 */
export function toRecord(facts: AuditFacts, eventId: string): AuditRecord {
  const kind = ocsfClasses[facts.operation];
  const own = ownValues(facts);
  const event = {
    metadata: {
      version: ocsfVersion,
      product: { name: "Lanyard", vendor_name: "Lanyard" },
      uid: eventId,
      event_code: facts.operation,
      correlation_uid: facts.session?.root ?? redactText(facts.requestId),
    },
    class_uid: kind.classUid,
    class_name: kind.className,
    category_uid: kind.categoryUid,
    category_name: kind.categoryName,
    activity_id: kind.activityId,
    activity_name: kind.activityName,
    type_uid: kind.classUid * 100 + kind.activityId,
    type_name: `${kind.className}: ${kind.activityName}`,
    time: facts.timeMillis,
    ...outcome(facts, own),
    ...(facts.count === undefined ? {} : { count: facts.count }),
    ...classMembers(facts, kind.classUid, own),
    unmapped: { lanyard: columns(facts, own) },
  };
  const body = bounded(event);
  const hash = createHash("sha256").update(body).digest("base64url");
  return { eventId, timeMillis: facts.timeMillis, detailType: kind.className, body, hash };
}

/**
 * A record must always fit its row and its event. One that did not fit could stop the very decision it records (threat
 * 13).
 */
const bounded = <T extends { readonly metadata: object; readonly unmapped: object }>(event: T): string => {
  const body = JSON.stringify(event);
  if (Buffer.byteLength(body) <= recordBytes) return body;
  const shorter = redactAll(event.unmapped, (text) => text.slice(0, 100));
  return JSON.stringify({ ...event, metadata: { ...event.metadata, is_truncated: true }, unmapped: shorter });
};

/**
 * All facts of a grant and of an operator's act. Of a refusal, what the caller sent is cut, since otherwise a request
 * that costs nothing to send could make us write much (threat 34). The questions put to policies are our own and stay,
 * since they may be asked again of a proposed set of policies.
 */
function columns(facts: AuditFacts, own: Own): Record<string, unknown> {
  const all = lanyardFacts(facts, own);
  if (facts.outcome === "allowed" || facts.operator) return all;
  // bounded column by column: we decide which columns there are, and a reason late in the order must not be lost
  return Object.fromEntries(
    Object.entries(all).map(([name, value]) => [
      name,
      name === "asked" ? value : redactAll(value, cut, { ...refused, depth: 1 }),
    ]),
  );
}

const cut = (text: string): string =>
  text.length > refused.characters ? `${text.slice(0, refused.characters)}…` : text;

const refusal = (denial: Denial, own: Own) => ({
  status_code: denial.code,
  status_detail: cut(redactText(explainDenial(denial).missing, own)),
});

/** Operations whose severity is above that of a revocation or of a usual decision. */
const graver: Partial<Record<AuditOperation, readonly [number, string]>> = {
  revoke: [3, "Medium"],
  "deployment.drift": [4, "High"],
};

/**
 * The severity of a decision: a revocation, a refusal, and a document that another key took over deserve attention; a
 * grant is usual.
 */
const outcome = (facts: AuditFacts, own: Own) => {
  const [severity_id, severity] =
    facts.outcome === "denied" || facts.keyReplaced ? [2, "Low"] : (graver[facts.operation] ?? [1, "Informational"]);
  const status =
    facts.outcome === "allowed" ? { status_id: 1, status: "Success" } : { status_id: 2, status: "Failure" };
  return { severity_id, severity, ...status, ...(facts.denial ? refusal(facts.denial, own) : {}) };
};

const classMembers = (facts: AuditFacts, classUid: number, own: Own): Record<string, unknown> => {
  const common = { actor: actor(facts, own), src_endpoint: source(facts) };
  const request = { uid: redactText(facts.requestId) };
  switch (classUid) {
    case 3002:
      return {
        ...common,
        user: receiver(facts, own),
        service: { name: "Lanyard" },
        is_remote: true,
        ...session(facts),
      };
    case 3003:
      return { ...common, user: receiver(facts, own), privileges: privileges(facts, own), ...session(facts) };
    case 3004:
      return { ...common, entity: entity(facts, own), ...(facts.reason ? { comment: redactText(facts.reason) } : {}) };
    default:
      return { ...common, api: { operation: facts.operation, service: { name: "Lanyard" }, request } };
  }
};

/** Who did it: the operator, else the agent that called. */
const actor = (facts: AuditFacts, own: Own) => ({
  user: facts.operator
    ? { uid: facts.operator.uniqueId, name: facts.operator.arn, type_id: userType.admin, type: "Admin" }
    : agentUser(facts.agent, own),
  ...session(facts),
  ...(facts.policies && facts.policies.length > 0 ? { authorizations: verdicts(facts, facts.policies, own) } : {}),
});

const verdicts = (facts: AuditFacts, policies: readonly string[], own: Own) =>
  policies.slice(0, 100).map((name) => ({
    decision: facts.outcome === "allowed" ? "Allowed" : "Denied",
    policy: { name: redactText(name, own) },
  }));

/** For whom it was done: for an offer the agent that the offer names, else the caller. */
const receiver = (facts: AuditFacts, own: Own) => agentUser(facts.offeredTo ?? facts.agent, own);

const agentUser = (id: string | undefined, own: Own) => {
  const uid = redactText(id ?? "unknown", own);
  return {
    uid,
    name: uid.slice(uid.indexOf("/agent/") + 1).replace("agent/", ""),
    type_id: userType.service,
    type: "Service",
  };
};

const privileges = (facts: AuditFacts, own: Own): string[] => {
  const scopes =
    facts.grants?.flatMap((g) => g.scopes.map((s) => `${g.resource} ${s}`)) ?? facts.requested?.scopes ?? [];
  return scopes
    .slice(0, facts.outcome === "allowed" ? 100 : refused.entries)
    .map((scope) => redactText(scope, own).slice(0, 256));
};

const session = (facts: AuditFacts) =>
  facts.session === undefined
    ? {}
    : {
        session: {
          uid: facts.session.sid,
          ...(facts.expiresAtSeconds === undefined ? {} : { expiration_time: facts.expiresAtSeconds * 1000 }),
        },
      };

/** `agent:<id>`, `session:<sid>`, `registry`: the part before the colon is the entity's type. */
const entity = (facts: AuditFacts, own: Own) => {
  const uid = redactTarget(facts.target ?? facts.session?.sid ?? facts.agent ?? "unknown", own);
  const type = /^(session|agent|principal|build|deployment|registry|offer|key|function)(?=:|$)/.exec(uid)?.[0];
  return { uid, ...(type ? { type } : {}) };
};

const source = (facts: AuditFacts) => {
  const ip = address(facts.sourceIp);
  // a source may be a service's name, as in CloudTrail; OCSF's type ip_t would refuse it
  return ip ? { ip } : { name: redactText(facts.sourceIp ?? "unknown").slice(0, 255) };
};

/**
 * A plain IP address in the form every reader knows, or undefined. It is parsed without a regular expression, since the
 * text may be hostile.
 */
const address = (text: string | undefined): string | undefined => {
  if (text === undefined || text.length > 45 || !/^[0-9a-fA-F:.]+$/.test(text)) return undefined;
  if (!text.includes(":")) {
    const parts = text.split(".");
    return parts.length === 4 && parts.every((p) => /^(0|[1-9]\d{0,2})$/.test(p) && Number(p) < 256) ? text : undefined;
  }
  const host = URL.parse(`http://[${text}]/`)?.hostname;
  return host?.slice(1, -1);
};
