import type { AuditColumn } from "./columns.ts";
import { type Days, mostRows, type Statement } from "./queries.ts";
import { boundStatement, type FindingQuestion } from "./questions/question.ts";

/** Functions that sign for a session or an identity: what they sign for stands in the audit. */
const forSomebody = ["token", "attest", "attest-iam"];

const days = "dt >= :first AND dt <= :last";
const traildays = "dt >= :trailfirst AND dt <= :traillast";
/** What a signature says it was for: the last name in the user agent, as `core/lineage/join.ts` reads it. */
const lastName = "reverse(split_part(reverse(useragent), reverse(' lanyard/'), 1))";
const roleOf = (name: string): string => `:roles || '${name}'`;

/**
 * Signatures that CloudTrail has and the audit does not: by a role that signs for sessions and names none that was
 * audited; by any of our roles for what is not its own to sign; under the name of one of ours by another role, or with a
 * key that ours use. The record of a session is written before anything is signed for it, so that a record which comes
 * late is the only honest cause, and the time that is asked about ends an hour ago.
 *
 * The canary's records count here. A second signature for a session that was audited is not seen, nor one that KMS
 * refused: the watch on the keys tells of those.
 */
export const signUnknown: FindingQuestion = {
  name: "sign.unknown",
  answers: "Signatures by KMS in CloudTrail that no audited session, attestation or list stands behind",
  with: [
    [
      "audited",
      `SELECT DISTINCT named.name
  FROM lanyard_audit CROSS JOIN UNNEST(ARRAY[sid, jti]) AS named(name)
  WHERE ${days} AND named.name IS NOT NULL`,
    ],
    [
      "signed",
      `SELECT DISTINCT eventid, eventtime, rolearn, principalid, accesskeyid, resourcearns, awsregion, recipientaccountid,
    useragent, ${lastName} AS name
  FROM lanyard_trail
  WHERE ${traildays} AND eventsource = 'kms.amazonaws.com' AND eventname = 'Sign' AND errorcode IS NULL
    AND eventtime >= :sincetime AND eventtime <= :untiltime`,
    ],
    [
      "placed",
      `SELECT signed.*, audited.name IS NOT NULL AS isaudited, coalesce(strpos(rolearn, :roles) = 1, false) AS isours
  FROM signed LEFT JOIN audited ON audited.name = signed.name`,
    ],
    ["used", "SELECT DISTINCT resourcearns FROM placed WHERE isours AND resourcearns <> ''"],
    [
      "judged",
      `SELECT placed.*,
    CASE WHEN NOT isours AND used.resourcearns IS NOT NULL THEN 'with a key of ours, by another role'
      WHEN NOT isours AND strpos(useragent, ' lanyard/') > 0 THEN 'in the name of ours, by another role'
      WHEN NOT isours THEN ''
      WHEN rolearn = ${roleOf("publisher")} AND (placed.name = 'cuts' OR placed.name LIKE 'list-%') THEN ''
      WHEN rolearn = ${roleOf("sealer")} AND placed.name = 'checkpoint' THEN ''
      WHEN rolearn = ${roleOf("transmitter")} THEN ''
      WHEN rolearn IN (${forSomebody.map(roleOf).join(", ")}) AND isaudited THEN ''
      WHEN rolearn IN (${forSomebody.map(roleOf).join(", ")}) THEN 'names no audited session'
      ELSE 'for what this role does not sign' END AS why
  FROM placed LEFT JOIN used ON used.resourcearns = placed.resourcearns`,
    ],
  ],
  select: `SELECT eventid, eventtime, why, CASE WHEN strpos(useragent, ' lanyard/') > 0 THEN name END AS name, rolearn,
    principalid, accesskeyid, resourcearns, awsregion, recipientaccountid
  FROM judged WHERE why <> ''
  ORDER BY eventtime, eventid`,
  columns: {
    eventid: "text",
    eventtime: "text",
    why: "text",
    name: "text",
    rolearn: "text",
    principalid: "text",
    accesskeyid: "text",
    resourcearns: "text",
    awsregion: "text",
    recipientaccountid: "text",
  },
};

/** Columns of `lanyard_audit` that findings read. */
export const findingColumns: readonly AuditColumn[] = ["dt", "sid", "jti"];

/** What is asked. */
export interface FindingAsked {
  /** Days by which objects are found, of records and of lines. */
  readonly days: Days;
  readonly sinceMillis: number;
  readonly untilMillis: number;
  /** Beginning of the ARNs of the deployment's roles, and of no others: `arn:…:role/lanyard-<stage>-<region>-`. */
  readonly roles: string;
}

/** A finding's question as an engine takes it. @throws RangeError for roles that are no ARN's beginning */
export function findingStatement(
  question: FindingQuestion,
  { days: { first, last }, sinceMillis, untilMillis, roles }: FindingAsked,
): Statement {
  if (!/^arn:aws[a-z-]*:iam::\d{12}:role\/lanyard-[A-Za-z0-9-]{3,128}-$/.test(roles)) throw new RangeError("roles");
  const time = (millis: number) => `${new Date(millis).toISOString().slice(0, 19)}Z`;
  const trailDay = (day: string) => day.replaceAll("-", "/");
  const known = {
    ...{ first, last, trailfirst: trailDay(first), traillast: trailDay(last) },
    ...{ sincetime: time(sinceMillis), untiltime: time(untilMillis), roles },
  };
  return {
    ...boundStatement(question, known, mostRows),
    columns: findingColumns,
    besides: "trail",
  };
}
