import { isOf, type Revoked } from "./revoked.ts";
import { agentSubject, deploymentSubject, principalSubject, type SubjectId, sessionSubject } from "./security-event.ts";

/**
 * Whether this revocation may cause an event about this subject. A message that pairs a real revocation with a wider
 * subject would otherwise make us sign that everybody's sessions are over (threat 23).
 * @param subject as a message carries it, unchecked
 */
export function isAbout(subject: unknown, { kind, id }: Revoked, issuer: string): subject is SubjectId {
  const { session, user, application } = (subject ?? {}) as Readonly<
    Record<string, Record<string, unknown> | undefined>
  >;
  // our own messages keep the order of members, so texts can be compared
  const is = (admitted: SubjectId) => JSON.stringify(subject) === JSON.stringify(admitted);
  switch (kind) {
    case "agent":
      return is(agentSubject(id));
    case "principal":
      // of an owner the agents, which are the owner's by the registry when it is signed (`transmit.ts`); or the
      // deployment when those were too many to name
      return (
        is(principalSubject(issuer, id)) ||
        is(deploymentSubject(issuer)) ||
        (isOf("agent", application?.uri) && is(agentSubject(application.uri)))
      );
    case "deployment":
      return is(deploymentSubject(issuer));
    case "build":
      // receivers know no builds, so an event names the agents that ran one, or the deployment when those were too many
      // to name
      return is(deploymentSubject(issuer)) || (isOf("agent", application?.uri) && is(agentSubject(application.uri)));
    case "session":
      return session !== undefined && isOf("principal", user?.sub) && is(sessionSubject(issuer, id, user.sub));
  }
}
