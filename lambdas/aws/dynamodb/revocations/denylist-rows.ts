import { type DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import { denylistRows, type LoginKeys } from "../../../../core/model/login.ts";
import { revocationKeys } from "../../../../core/model/row-keys.ts";
import type { RevocationWrite } from "../../../../core/session/store.ts";
import { members, optional, row, text } from "../codec.ts";
import type { Action, Tables } from "../dynamo.ts";
import { denylistPrefix } from "./epoch-rows.ts";

const denylistedRow = row(
  { table: "revocations", key: ["subject"] },
  members<{ readonly subject: string; readonly login: LoginKeys }>({
    subject: text,
    login: members<LoginKeys>({ at: optional(text), sid: optional(text), document: optional(text), any: text }),
  }),
);

/**
 * Denylists logins: a row for every name, and one that finds them again by the session's id. None of them expires,
 * since the provider decides how long a login lives.
 */
export const denylistActions = (
  { logins, session, atSeconds }: NonNullable<RevocationWrite["denylist"]>,
  tables: Tables,
): readonly Action<never>[] => [
  ...denylistRows(logins).map(({ subject, raise, names }) => ({
    item: {
      Update: {
        TableName: tables.revocations,
        Key: { subject: revocationKeys.epoch(subject) },
        UpdateExpression: `SET #of = :of, ${each(names, "= :at")}${raise ? " ADD #generation :one" : ""}`,
        ExpressionAttributeNames: { "#of": "of", ...namesOf(names), ...(raise ? { "#generation": "generation" } : {}) },
        ExpressionAttributeValues: { ":of": subject, ":at": atSeconds, ...(raise ? { ":one": 1 } : {}) },
      },
    },
  })),
  ...logins.flatMap((login) =>
    session === undefined
      ? []
      : [
          {
            item: {
              Put: { TableName: tables.revocations, Item: { subject: revocationKeys.denylisted(session), login } },
            },
          },
        ],
  ),
];

/** Clears logins. Their epochs stay raised, so everything that was issued under them stays over. */
export const clearActions = (login: LoginKeys, tables: Tables): readonly Action<never>[] =>
  denylistRows([login]).map(({ subject, names }) => ({
    item: {
      Update: {
        TableName: tables.revocations,
        Key: { subject: revocationKeys.epoch(subject) },
        UpdateExpression: `REMOVE ${each(names, "")} SET #of = :of`,
        ExpressionAttributeNames: { "#of": "of", ...namesOf(names) },
        ExpressionAttributeValues: { ":of": subject },
      },
    },
  }));

const each = (names: readonly string[], then: string) => names.map((_, n) => `#b${n} ${then}`.trim()).join(", ");
const namesOf = (names: readonly string[]) =>
  Object.fromEntries(names.map((name, n) => [`#b${n}`, `${denylistPrefix}${name}`]));

/** The logins that were denylisted with a session, strongly consistent. */
export async function readDenylisted(
  client: DynamoDBDocumentClient,
  tables: Tables,
  sid: string,
): Promise<LoginKeys | undefined> {
  const Key = { subject: revocationKeys.denylisted(sid) };
  const found = await client.send(new GetCommand({ TableName: tables.revocations, Key, ConsistentRead: true }));
  return found.Item && denylistedRow(found.Item).login;
}
