import type { AuditLine, TrailLine } from "./lines.ts";

/** A row as either engine answers it: texts and numbers, with `null` for what is not there. */
export type Row = Readonly<Record<string, unknown>>;

/** Reads a row of `lanyard_audit`; undefined for one without name or time. */
export function auditLineOf(row: Row): AuditLine | undefined {
  const uid = text(row.uid);
  const timeMillis = Number(row.time_ms ?? Number.NaN);
  if (uid === undefined || Number.isNaN(timeMillis)) return undefined;
  const depth = row.depth === null || row.depth === undefined ? undefined : Number(row.depth);
  return {
    uid,
    timeMillis,
    operation: text(row.operation) ?? "",
    outcome: text(row.outcome) ?? "",
    scopes: list(row.scopes),
    awsRequestIds: list(row.aws_request_ids),
    awsResources: list(row.aws_resources),
    ...present({
      depth,
      requestId: text(row.request_id),
      sid: text(row.sid),
      root: text(row.root),
      parent: text(row.parent),
      agent: text(row.agent),
      principal: text(row.principal),
      jkt: text(row.jkt),
      jti: text(row.jti),
      evidenceId: text(row.evidence_id),
      purpose: text(row.purpose),
      offeredTo: text(row.offered_to),
      denial: text(row.denial),
      operator: text(row.operator_arn),
      awsRoleArn: text(row.aws_role_arn),
      awsAccessKeyId: text(row.aws_access_key_id),
      awsToken: text(row.aws_token),
      functionRoleArn: text(row.function_role_arn),
    }),
  };
}

/** Reads a row of `lanyard_trail`; undefined for one without name or time. */
export function trailLineOf(row: Row): TrailLine | undefined {
  const eventId = text(row.eventid);
  // older records have a blank in place of the T, and no zone: CloudTrail tells UTC
  const time = (text(row.eventtime) ?? "").replace(" ", "T");
  const timeMillis = Date.parse(/Z$|[+-]\d\d:\d\d$/.test(time) ? time : `${time}Z`);
  if (eventId === undefined || Number.isNaN(timeMillis)) return undefined;
  return {
    eventId,
    timeMillis,
    source: text(row.eventsource) ?? "",
    name: text(row.eventname) ?? "",
    region: text(row.awsregion) ?? "",
    account: text(row.recipientaccountid) ?? "",
    resources: list(row.resourcearns),
    ...present({
      requestId: text(row.requestid),
      category: text(row.eventcategory),
      error: text(row.errorcode),
      userAgent: text(row.useragent)?.replace(/^\[(.*)\]$/s, "$1"),
      accessKeyId: text(row.accesskeyid),
      sourceIdentity: text(row.sourceidentity),
      principalId: text(row.principalid),
      roleArn: text(row.rolearn),
      invokedBy: text(row.invokedby),
      issuedKeyId: text(row.issuedkeyid),
      assumedRoleArn: text(row.assumedrolearn),
      tokenId: text(row.tokenid),
      identityType: text(row.identitytype),
      sessionSinceMillis: millis(row.sessionsince),
      onBehalfOf: text(row.onbehalfof),
      identityStore: text(row.identitystore),
      delegate: text(row.delegate),
      assumedPrincipal: text(row.assumedprincipal),
      accessTags: tags(row.accesstags),
    }),
  };
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);

const list = (value: unknown): readonly string[] => (text(value) ?? "").split(" ").filter((each) => each !== "");

const millis = (value: unknown): number | undefined => {
  const found = Date.parse(text(value) ?? "");
  return Number.isNaN(found) ? undefined : found;
};

/** A list of `key` and `value` as JSON: STS takes 50 tags at most; what has another form is not read. */
function tags(value: unknown): Readonly<Record<string, string>> | undefined {
  const given = text(value);
  if (given === undefined) return undefined;
  try {
    const list: unknown = JSON.parse(given);
    if (!Array.isArray(list)) return undefined;
    const pairs = list.slice(0, 50).map((tag: { key?: unknown; value?: unknown } | null) => [tag?.key, tag?.value]);
    return Object.fromEntries(
      pairs.filter((pair): pair is [string, string] => pair.every((each) => typeof each === "string")),
    );
  } catch {
    return undefined;
  }
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

const present = <T extends object>(members: T): Present<T> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Present<T>;
