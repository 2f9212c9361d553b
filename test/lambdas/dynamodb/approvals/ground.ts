import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, beforeEach } from "vitest";
import type { ApprovalRequests } from "../../../../core/approvals/store.ts";
import type { ApprovalDecision, PendingApproval } from "../../../../core/model/approval.ts";
import type { SessionStore } from "../../../../core/session/store.ts";
import { createApprovalRequests } from "../../../../lambdas/aws/dynamodb/approvals/approval-requests.ts";
import { decisionItem, refusedRequestItem } from "../../../../lambdas/aws/dynamodb/approvals/decision-rows.ts";
import { createSessionStore } from "../../../../lambdas/aws/dynamodb/sessions/session-store.ts";
import { id, now, planner, record, replayEntry, session } from "../../samples.ts";
import { type Cloud, openCloud } from "../../tables.ts";

export let cloud: Cloud;
export let approvals: ApprovalRequests;
export let store: SessionStore;
export const time = { seconds: now };

/** A request of the planner's that waits for one of the deployers, unless told otherwise. */
export const pending = (more: Partial<PendingApproval> = {}): PendingApproval => ({
  ...{ id: `ap_${id()}`, requestHash: id(), agent: planner, jkt: "jkt-of-planner" },
  ...{ group: "corp/deployers", needed: 1 },
  principal: { id: "p_abcdefghijklmnopqrstuvwxyz234567", kind: "person" },
  ...{ actors: [planner], depth: 0, action: "open", lifeSeconds: 300 },
  grants: [{ resource: "https://deploy.example/", scopes: ["deploy:production"], details: [{ type: "t", n: 1e300 }] }],
  policies: { "deploy-with-approval": "digest-of-it" },
  meanings: { "resource:https://deploy.example/": "digest-of-it" },
  ...{ createdAtSeconds: time.seconds, expiresAtSeconds: time.seconds + 900, resume: "{}" },
  ...more,
});

/** Asks, as the token endpoint does. */
export const ask = (waits: PendingApproval, replaces?: string) =>
  approvals.ask({
    pending: waits,
    ...(replaces === undefined ? {} : { replaces }),
    replayEntries: [replayEntry()],
    record: record(),
  });

export const decision = (of: PendingApproval, approver: string, more: Partial<ApprovalDecision> = {}) =>
  ({
    ...{ approval: of.id, requestHash: of.requestHash, expiresAtSeconds: of.expiresAtSeconds },
    ...{ approver, verdict: "approved", proof: "iam", uniqueId: "AIDA1", atSeconds: time.seconds },
    ...more,
  }) satisfies ApprovalDecision;

/** Says so, as function `approve` does. */
export async function say(said: ApprovalDecision): Promise<void> {
  const items = said.verdict === "refused" ? [decisionItem(said), refusedRequestItem(said)] : [decisionItem(said)];
  for (const Item of items) await cloud.client.send(new PutCommand({ TableName: "Decisions", Item: { ...Item } }));
}

/** Uses an approval for a new session, as the token endpoint does. */
export const use = (of: PendingApproval, approvers: readonly string[]) =>
  store.commit({
    session: session(),
    approval: { id: of.id, requestHash: of.requestHash, expiresAtSeconds: of.expiresAtSeconds, approvers },
    replayEntries: [replayEntry()],
    record: record(),
  });

/** Has each test of the calling file begin on this ground. */
export function setUp(): void {
  beforeAll(async () => {
    cloud = await openCloud();
    const clock = { nowMillis: () => time.seconds * 1000 };
    approvals = createApprovalRequests(cloud.client, cloud.tables, clock);
    store = createSessionStore(cloud.client, cloud.tables, clock);
  });
  afterAll(() => cloud.close());
  beforeEach(() => {
    time.seconds = now;
    cloud.taken();
  });
}
