/** A process that writes until it is killed; prints each acknowledged transfer on a line. Arguments: directory. */
import { randomUUID } from "node:crypto";
import { openDynamoDb } from "../../../local/emulator/dynamodb/engine.ts";

const [directory = ""] = process.argv.slice(2);
const db = await openDynamoDb({ directory });
const key = (id: string) => ({ TableName: "outbox", Key: { id: { S: id } } });

async function worker(name: string): Promise<never> {
  for (;;) {
    const id = `${name}-${randomUUID()}`;
    const TransactItems = [
      { Put: { TableName: "outbox", Item: { id: { S: id }, owner: { S: "busy" } } } },
      {
        Update: {
          ...key(`count-${name}`),
          UpdateExpression: "ADD n :one",
          ExpressionAttributeValues: { ":one": { N: "1" } },
        },
      },
    ];
    const { status } = await db.call("TransactWriteItems", { ClientRequestToken: id.slice(0, 36), TransactItems });
    if (status !== 200) process.exit(3);
    process.stdout.write(`${id}\n`);
  }
}
await Promise.all(["0", "1", "2", "3"].map(worker));
