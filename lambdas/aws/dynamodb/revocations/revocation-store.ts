import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { limits } from "../../../../core/model/limits.ts";
import { revocationKeys, tombstoneKeys } from "../../../../core/model/row-keys.ts";
import { subjects } from "../../../../core/model/subjects.ts";
import type { CommitConflict, RevocationStore, RevocationWrite } from "../../../../core/session/store.ts";
import { type Action, type Tables, transact, words } from "../dynamo.ts";
import { outboxPut } from "../outbox.ts";
import { confirmationPut } from "../people/confirmation-rows.ts";
import { personKeyDelete } from "../people/person-keys.ts";
import { replayPuts } from "../replay-put.ts";
import { offerKey } from "../sessions/offer-rows.ts";
import { findSession, readOffer, readSession } from "../sessions/session-reads.ts";
import { loginsOf } from "../subjects/subject-reads.ts";
import { clearActions, denylistActions, readDenylisted } from "./denylist-rows.ts";

/** How much longer a tombstone is kept than any token below it can live: far more than a clock can be wrong. */
const keptSeconds = 86_400;

/** The only adapter that revokes; used only by `revoke` and `admin-revoke`. */
export function createRevocationStore(client: DynamoDBDocumentClient, tables: Tables): RevocationStore {
  return {
    readSession: (root, sid) => readSession(client, tables, { root, sid }),
    findSession: (sid) => findSession(client, tables, sid),
    readOffer: (root, handleHash) => readOffer(client, tables, { root, handleHash }),
    readDenylisted: (sid) => readDenylisted(client, tables, sid),
    loginsOf: (principal) => loginsOf(client, tables, subjects.principal(principal)),
    revoke: (write) => transact(client, actionsOf(write, tables)),
  };
}

/**
 * The only conditions are those of replay entries and of an offer's own state, so that no busy row can hold up a
 * revocation (threat 6).
 */
function actionsOf(write: RevocationWrite, tables: Tables): readonly Action<CommitConflict>[] {
  const { tombstone, withdraw, denylist, clear, raise, lift, release, erase, confirm } = write;
  return [
    ...replayPuts(tables, write.replayEntries),
    ...(tombstone ? [{ item: { Put: tombstonePut(tombstone, write.record, tables) } }] : []),
    ...(withdraw ? withdrawal(withdraw, write.record, tables) : []),
    ...(denylist ? denylistActions(denylist, tables) : []),
    ...(clear ? clearActions(clear, tables) : []),
    ...(raise ? rowsOf(raise.subject).map((row) => ({ item: { Update: raiseUpdate(row, raise, tables) } })) : []),
    ...(lift ? rowsOf(lift.subject).map((row) => ({ item: { Update: liftUpdate(row, lift, tables) } })) : []),
    ...(release ? [{ item: { Update: releaseUpdate(release, tables) } }] : []),
    ...(erase ? [personKeyDelete(erase.person, tables)] : []),
    ...(confirm ? [confirmationPut(confirm, tables)] : []),
    { item: { Put: outboxPut(tables, write.record) } },
  ];
}

/** The deployment's row has 16 copies, all written in one transaction, so a reader may read any of them. */
const rowsOf = (subject: string): readonly string[] =>
  subject === subjects.deployment
    ? Array.from({ length: limits.deploymentCopies }, (_, copy) => revocationKeys.deployment(copy))
    : [revocationKeys.epoch(subject)];

/**
 * The row names its record, so that a repeated revocation changes it: a write that changes nothing does not appear in
 * the stream.
 */
const tombstonePut = (
  tombstone: NonNullable<RevocationWrite["tombstone"]>,
  { eventId }: RevocationWrite["record"],
  tables: Tables,
) => ({
  TableName: tables.tombstones,
  Item: {
    session: tombstoneKeys.session(tombstone.sid),
    root: tombstone.root,
    eventId,
    expiresAt: tombstone.expiresAtSeconds + keptSeconds,
  },
});

/**
 * An offer's tombstone, in the only table that `revoke` may write, since it must not change session rows. This check
 * and {@link notWithdrawn} at the redemption read both rows, so that of withdrawal and redemption only one succeeds.
 */
const withdrawal = (
  { root, handleHash, expiresAtSeconds }: NonNullable<RevocationWrite["withdraw"]>,
  { eventId }: RevocationWrite["record"],
  tables: Tables,
): readonly Action<CommitConflict>[] => [
  {
    conflict: { kind: "offer_taken" },
    item: {
      ConditionCheck: {
        TableName: tables.sessions,
        Key: { root, sid: offerKey(handleHash) },
        ConditionExpression: "attribute_exists(#sid) AND attribute_not_exists(#redeemed)",
        ...words(["sid", "redeemed"]),
      },
    },
  },
  {
    item: {
      Put: {
        TableName: tables.tombstones,
        Item: {
          session: tombstoneKeys.offer(handleHash),
          root,
          eventId,
          expiresAt: expiresAtSeconds + keptSeconds,
        },
      },
    },
  },
];

/** The redemption's check that the offer was not withdrawn. */
export const notWithdrawn = (handleHash: string, tables: Tables): Action<CommitConflict> => ({
  conflict: { kind: "offer_taken" },
  item: {
    ConditionCheck: {
      TableName: tables.tombstones,
      Key: { session: tombstoneKeys.offer(handleHash) },
      ConditionExpression: "attribute_not_exists(#session)",
      ...words(["session"]),
    },
  },
});

/**
 * Epochs never expire: one that began again at 0 would make dead sessions alive. They are raised by ADD, without a
 * condition and without a read, so that two operators at the same time lose no raise and a busy row makes none fail.
 */
const raiseUpdate = (row: string, raise: NonNullable<RevocationWrite["raise"]>, tables: Tables) => {
  const flags = [...(raise.block ? ["blocked"] : []), ...(raise.quarantine ? ["quarantined"] : [])];
  const set = flags.map((flag) => `, #${flag} = :yes`).join("");
  return {
    TableName: tables.revocations,
    Key: { subject: row },
    UpdateExpression: `SET #cutAtSeconds = :at, #of = :of, #lifted = :lifted${set} ADD #generation :one`,
    ...words(["cutAtSeconds", "of", "lifted", "generation", ...flags], {
      at: raise.atSeconds,
      of: raise.subject,
      lifted: false,
      one: 1,
      ...(flags.length > 0 ? { yes: true } : {}),
    }),
  };
};

const liftUpdate = (row: string, { subject, reported }: NonNullable<RevocationWrite["lift"]>, tables: Tables) => {
  const heard = reported === undefined ? {} : { reported };
  return {
    TableName: tables.revocations,
    Key: { subject: row },
    UpdateExpression: `SET #blocked = :blocked, #lifted = :lifted, #of = :of${reported === undefined ? "" : ", #reportedLifted = :reported"}`,
    ...words(["blocked", "lifted", "of", ...(reported === undefined ? [] : ["reportedLifted"])], {
      ...{ blocked: false, lifted: true, of: subject },
      ...heard,
    }),
  };
};

const releaseUpdate = ({ subject, automatic }: NonNullable<RevocationWrite["release"]>, tables: Tables) => ({
  TableName: tables.revocations,
  Key: { subject: revocationKeys.epoch(subject) },
  UpdateExpression: "SET #quarantined = :no, #autoQuarantinesLifted = :automatic, #of = :of",
  ...words(["quarantined", "autoQuarantinesLifted", "of"], { no: false, automatic, of: subject }),
});
