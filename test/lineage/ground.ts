import type { AuditLine, TrailLine } from "../../core/lineage/lines.ts";

/** A session's id: 22 characters that begin as it is called. */
export const sid = (name: string): string => name.padEnd(22, "0");
const person = "p_ada";
export const role = "arn:aws:iam::111122223333:role/targets/reader";
export const functionRole = "arn:aws:iam::111122223333:role/lanyard-token";

let made = 0;
const fresh = (prefix: string): string => {
  made += 1;
  return `${prefix}-${made}`;
};

/** An audit record; a name of its own unless given. */
export const record = (operation: string, more: Partial<AuditLine> = {}): AuditLine => ({
  uid: fresh("record"),
  timeMillis: 1_000_000,
  operation,
  outcome: "allowed",
  scopes: [],
  awsRequestIds: [],
  awsResources: [],
  ...more,
});

/** The record that opens a session. */
export const opened = (name: string, more: Partial<AuditLine> = {}): AuditLine =>
  record("session.open", {
    sid: sid(name),
    root: sid(name),
    depth: 0,
    agent: `spiffe://td/agent/${name}`,
    principal: person,
    ...more,
  });

/** A vend by AssumeRole and GetScopedCredentials. */
export const vended = (name: string, more: Partial<AuditLine> = {}): AuditLine =>
  record("credentials.vend", {
    sid: sid(name),
    root: sid(name),
    agent: `spiffe://td/agent/${name}`,
    principal: person,
    awsRoleArn: role,
    awsAccessKeyId: `ASIASCOPED${name.toUpperCase()}`,
    awsRequestIds: [`assume-${name}`, `scope-${name}`],
    ...more,
  });

/** A line of CloudTrail. */
export const line = (source: string, name: string, more: Partial<TrailLine> = {}): TrailLine => ({
  eventId: fresh("event"),
  timeMillis: 1_001_000,
  source: `${source}.amazonaws.com`,
  name,
  region: "eu-west-1",
  account: "111122223333",
  resources: [],
  ...more,
});

/** What STS logs of a vend: our call for the role, and the one with its credentials. */
export const stsOf = (name: string): readonly [TrailLine, TrailLine] => [
  line("sts", "AssumeRole", {
    requestId: `assume-${name}`,
    accessKeyId: "ASIAFUNCTION",
    assumedRoleArn: role,
    issuedKeyId: `ASIAFIRST${name.toUpperCase()}`,
  }),
  line("sts", "GetScopedCredentials", {
    requestId: `scope-${name}`,
    accessKeyId: `ASIAFIRST${name.toUpperCase()}`,
    sourceIdentity: `lyd.${sid(name)}.${sid(name)}`,
    issuedKeyId: `ASIASCOPED${name.toUpperCase()}`,
  }),
];

/** A read under a session's vended key. */
export const read = (name: string, more: Partial<TrailLine> = {}): TrailLine =>
  line("s3", "GetObject", {
    category: "Data",
    accessKeyId: `ASIASCOPED${name.toUpperCase()}`,
    sourceIdentity: `lyd.${sid(name)}.${sid(name)}`,
    principalId: `AROAREADER:${sid(name)}`,
    roleArn: role,
    ...more,
  });

export const ids = (lines: readonly TrailLine[]): string[] => lines.map(({ eventId }) => eventId);
