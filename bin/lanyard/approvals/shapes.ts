import { z } from "zod";

/** What both kinds of what waits have. */
const waiting = {
  id: z.string(),
  digest: z.string(),
  group: z.string(),
  needed: z.number(),
  agent: z.string(),
  expiresAtSeconds: z.number(),
};
/** What is shown of both beside that. */
const answered = {
  decisions: z.array(z.looseObject({ verdict: z.string(), approver: z.string() })),
  state: z.string(),
  you: z.looseObject({ may: z.boolean(), why: z.string().optional() }),
};

const request = z.looseObject({
  kind: z.literal("session"),
  ...waiting,
  principal: z.string(),
  grants: z.array(z.looseObject({ resource: z.string(), scopes: z.array(z.string()) })),
});
const change = z.looseObject({
  kind: z.literal("tool-change"),
  ...waiting,
  server: z.string(),
  tool: z.string(),
  toolDigest: z.string(),
  change: z.enum(["changed", "renamed", "new"]),
  from: z.string().optional(),
});
const reaches = z.looseObject({
  tools: z.array(z.string()),
  roles: z.array(z.looseObject({ arn: z.string(), actions: z.array(z.string()) })),
  onward: z.array(z.looseObject({ resource: z.string(), scopes: z.array(z.string()) })),
});
const shownRequest = request.extend({
  ...answered,
  action: z.string(),
  actors: z.array(z.string()),
  lifeSeconds: z.number(),
  maxUses: z.number().optional(),
  budget: z.unknown().optional(),
  grants: z.array(
    z.looseObject({ resource: z.string(), scopes: z.array(z.string()), details: z.array(z.unknown()), reaches }),
  ),
  policies: z.record(z.string(), z.string()),
  agentSays: z.string().optional(),
});
const shownChange = change.extend({
  ...answered,
  definition: z.string().optional(),
  former: z.string().optional(),
  pinned: z.array(z.string()).optional(),
  scopes: z.array(z.string()).optional(),
});

const approvals = { approvals: z.number() };

/** What waits for a person's groups. */
export const waitingList = z.looseObject({
  groups: z.array(z.string()),
  items: z.array(z.discriminatedUnion("kind", [request.extend(approvals), change.extend(approvals)])),
});
/** One of them, whole. */
export const shownApproval = z.discriminatedUnion("kind", [shownRequest, shownChange]);

/** An agent's request as it is shown. */
export type ShownRequest = z.infer<typeof shownRequest>;
/** A tool that is served otherwise than it is pinned, as it is shown. */
export type ShownChange = z.infer<typeof shownChange>;
