import { createHash } from "node:crypto";
import { type DynamoDBDocumentClient, GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { dueShards, listKeys } from "../../../../core/model/row-keys.ts";
import type { Due, PublishStore } from "../../../../core/status/publish-store.ts";
import { byKind, json, mapOf, members, membersAnd, oneOf, optional, row, text, whole } from "../codec.ts";
import { words } from "../dynamo.ts";
import { unlessRefused } from "./unless-refused.ts";

/** A row of walks. Each walk is an attribute of its own, so that two writers cannot lose one. */
const dueRow = (name: string) => ({
  list: listKeys.due((createHash("sha256").update(name).digest()[0] ?? 0) % dueShards),
});
const deploymentRow = { list: listKeys.deployment };
const prefix = "due ";

/** A raised epoch in a row, where its member is called `generation`. */
interface RaisedText extends Omit<Extract<Due["change"], { kind: "raised" }>, "epoch"> {
  readonly generation: number;
}
const raised = members<RaisedText>({
  kind: oneOf("raised"),
  subject: text,
  generation: whole,
  atSeconds: optional(whole),
});
const due = members<Due>({
  change: byKind<Due["change"]>({
    tombstone: members({ kind: oneOf("tombstone"), root: text, sid: text }),
    raised: (value, at) => {
      const { generation: epoch, ...rest } = raised(value, at);
      return { ...rest, epoch };
    },
  }),
  sinceSeconds: whole,
  after: optional(mapOf(text)),
});
const duesRow = row({ table: "lists", key: ["list"] }, membersAnd({ list: text }, prefix, json(due)));
const handledRow = row({ table: "lists", key: ["list"] }, members({ list: text, generation: whole }));

type Dues = Pick<
  PublishStore,
  "dues" | "addDue" | "replaceDue" | "removeDue" | "handledDeployment" | "setHandledDeployment"
>;

/** Unfinished walks, which the publisher remembers between runs in table Lists. */
export function createDues(client: DynamoDBDocumentClient, table: string): Dues {
  return {
    async dues() {
      const rows = Array.from({ length: dueShards }, (_, shard) => ({ list: listKeys.due(shard) }));
      const found = await Promise.all(
        rows.map((Key) => client.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }))),
      );
      return found.flatMap(({ Item }) => (Item ? [...duesRow(Item).named.values()] : []));
    },
    async addDue(due) {
      const [name, value] = attributeOf(due);
      await client.send(
        new UpdateCommand({
          TableName: table,
          Key: dueRow(name),
          UpdateExpression: "SET #due = :due",
          ExpressionAttributeNames: { "#due": name },
          ExpressionAttributeValues: { ":due": value },
        }),
      );
    },
    replaceDue(was, by) {
      const [name, value] = attributeOf(was);
      return unlessRefused(
        client.send(
          new UpdateCommand({
            TableName: table,
            Key: dueRow(name),
            UpdateExpression: "SET #due = :by",
            ConditionExpression: "#due = :was",
            ExpressionAttributeNames: { "#due": name },
            ExpressionAttributeValues: { ":was": value, ":by": attributeOf(by)[1] },
          }),
        ),
      );
    },
    async removeDue(due) {
      const [name, value] = attributeOf(due);
      const removal = new UpdateCommand({
        TableName: table,
        Key: dueRow(name),
        UpdateExpression: "REMOVE #due",
        // the subject was revoked again meanwhile, and the newer walk must not be taken up yet
        ConditionExpression: "#due = :due",
        ExpressionAttributeNames: { "#due": name },
        ExpressionAttributeValues: { ":due": value },
      });
      await unlessRefused(client.send(removal));
    },
    async handledDeployment() {
      const found = await client.send(new GetCommand({ TableName: table, Key: deploymentRow, ConsistentRead: true }));
      return found.Item ? handledRow(found.Item).generation : 0;
    },
    async setHandledDeployment(epoch) {
      await client.send(
        new UpdateCommand({
          TableName: table,
          Key: deploymentRow,
          UpdateExpression: "SET #generation = :generation",
          ...words(["generation"], { generation: epoch }),
        }),
      );
    },
  };
}

const attributeOf = ({ change, sinceSeconds, after }: Due): readonly [string, string] => [
  `${prefix}${change.kind === "tombstone" ? change.sid : change.subject}`,
  JSON.stringify({ change: change.kind === "raised" ? raisedText(change) : change, sinceSeconds, after }),
];

const raisedText = ({ epoch, ...rest }: Extract<Due["change"], { kind: "raised" }>): RaisedText => ({
  ...rest,
  generation: epoch,
});
