import { createHash } from "node:crypto";
import type { Denial } from "../denial/denial.ts";
import { explainDenial } from "../denial/explain.ts";
import { isPerson } from "../model/person-key.ts";
import type { Ids } from "../model/ports.ts";
import { ocsfClasses } from "./classes.ts";
import { lanyardFacts } from "./columns.ts";
import { isEncrypted, sealColumns, withheld } from "./personal.ts";
import type { AuditFacts, AuditOperation, AuditRecord, Recorder, RecordForm } from "./record.ts";
import { type Own, ownValues, redactAll, redactTarget, redactText, redactTokens } from "./redact.ts";

/** Longer texts are cut. DynamoDB takes 400 KB for an item, and the rest of the transaction needs room too. */
const recordBytes = 100_000;

/**
 * What a refused agent sent is recorded up to so many characters of a text and entries of a list: the caller must not
 * decide how large a record is (threat 34).
 */
const refused = { characters: 256, entries: 20 };

const userType = { user: 1, admin: 2, service: 4 } as const;

/** What is the same in all records of a sandbox. */
interface Fixed {
  readonly ocsf: RecordForm["ocsf"];
  readonly log_name: string;
  readonly cloud: object;
  readonly ids: Pick<Ids, "id">;
}

/**
 * Makes the writer of one deployment's records. It writes a decision as an OCSF event: the standard's members for tools
 * and analysts that know OCSF (docs/audit.md), and all of Lanyard's own facts under `unmapped.lanyard`. An event is
 * serialized only once: relay and bucket carry these bytes, and `hash` is computed over them.
 * @param form version of OCSF, and the deployment that every record names; made once a sandbox
 * @param ids random nonces for what is encrypted under a person's key
 */
export function createRecorder({ ocsf, deployment }: RecordForm, ids: Pick<Ids, "id">): Recorder {
  const { account, region, stage, trustDomain } = deployment;
  const fixed: Fixed = {
    ocsf,
    log_name: `${trustDomain}/lanyard/${stage}/${region}`,
    cloud: { provider: "AWS", account: { uid: account, type_id: awsAccount, type: "AWS Account" }, region },
    ids,
  };
  return (facts, eventId) => recordOf(facts, eventId, fixed);
}

const awsAccount = 10;
const profiles = { cloud: ["cloud"], agent: ["cloud", "ai_operation"] } as const;

function recordOf(facts: AuditFacts, eventId: string, { ocsf, log_name, cloud, ids }: Fixed): AuditRecord {
  const kind = ocsfClasses[facts.operation];
  const own = ownValues(facts);
  const agent = provenAgent(facts, own);
  const lanyard = sealColumns(columns(facts, own), { facts, eventId, ids });
  const ai_agent = agent !== undefined && ocsf !== "1.8.0" ? aiAgent(agent, facts) : undefined;
  const event = {
    metadata: {
      version: ocsf,
      product: { name: "Lanyard", vendor_name: "Lanyard" },
      profiles: ai_agent ? profiles.agent : profiles.cloud,
      log_name,
      uid: eventId,
      event_code: facts.operation,
      correlation_uid: facts.session?.root ?? redactText(facts.requestId),
    },
    cloud,
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
    ...(ai_agent && { ai_agent }),
    ...classMembers(
      { facts, own, lanyard, ...(ocsf === "1.8.0" && agent !== undefined ? { app: agent } : {}) },
      kind.classUid,
    ),
    unmapped: { lanyard },
  };
  const body = bounded(event);
  const hash = createHash("sha256").update(body).digest("base64url");
  return { eventId, timeMillis: facts.timeMillis, detailType: kind.className, body, hash };
}

/**
 * The agent that acted, where it proved who it is. A name that a stranger merely wrote never stands where analysts look
 * for what an agent did (threat 34).
 */
const provenAgent = (facts: AuditFacts, own: Own): string | undefined =>
  facts.agent === undefined || facts.assurance === undefined ? undefined : redactText(facts.agent, own);

