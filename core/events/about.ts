import { isOf, type Revoked } from "./revoked.ts";
import { agentSubject, deploymentSubject, principalSubject, type SubjectId, sessionSubject } from "./security-event.ts";

/**
 * Whether an event about this subject is one that this revocation may cause. A message that pairs a revocation which is
 * real with a wider subject would have us sign that everybody's sessions are over (threat 23).
 * @param subject as a message carries it, unchecked
 */
export function isAbout(subject: unknown, { kind, id }: Revoked, issuer: string): subject is SubjectId {
  const { session, user, application } = (subject ?? {}) as Readonly<
    Record<string, Record<string, unknown> | undefined>
  >;
  // our own messages keep the order of members
  const is = (admitted: SubjectId) => JSON.stringify(subject) === JSON.stringify(admitted);
  switch (kind) {
    case "agent":
      return is(agentSubject(id));
    case "principal":
      return is(principalSubject(issuer, id));
    case "deployment":
      return is(deploymentSubject(issuer));
    case "build":
      // receivers know no builds: agents that ran it, or everybody when those were too many to name
      return is(deploymentSubject(issuer)) || (isOf("agent", application?.uri) && is(agentSubject(application.uri)));
    case "session":
      return session !== undefined && isOf("principal", user?.sub) && is(sessionSubject(issuer, id, user.sub));
  }
}
