import { isIssuing } from "./keys.ts";
import { accountAccess, type TrailLine } from "./lines.ts";

/**
 * Who stands behind credentials that we did not give out, where AWS itself says it. It makes no line ours: it names the
 * person or the account in front of us.
 */
export interface Origin {
  /** `account-access`: AWS's account access manager opened the session. `delegate`: delegated access to an account. */
  readonly by: "account-access" | "delegate";
  /** User of IAM Identity Center, or the session's name where AWS wrote none; of delegated access the provider's account. */
  readonly who: string;
  readonly identityStore?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** Calls of STS between the line and that session, the nearest first. */
  readonly links: readonly TrailLine[];
}

/** Keys are followed so often at most: a chain of roles lives an hour, and each link takes a call. */
export const mostLinks = 16;

/**
 * Whether the account access manager opened a session. AWS writes both members: a role, a session, a tag or a user agent
 * may be called anything, and a service that acts in somebody's name is logged as that somebody.
 */
const isAccountAccess = (line: TrailLine): boolean =>
  isIssuing(line) &&
  line.name === "AssumeRole" &&
  line.identityType === "AWSService" &&
  line.invokedBy === accountAccess;

/**
 * Finds who stands behind lines. A key leads to the call of STS that gave it out. The account access manager's key is not
 * the one that the person then calls with: there, the session's `principalId` and the second of its beginning lead to the
 * call, unless anybody else opened a session of that name in that second.
 * @param trail every line that was read, each once
 */
export function originsOf(trail: readonly TrailLine[]): (line: TrailLine) => Origin | undefined {
  const events = trail.filter(isIssuing);
  const byKey = Map.groupBy(events, ({ issuedKeyId = "" }) => issuedKeyId);
  // whatever the way: a session of SAML or of another's may have the same name
  const byOpening = Map.groupBy(
    trail.filter(({ source, assumedPrincipal }) => source === "sts.amazonaws.com" && assumedPrincipal !== undefined),
    (event) => opening(event.assumedPrincipal, event.timeMillis),
  );
  const openerOf = (line: TrailLine): TrailLine | undefined => {
    const gave = byKey.get(line.accessKeyId ?? "") ?? [];
    // one call may be told to several accounts
    if (gave.length > 0) return new Set(gave.map(({ requestId }) => requestId)).size === 1 ? withKey(gave) : undefined;
    if (line.principalId === undefined || line.sessionSinceMillis === undefined) return undefined;
    const opened = byOpening.get(opening(line.principalId, line.sessionSinceMillis)) ?? [];
    return opened.every(isAccountAccess) ? opened[0] : undefined;
  };
  return (line) => {
    const links: TrailLine[] = [];
    for (let at = line; links.length < mostLinks; ) {
      if (at.delegate !== undefined) return { by: "delegate", who: at.delegate, links };
      const opener = openerOf(at);
      if (opener === undefined) return undefined;
      if (isAccountAccess(opener)) return { ...personOf(at, opener), links };
      links.push(opener);
      at = opener;
    }
    return undefined;
  };
}

const opening = (principal = "", millis: number): string => `${Math.floor(millis / 1000)} ${principal}`;

/** The account that is called into is told no key of the caller's. */
const withKey = (copies: readonly TrailLine[]): TrailLine | undefined =>
  copies.find(({ accessKeyId }) => accessKeyId !== undefined) ?? copies[0];

function personOf(line: TrailLine, { assumedPrincipal = "", accessTags }: TrailLine): Omit<Origin, "links"> {
  const name = assumedPrincipal.slice(assumedPrincipal.indexOf(":") + 1);
  return {
    by: "account-access",
    who: line.onBehalfOf ?? name,
    ...(line.onBehalfOf === undefined || line.identityStore === undefined ? {} : { identityStore: line.identityStore }),
    ...(accessTags === undefined ? {} : { tags: accessTags }),
  };
}