/** OCSF's agent: its registered id, the session as its run, and the code it runs as its version. */
const aiAgent = (uid: string, { session, build }: AuditFacts) => ({
  uid,
  name: shortName(uid),
  ...(session && { instance_uid: session.sid }),
  ...(build === undefined ? {} : { version: redactTokens(build) }),
});

/**
 * A record must always fit its row and its event. One that did not fit could stop the very decision it records (threat
 * 13). Half an encrypted text would not decrypt, so none of it stays.
 */
const bounded = <T extends { readonly metadata: object; readonly unmapped: object }>(event: T): string => {
  const body = lineOf(event);
  if (Buffer.byteLength(body) <= recordBytes) return body;
  const shorter = redactAll(event.unmapped, (text) =>
    isEncrypted(text) ? withheld : text.slice(0, 100).toWellFormed(),
  );
  return lineOf({ ...event, metadata: { ...event.metadata, is_truncated: true }, unmapped: shorter });
};

/**
 * In JSON text: what breaks a line, steers a terminal, turns the direction of writing, or is half a character. A short
 * escape is matched too, so that a backslash of the caller's is not taken for the beginning of a long one.
 */
const steering = /\\(?:u(?:00[01][0-9a-f]|d[89a-f][0-9a-f]{2})|([^u]))|[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g;

/**
 * One line for every reader, whatever a caller wrote into it (threat 34). Half a character, as a cut may leave one,
 * would keep engines from reading the whole object. Replaced, not escaped: a bus that spells an escape otherwise would
 * make the line another one than the log has.
 */
const lineOf = (event: object): string =>
  JSON.stringify(event).replace(steering, (found, short) => (short === undefined ? "\ufffd" : found));

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
  text.length > refused.characters ? `${text.slice(0, refused.characters).toWellFormed()}…` : text;

const refusal = (denial: Denial, own: Own) => ({
  status_code: denial.code,
  status_detail: cut(redactText(explainDenial(denial).missing, own)),
});

/** Operations whose severity is above that of a revocation or of a usual decision. */
const graver: Partial<Record<AuditOperation, readonly [number, string]>> = {
  revoke: [3, "Medium"],
  "person.erase": [3, "Medium"],
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

/** A decision, and who is its application where the version has no agents. */
interface Told {
  readonly facts: AuditFacts;
  readonly own: Own;
  /** The columns as they are written. */
  readonly lanyard: Readonly<Record<string, unknown>>;
  readonly app?: string;
}

const classMembers = (told: Told, classUid: number): Record<string, unknown> => {
  const { facts, own, lanyard } = told;
  const common = { actor: actor(told), src_endpoint: source(facts) };
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
      return { ...common, entity: entity(facts, own), ...(lanyard.reason ? { comment: lanyard.reason } : {}) };
    default:
      return { ...common, api: { operation: facts.operation, service: { name: "Lanyard" }, request } };
  }
};

/** On whose authority it was done: the operator's, else the person's or the agent's that began the work. */
const actor = ({ facts, own, app }: Told) => ({
  user: facts.operator
    ? { uid: facts.operator.uniqueId, name: facts.operator.arn, type_id: userType.admin, type: "Admin" }
    : principalUser(facts, own),
  ...(app === undefined ? {} : { app_uid: app, app_name: shortName(app) }),
  ...session(facts),
  ...(facts.policies && facts.policies.length > 0 ? { authorizations: verdicts(facts, facts.policies, own) } : {}),
});

/** Where nobody is known yet on whose authority an agent acts, it is the agent that the request named. */
const principalUser = ({ principal, agent }: AuditFacts, own: Own) =>
  principal !== undefined && isPerson(principal)
    ? { uid: redactTokens(principal, own), type_id: userType.user, type: "User" }
    : agentUser(principal ?? agent, own);

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
    name: shortName(uid),
    type_id: userType.service,
    type: "Service",
  };
};

/** An agent's name within its trust domain. */
const shortName = (id: string): string => id.slice(id.indexOf("/agent/") + 1).replace("agent/", "");

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
          ...(facts.aws?.accessKeyId === undefined ? {} : { credential_uid: facts.aws.accessKeyId }),
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
