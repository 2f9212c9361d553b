/** What a trace is made from: lines of our audit and lines of CloudTrail, as the two tables hold them. */

/** One audit record. Columns that it has not are absent. */
export interface AuditLine {
  /** The record's own name: what came twice has it twice. */
  readonly uid: string;
  readonly timeMillis: number;
  readonly operation: string;
  readonly outcome: string;
  readonly requestId?: string;
  readonly sid?: string;
  readonly root?: string;
  readonly parent?: string;
  readonly depth?: number;
  readonly agent?: string;
  readonly principal?: string;
  /** Thumbprint of the key that the agent proved. */
  readonly jkt?: string;
  /** Name of the token that was given out; of an attestation that of the identity token. */
  readonly jti?: string;
  /** `jti` of the document that an agent showed. */
  readonly evidenceId?: string;
  readonly purpose?: string;
  readonly offeredTo?: string;
  readonly scopes: readonly string[];
  /** Code of a refusal. */
  readonly denial?: string;
  readonly operator?: string;
  /** Of credentials of AWS: the role, the access key, and what STS answered by, in the order of the calls. */
  readonly awsRoleArn?: string;
  readonly awsAccessKeyId?: string;
  readonly awsRequestIds: readonly string[];
  /** Of a token by which an agent takes a role by itself: what CloudTrail calls it, `<provider>#<jti>`. */
  readonly awsToken?: string;
  /** Of credentials of AWS: ARNs of the buckets, prefixes and tables they reach, a blank in one as `%20`. */
  readonly awsResources: readonly string[];
  /** Of a look at the deployment: the role of the function that was seen. */
  readonly functionRoleArn?: string;
}

/** One CloudTrail record. */
export interface TrailLine {
  /** The record's own name: what was delivered twice has it twice. */
  readonly eventId: string;
  readonly timeMillis: number;
  /** Such as `s3.amazonaws.com`. */
  readonly source: string;
  readonly name: string;
  readonly region: string;
  /** Account whose trail it is of. */
  readonly account: string;
  readonly requestId?: string;
  /** `Data` or `Management`. */
  readonly category?: string;
  readonly error?: string;
  readonly userAgent?: string;
  readonly accessKeyId?: string;
  /** Whoever opened a session may have set it: a claim. */
  readonly sourceIdentity?: string;
  /** `principalId`: behind the colon a session name, which callers choose as well. */
  readonly principalId?: string;
  /** Role behind the session. */
  readonly roleArn?: string;
  /** The service of AWS that called in the session's name. */
  readonly invokedBy?: string;
  /** Of STS: the access key that was given out. */
  readonly issuedKeyId?: string;
  /** Of STS: the role that was asked for. */
  readonly assumedRoleArn?: string;
  /**
   * Of `GetWebIdentityToken`: the `jti` of the document. Of `AssumeRoleWithWebIdentity`: the provider whose key the token was
   * signed by, which is AWS's word, and the tag `lanyard-token`, which only that provider can have set.
   */
  readonly tokenId?: string;
  /** ARNs of what it was about, a blank in one as `%20`. */
  readonly resources: readonly string[];
  /** How the caller was known: `AssumedRole`, `AWSService` and others. */
  readonly identityType?: string;
  /** When the caller's session began. */
  readonly sessionSinceMillis?: number;
  /** User of IAM Identity Center in whose name a session is, and the store that knows it; written by AWS. */
  readonly onBehalfOf?: string;
  readonly identityStore?: string;
  /** Account of the product provider that called by delegated access; written by AWS. */
  readonly delegate?: string;
  /** Of STS: `principalId` of the session that was opened. */
  readonly assumedPrincipal?: string;
  /** Of the account access manager alone: the tags it gave a session. Anybody else's are not read: they are claims. */
  readonly accessTags?: Readonly<Record<string, string>>;
}

/** AWS's account access manager, as it calls STS for a person of IAM Identity Center. */
export const accountAccess = "account-access.amazonaws.com";

/**
 * Each line once, in the order of time, and of one moment in the order of their names: CloudTrail tells seconds, and what
 * comes late or twice must not change what is shown. Whatever says something else under the same name is none of them.
 */
export function distinct<Line extends { readonly timeMillis: number }>(
  lines: readonly Line[],
  nameOf: (line: Line) => string,
): { readonly lines: readonly Line[]; readonly contradicted: ReadonlySet<string> } {
  const byName = new Map<string, Line>();
  const contradicted = new Set<string>();
  for (const line of lines) {
    const name = nameOf(line);
    const before = byName.get(name);
    if (before === undefined) byName.set(name, line);
    else if (JSON.stringify(before) !== JSON.stringify(line)) contradicted.add(name);
  }
  const kept = [...byName]
    .filter(([name]) => !contradicted.has(name))
    .sort(([name, line], [other, its]) => line.timeMillis - its.timeMillis || (name < other ? -1 : 1));
  return { lines: kept.map(([, line]) => line), contradicted };
}
