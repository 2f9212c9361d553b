import type { Vend } from "../../../../core/model/session.ts";
import { type Item, members, row, text, whole } from "../codec.ts";
import { type Action, type Tables, words } from "../dynamo.ts";
import { type Kept, keptSeconds } from "./session-rows.ts";

/** Beginning of the keys of AWS credentials: it sorts after every session of a tree, so that walks skip these rows. */
export const vendPrefix = "~aws#";

/** Sort key of the AWS credentials of one session and role. */
const vendKey = (sid: string, role: string): string => `${vendPrefix}${sid}#${role}`;

/** Whether a row of a tree is about AWS credentials. */
export const isVendKey = (key: string): boolean => key.startsWith(vendPrefix);

/** The row of AWS credentials, in the partition of their session, without any secret. */
export const vendItem = ({ sid, ...rest }: Vend): Item => ({
  ...rest,
  sid: vendKey(sid, rest.role),
  session: sid,
  expiresAt: rest.endsAtSeconds + keptSeconds,
});

/** The row is about credentials that live longer than those about to be stored. */
export interface EndsLater {
  readonly kind: "ends_later";
}

/**
 * Stores what is released, and moves the row's end forward, never back: otherwise somebody who stops the session in AWS
 * would take credentials that still live for expired ones.
 */
export function vendUpdate(vend: Vend, tables: Tables): Action<EndsLater> {
  const { root, sid, ...columns } = vendItem(vend);
  const names = Object.keys(columns);
  return {
    conflict: { kind: "ends_later" },
    item: {
      Update: {
        TableName: tables.sessions,
        Key: { root, sid },
        UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(", ")}`,
        ConditionExpression: "attribute_not_exists(#endsAtSeconds) OR #endsAtSeconds <= :endsAtSeconds",
        ...words(names, columns),
      },
    },
  };
}

/** Adds the newest access key to a row that ends later than it. */
export const vendKeyUpdate = (vend: Vend, tables: Tables): Action<never> => ({
  item: {
    Update: {
      TableName: tables.sessions,
      Key: { root: vend.root, sid: vendKey(vend.sid, vend.role) },
      UpdateExpression: "SET #accessKeyId = :accessKeyId",
      ConditionExpression: "#endsAtSeconds > :ends",
      ...words(["accessKeyId", "endsAtSeconds"], { accessKeyId: vend.accessKeyId, ends: vend.endsAtSeconds }),
    },
  },
});

const vendRow = row(
  { table: "sessions", key: ["root", "sid"] },
  members<Vend & Kept & { readonly session: string }>({
    root: text,
    sid: text,
    session: text,
    agent: text,
    role: text,
    arn: text,
    account: text,
    accessKeyId: text,
    endsAtSeconds: whole,
    expiresAt: whole,
  }),
);

/**
 * The AWS credentials in a row.
 * @throws {@link BrokenRow}
 */
export function vendOf(item: Item): Vend {
  const { session, expiresAt: _, ...vend } = vendRow(item);
  return { ...vend, sid: session };
}
