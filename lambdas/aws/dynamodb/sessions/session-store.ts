import { type DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { type Clock, nowSeconds } from "../../../../core/model/ports.ts";
import type { Result } from "../../../../core/model/result.ts";
import type { Session } from "../../../../core/model/session.ts";
import type { Commit, CommitConflict, SessionStore } from "../../../../core/session/store.ts";
import { reportPut } from "../budgets/report-rows.ts";
import { counterPuts, counterTakes, growTree } from "../counters.ts";
import { type Action, type Tables, transact, words } from "../dynamo.ts";
import { createSignedLists } from "../lists/lists.ts";
import { createStatusLeases } from "../lists/status-leases.ts";
import { outboxPut } from "../outbox.ts";
import { confirmationPut } from "../people/confirmation-rows.ts";
import { personKeyPut } from "../people/person-keys.ts";
import { replayPuts } from "../replay-put.ts";
import { notWithdrawn } from "../revocations/revocation-store.ts";
import { subjectPuts } from "../subjects/subject-rows.ts";
import { type EndsLater, outlivingUpdate, vendKeyUpdate, vendUpdate } from "../vends/vend-rows.ts";
import { handleItem } from "./handle-rows.ts";
import { readLivenessBatch } from "./liveness-batch.ts";
import { createLocatorSecrets } from "./locator-secrets.ts";
import { offerItem, offerKey } from "./offer-rows.ts";
import { renewalUpdate } from "./renewal-update.ts";
import { findSession, readHandle, readOffer, readSession } from "./session-reads.ts";
import { sessionItem } from "./session-rows.ts";
import { takeOverUpdates } from "./take-over.ts";

/** Sessions, offers, replay entries and records on DynamoDB. */
export function createSessionStore(client: DynamoDBDocumentClient, tables: Tables, clock: Clock): SessionStore {
  const leases = createStatusLeases(client, tables, createSignedLists(client, tables, clock));
  return {
    readLiveness: (query) => readLivenessBatch(client, tables, query),
    readOffer: (root, handleHash) => readOffer(client, tables, { root, handleHash }),
    readHandle: (root, handleHash) => readHandle(client, tables, { root, handleHash }),
    readSession: (root, sid) => readSession(client, tables, { root, sid }),
    findSession: (sid) => findSession(client, tables, sid),
    commit: (write) => commit(client, tables, { write, nowSeconds: nowSeconds(clock) }),
    use: ({ counters, replayEntries, report, record }) =>
      transact(client, [
        ...replayPuts(tables, replayEntries),
        ...counterTakes(tables, counters),
        ...(report ? [{ item: reportPut(tables, report) }] : []),
        { item: { Put: outboxPut(tables, record) } },
      ]),
    async confirm(confirmation, record) {
      const actions = [confirmationPut(confirmation, tables), { item: { Put: outboxPut(tables, record) } }];
      const kept = await transact(client, actions);
      if (!kept.ok) throw new Error("a confirmation without conditions met a conflict");
    },
    end: (root, sid) => end(client, tables, { root, sid }),
    growTree: (root, by, most) => growTree(client, tables, { root, by, most, nowSeconds: nowSeconds(clock) }),
    locatorSecret: createLocatorSecrets(client, tables),
    leaseStatus: (expiresAtSeconds, epoch) => leases.lease(expiresAtSeconds, epoch),
  };
}

/**
 * Writes one transaction. Where AWS credentials end before others of the same session and role, a second transaction
 * follows, which leaves the later end as it is. Ends only move forward, so there is never a third.
 */
async function commit(
  client: DynamoDBDocumentClient,
  tables: Tables,
  { write, nowSeconds: now }: { readonly write: Commit; readonly nowSeconds: number },
): Promise<Result<void, CommitConflict>> {
  // few sessions were approved by people
  const { approval, vend } = write;
  const used = approval ? (await import("../approvals/use.ts")).approvalUse(approval, tables, now) : [];
  const actions = [...actionsOf(write, tables, now), ...used];
  if (!vend) return transact(client, actions);
  const all = vend.sessionEndsAtSeconds === undefined ? actions : [...actions, outlivingUpdate(vend, tables)];
  const first = await transact<CommitConflict | EndsLater>(client, [...all, vendUpdate(vend, tables)]);
  if (first.ok || first.error.kind !== "ends_later") return first as Result<void, CommitConflict>;
  return transact(client, vend.accessKeyId === undefined ? all : [...all, vendKeyUpdate(vend, tables)]);
}

/** Replay entries come first, since when several conditions fail the caller must be told of the replay. */
function actionsOf(write: Commit, tables: Tables, now: number): readonly Action<CommitConflict>[] {
  const { session, offer, redeem, handle, renew } = write;
  return [
    ...replayPuts(tables, write.replayEntries),
    ...(session ? [sessionPut(session, tables), ...subjectPuts(session, tables).map((item) => ({ item }))] : []),
    ...(offer ? [{ item: freshPut(tables, offerItem(offer)) }] : []),
    ...(handle ? [{ item: freshPut(tables, handleItem(handle)) }] : []),
    ...counterPuts(tables, write.counters ?? []),
    ...(renew ? renewalUpdate(renew, tables, now) : []),
    ...(write.takeOver ? takeOverUpdates(write.takeOver, tables) : []),
    ...(redeem ? [redemption(redeem, tables, now), notWithdrawn(redeem.handleHash, tables)] : []),
    ...(write.personKey ? [personKeyPut(write.personKey, tables)] : []),
    { item: { Put: outboxPut(tables, write.record) } },
  ];
}

const sessionPut = (session: Session, tables: Tables): Action<CommitConflict> => ({
  conflict: { kind: "session_exists" },
  item: freshPut(tables, sessionItem(session)),
});

const freshPut = (tables: Tables, item: Readonly<Record<string, unknown>>) => ({
  Put: {
    TableName: tables.sessions,
    Item: { ...item },
    ConditionExpression: "attribute_not_exists(#sid)",
    ...words(["sid"]),
  },
});

/** Of any number of redemptions one succeeds. Expired rows are deleted days late, so the end is compared here. */
const redemption = (redeem: NonNullable<Commit["redeem"]>, tables: Tables, now: number): Action<CommitConflict> => ({
  conflict: { kind: "offer_taken" },
  item: {
    Update: {
      TableName: tables.sessions,
      Key: { root: redeem.root, sid: offerKey(redeem.handleHash) },
      UpdateExpression: "SET #redeemed = :redeemed",
      ConditionExpression: "attribute_exists(#sid) AND attribute_not_exists(#redeemed) AND #expiresAtSeconds > :now",
      ...words(["sid", "redeemed", "expiresAtSeconds"], {
        redeemed: { sid: redeem.sid, jkt: redeem.jkt },
        now,
      }),
    },
  },
});

async function end(
  client: DynamoDBDocumentClient,
  tables: Tables,
  key: { readonly root: string; readonly sid: string },
): Promise<void> {
  await client.send(
    new UpdateCommand({
      TableName: tables.sessions,
      Key: key,
      UpdateExpression: "SET #ended = :ended",
      // this must not create a row: one without the facts of a session would be read as a session
      ConditionExpression: "attribute_exists(#sid)",
      ...words(["ended", "sid"], { ended: true }),
    }),
  );
}
