import { runSimulation, runUnsafeSimulation } from "@cloud-copilot/iam-simulate";

/** IAM as an independent simulator evaluates it, for a session of a role that may do everything. */

export const account = "111122223333";
const session = `arn:aws:sts::${account}:assumed-role/files/AAAAAAAAAAAAAAAAAAAAAA`;
const everything = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };
/** A key's policy that leaves the decision to IAM, as KMS wants one. */
const keyPolicy = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { AWS: `arn:aws:iam::${account}:root` }, Action: "kms:*", Resource: "*" }],
};

export interface Asked {
  readonly action: string;
  readonly resource: string;
  /** Second at which it is asked. */
  readonly atSeconds: number;
  readonly context?: Readonly<Record<string, string | string[]>>;
}

const simulated = ({ action, resource, atSeconds, context }: Asked) => ({
  request: {
    principal: session,
    action,
    resource: { resource: resource === "*" ? resource : resource.replaceAll("*", star), accountId: account },
    contextVariables: { ...context, "aws:CurrentTime": new Date(atSeconds * 1_000).toISOString() },
  },
  identityPolicies: [{ name: "role", policy: everything }],
  serviceControlPolicies: [],
  resourceControlPolicies: [],
  ...(action.startsWith("kms:") ? { resourcePolicy: keyPolicy } : {}),
});

/** In the place of a `*` that means itself. */
const star = "\u00f8";
const escapedStar = ["$", "{*}"].join("");

/**
 * The simulator takes `*` in the resource of a request for a pattern of resources. Where a request's own key has one, it
 * is another character in the request, and where the document says that character itself.
 */
const literally = (document: string, resource: string): unknown =>
  JSON.parse(resource === "*" || !resource.includes("*") ? document : document.replaceAll(escapedStar, star));

/** Without the checks that take `*` in a resource for a pattern; KMS wants a key's policy, which only the other way takes. */
const isAllowed = async (simulation: Parameters<typeof runSimulation>[0]): Promise<boolean> => {
  if (!simulation.resourcePolicy) return runUnsafeSimulation(simulation, {}) === "Allowed";
  const result = await runSimulation(simulation, {});
  if (result.resultType === "error") throw new Error(JSON.stringify(result.errors));
  return result.overallResult === "Allowed";
};

const every = async (documents: readonly string[], asked: Asked, allowed: (policy: unknown) => Promise<boolean>) =>
  (await Promise.all(documents.map((document) => allowed(literally(document, asked.resource))))).every(Boolean);

/**
 * Whether the role's session may, under all documents. Each is evaluated as a boundary: what a session policy is to a
 * session, that is a boundary to a role, and the simulator takes several only one by one.
 */
export const allows = (documents: readonly string[], asked: Asked): Promise<boolean> =>
  every(documents, asked, (policy) =>
    isAllowed({ ...simulated(asked), permissionBoundaryPolicies: [{ name: "session", policy }] }),
  );

/**
 * Whether the session may where a policy of the resource allows its ARN everything: no session policy limits that but by
 * a denial, which is looked for beside a policy that allows everything.
 */
export const allowsElsewhere = (documents: readonly string[], asked: Asked): Promise<boolean> =>
  every(documents, asked, (policy) => {
    const simulation = simulated(asked);
    const identityPolicies = [...simulation.identityPolicies, { name: "session", policy }];
    return isAllowed({ ...simulation, identityPolicies });
  });

/** What is wrong with a document as an IAM policy; nothing for one that IAM would take. */
export async function faultsOf(document: string): Promise<unknown> {
  const sessionPolicy = JSON.parse(document) as unknown;
  const asked = { action: "s3:GetObject", resource: "arn:aws:s3:::b/k", atSeconds: 0 };
  const result = await runSimulation({ ...simulated(asked), sessionPolicy }, {});
  return result.resultType === "error" ? result.errors : undefined;
}
