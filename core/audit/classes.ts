import type { AuditOperation } from "./record.ts";

/** The OCSF class and activity a decision is written as. */
interface OcsfClass {
  readonly classUid: 3002 | 3003 | 3004 | 6003;
  readonly className: string;
  readonly categoryUid: 3 | 6;
  readonly categoryName: string;
  readonly activityId: number;
  readonly activityName: string;
}

const iam = { categoryUid: 3, categoryName: "Identity & Access Management" } as const;
const application = { categoryUid: 6, categoryName: "Application Activity" } as const;
const authentication = { ...iam, classUid: 3002, className: "Authentication" } as const;
const authorizeSession = { ...iam, classUid: 3003, className: "Authorize Session" } as const;
const entityManagement = { ...iam, classUid: 3004, className: "Entity Management" } as const;
const apiActivity = { ...application, classUid: 6003, className: "API Activity" } as const;

const assignPrivileges = { ...authorizeSession, activityId: 1, activityName: "Assign Privileges" } as const;

/**
 * Operation → OCSF 1.8.0 class and activity.
 * - an agent proves who it is: Authentication / Logon; it ends its own session: Authentication / Logoff
 * - a session, an offer, a redemption, a downstream exchange, a renewal gives out privileges: Authorize Session /
 *   Assign Privileges
 * - a request that begins to wait for people gives out nothing yet: Authorize Session / Other
 * - a person's yes to what an agent asked gives out privileges too: Authorize Session / Assign Privileges; a no: Other
 * - an access token, and AWS credentials, are a ticket for one service out of a session already authorized:
 *   Authentication / Service Ticket Request
 * - introspection, a gateway's and an operator's questions read, as does an operator who is given a person's key, a
 *   counted use and a settled cost change what is left, a request that was refused before its operation was known is Other: API
 *   Activity
 * - a receiver of security events who was not told of a revocation, and a stop in AWS that could not spare every living
 *   session: API Activity / Other, a failure
 * - what an identity provider says that ends nothing: API Activity / Other
 * - an operator's changes: Entity Management (Disable for a revocation, Enable for lifting a block, Delete for a
 *   person's key, Update for the registry and an owner's confirmation), the life of a signing key, an agent that is overdue or dormant (Other), and
 *   a function: a deployment (Update), or a difference from what was deployed (Other)
 */
export const ocsfClasses: Readonly<Record<AuditOperation, OcsfClass>> = {
  attest: { ...authentication, activityId: 1, activityName: "Logon" },
  "session.open": assignPrivileges,
  "session.offer": assignPrivileges,
  "session.redeem": assignPrivileges,
  "session.hop": assignPrivileges,
  "session.renew": assignPrivileges,
  "approval.ask": { ...authorizeSession, activityId: 99, activityName: "Other" },
  "session.end": { ...authentication, activityId: 2, activityName: "Logoff" },
  "token.access": { ...authentication, activityId: 4, activityName: "Service Ticket Request" },
  "credentials.token": { ...authentication, activityId: 4, activityName: "Service Ticket Request" },
  "credentials.vend": { ...authentication, activityId: 4, activityName: "Service Ticket Request" },
  "approval.approve": assignPrivileges,
  "approval.refuse": { ...authorizeSession, activityId: 99, activityName: "Other" },
  "approval.read": { ...apiActivity, activityId: 2, activityName: "Read" },
  decide: { ...apiActivity, activityId: 2, activityName: "Read" },
  "decide.batch": { ...apiActivity, activityId: 2, activityName: "Read" },
  "decide.search": { ...apiActivity, activityId: 2, activityName: "Read" },
  introspect: { ...apiActivity, activityId: 2, activityName: "Read" },
  "admin.read": { ...apiActivity, activityId: 2, activityName: "Read" },
  "person.reveal": { ...apiActivity, activityId: 2, activityName: "Read" },
  "budget.settle": { ...apiActivity, activityId: 3, activityName: "Update" },
  "token.use": { ...apiActivity, activityId: 3, activityName: "Update" },
  request: { ...apiActivity, activityId: 99, activityName: "Other" },
  "signal.note": { ...apiActivity, activityId: 99, activityName: "Other" },
  revoke: { ...entityManagement, activityId: 9, activityName: "Disable" },
  "event.undelivered": { ...apiActivity, activityId: 99, activityName: "Other" },
  "stop.coarse": { ...apiActivity, activityId: 99, activityName: "Other" },
  "person.erase": { ...entityManagement, activityId: 4, activityName: "Delete" },
  "owner.confirm": { ...entityManagement, activityId: 3, activityName: "Update" },
  lift: { ...entityManagement, activityId: 8, activityName: "Enable" },
  "registry.apply": { ...entityManagement, activityId: 3, activityName: "Update" },
  "agent.overdue": { ...entityManagement, activityId: 99, activityName: "Other" },
  "agent.dormant": { ...entityManagement, activityId: 99, activityName: "Other" },
  "deployment.seen": { ...entityManagement, activityId: 3, activityName: "Update" },
  "deployment.drift": { ...entityManagement, activityId: 99, activityName: "Other" },
  "key.create": { ...entityManagement, activityId: 1, activityName: "Create" },
  "key.publish": { ...entityManagement, activityId: 3, activityName: "Update" },
  "key.activate": { ...entityManagement, activityId: 8, activityName: "Enable" },
  "key.retire": { ...entityManagement, activityId: 9, activityName: "Disable" },
  "key.distrust": { ...entityManagement, activityId: 9, activityName: "Disable" },
  "key.delete": { ...entityManagement, activityId: 4, activityName: "Delete" },
  "key.order": { ...entityManagement, activityId: 3, activityName: "Update" },
};
