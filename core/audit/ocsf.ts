import { createHash } from "node:crypto";
import type { Denial } from "../denial/denial.ts";
import { explainDenial } from "../denial/explain.ts";
import { ocsfClasses } from "./classes.ts";
import { lanyardFacts } from "./columns.ts";
import type { AuditFacts, AuditOperation, AuditRecord } from "./record.ts";
import { type Own, ownValues, redactAll, redactTarget, redactText } from "./redact.ts";

/** The released schema version every event is valid against. */
const ocsfVersion = "1.8.0";

/** Beyond it texts are cut short; DynamoDB takes 400 KB an item, with the rest of the transaction beside it. */
const recordBytes = 100_000;

/** What an agent was refused is told in so many characters a text and entries a list: its size must not be the caller's. */
const refused = { characters: 256, entries: 20 };

const userType = { user: 1, admin: 2, service: 4 } as const;

/**
 * Writes one decision as an OCSF 1.8.0 event: the standard's members for tools that know OCSF, and all of Lanyard's
 * own facts under `unmapped.lanyard`, so that a question by session, agent or principal is one plain WHERE.
 * Serialized once: relay and bucket carry these bytes, and `hash` is over them.
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

/** A record must always fit its row and its event: one that did not could stop what it records (threat 13). */
const bounded = <T extends { readonly metadata: object; readonly unmapped: object }>(event: T): string => {
  const body = JSON.stringify(event);
  if (Buffer.byteLength(body) <= recordBytes) return body;
  const shorter = redactAll(event.unmapped, (text) => text.slice(0, 100));
  return JSON.stringify({ ...event, metadata: { ...event.metadata, is_truncated: true }, unmapped: shorter });
};

/**
 * All of a grant's and of an operator's facts; of a refusal's what a caller sent is cut, or one request could make us write
 * what it costs nothing to send (threat 34). What was put to policies is ours and stays: it is asked again of new ones.
 */
function columns(facts: AuditFacts, own: Own): Record<string, unknown> {
  const all = lanyardFacts(facts, own);
  if (facts.outcome === "allowed" || facts.operator) return all;
  // column by column: which there are is ours to say, and a reason that came late in the order must not go missing
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

/** What rings is more than a revocation, and that more than everyday. */
const graver: Partial<Record<AuditOperation, readonly [number, string]>> = {
  revoke: [3, "Medium"],
  "deployment.drift": [4, "High"],
};

/** A revocation, a refusal, and a document that changed hands, deserve a look; a grant is everyday. */
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

/** Whom it was for: of an offer the agent it is held out to, else the caller. */
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
  // CloudTrail-like sources can be a service's name; ip_t would refuse it
  return ip ? { ip } : { name: redactText(facts.sourceIp ?? "unknown").slice(0, 255) };
};

/** A plain address in the form every reader knows, or nothing; never a regular expression over hostile input. */
const address = (text: string | undefined): string | undefined => {
  if (text === undefined || text.length > 45 || !/^[0-9a-fA-F:.]+$/.test(text)) return undefined;
  if (!text.includes(":")) {
    const parts = text.split(".");
    return parts.length === 4 && parts.every((p) => /^(0|[1-9]\d{0,2})$/.test(p) && Number(p) < 256) ? text : undefined;
  }
  const host = URL.parse(`http://[${text}]/`)?.hostname;
  return host?.slice(1, -1);
};
