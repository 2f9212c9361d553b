import type { Vend } from "../../../../core/model/session.ts";
import { type Item, members, optional, row, text, whole } from "../codec.ts";
import { type Action, type Tables, words } from "../dynamo.ts";
import { type Kept, keptSeconds } from "../sessions/session-rows.ts";

/** Sort key of the AWS credentials of one session and role. Neither a session's id nor a role's name has a `#`. */
export const vendKey = ({ sid, role }: Pick<Vend, "sid" | "role">): string => `${sid}#${role}`;

/** The row of AWS credentials, in the partition of their session's tree, without any secret. */
export const vendItem = (vend: Vend): Item => ({
  ...vend,
  vend: vendKey(vend),
  expiresAt: vend.endsAtSeconds + keptSeconds,
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
  const { root, vend: key, ...columns } = vendItem(vend);
  const names = Object.keys(columns);
  return {
    conflict: { kind: "ends_later" },
    item: {
      Update: {
        TableName: tables.vends,
        Key: { root, vend: key },
        UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(", ")}`,
        ConditionExpression: "attribute_not_exists(#endsAtSeconds) OR #endsAtSeconds <= :endsAtSeconds",
        ...words(names, columns),
      },
    },
  };
}

const hourSeconds = 3_600;

/**
 * Partition of the credentials that may outlive their sessions, by the hour in which they end: whoever looks for those that
 * live now reads this hour's and those that follow. No tree's id begins so.
 */
export const livePartition = (endsAtSeconds: number): string => `~live#${Math.floor(endsAtSeconds / hourSeconds)}`;

/** The row by which credentials that may outlive their session are found once it has ended, whatever tree it is of. */
export const outlivingItem = ({ root, ...vend }: Vend): Item => ({
  ...vend,
  tree: root,
  root: livePartition(vend.endsAtSeconds),
  vend: vendKey(vend),
  expiresAt: vend.endsAtSeconds + keptSeconds,
});

/** Stores that row. One of the same hour is written over: what counts is that the session is listed there. */
export function outlivingUpdate(vend: Vend, tables: Tables): Action<never> {
  const { root, vend: key, ...columns } = outlivingItem(vend);
  const names = Object.keys(columns);
  return {
    item: {
      Update: {
        TableName: tables.vends,
        Key: { root, vend: key },
        UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(", ")}`,
        ...words(names, columns),
      },
    },
  };
}

/** Adds the newest access key to a row that ends later than it. */
export const vendKeyUpdate = (vend: Vend, tables: Tables): Action<never> => ({
  item: {
    Update: {
      TableName: tables.vends,
      Key: { root: vend.root, vend: vendKey(vend) },
      UpdateExpression: "SET #accessKeyId = :accessKeyId",
      ConditionExpression: "#endsAtSeconds > :ends",
      ...words(["accessKeyId", "endsAtSeconds"], { accessKeyId: vend.accessKeyId, ends: vend.endsAtSeconds }),
    },
  },
});

const vendMembers = {
  root: text,
  sid: text,
  vend: text,
  agent: text,
  role: text,
  arn: text,
  account: text,
  accessKeyId: optional(text),
  endsAtSeconds: whole,
  sessionEndsAtSeconds: optional(whole),
  expiresAt: whole,
};

const vendRow = row(
  { table: "vends", key: ["root", "vend"] },
  members<Vend & Kept & { readonly vend: string }>(vendMembers),
);

const outlivingRow = row(
  { table: "vends", key: ["root", "vend"] },
  members<Vend & Kept & { readonly vend: string; readonly tree: string }>({ ...vendMembers, tree: text }),
);

/**
 * The AWS credentials in a row by the hour of their end.
 * @throws {@link BrokenRow}
 */
export function outlivingOf(item: Item): Vend {
  const { vend: _, expiresAt: __, tree, ...vend } = outlivingRow(item);
  return { ...vend, root: tree };
}

/**
 * The AWS credentials in a row.
 * @throws {@link BrokenRow}
 */
export function vendOf(item: Item): Vend {
  const { vend: _, expiresAt: __, ...vend } = vendRow(item);
  return vend;
}
