import type { Vend } from "../../../../core/model/session.ts";
import { type Item, members, row, text, whole } from "../codec.ts";
import { type Action, type Tables, words } from "../dynamo.ts";
import { type Kept, keptSeconds } from "./session-rows.ts";

/** Beyond every session of a tree: walks skip it. */
const prefix = "~aws#";

/** Sort key of the AWS credentials of one session and role. */
const vendKey = (sid: string, role: string): string => `${prefix}${sid}#${role}`;

/** Whether a row of a tree tells of AWS credentials. */
export const isVendKey = (key: string): boolean => key.startsWith(prefix);

/** AWS credentials as a row beside their session, without a secret. */
export const vendItem = ({ sid, ...rest }: Vend): Item => ({
  ...rest,
  sid: vendKey(sid, rest.role),
  session: sid,
  expiresAt: rest.endsAtSeconds + keptSeconds,
});

/** The row tells of credentials that live longer than those about to be stored. */
export interface EndsLater {
  readonly kind: "ends_later";
}

/**
 * Stores what is released, and moves the end forward. Never back: whoever stops the session in AWS would take credentials
 * that are still alive for dead ones.
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

/** Names the newest access key in a row that ends later than it. */
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
    role: text,
    arn: text,
    account: text,
    accessKeyId: text,
    endsAtSeconds: whole,
    expiresAt: whole,
  }),
);

/**
 * The AWS credentials that a row tells of.
 * @throws {@link BrokenRow}
 */
export function vendOf(item: Item): Vend {
  const { session, expiresAt: _, ...vend } = vendRow(item);
  return { ...vend, sid: session };
}
