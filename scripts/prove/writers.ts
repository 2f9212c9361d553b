/** Probes of what even an administrator must not write. */
import { DescribeTableCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { differs, Missing, ok, output, type Probe, type ProveGround, refused } from "./ground.ts";

const mark = "lanyard-prove";

export const tablesRefuse: Probe = {
  name: "tables-refuse",
  asks: "every table refuses an administrator's write",
  async run(ground) {
    const tables = Object.entries(ground.outputs).filter(([name]) => /^[A-Z][a-z]+Table$/.test(name));
    if (tables.length === 0) throw new Missing("the outputs hold no tables");
    for (const [name, TableName] of tables) {
      const { Table } = await ground.clients.dynamo.send(new DescribeTableCommand({ TableName }));
      const names = (Table?.KeySchema ?? []).map(({ AttributeName = "" }) => AttributeName);
      const put = new PutItemCommand({
        TableName,
        Item: Object.fromEntries(names.map((key) => [key, { S: mark }])),
        // holds for no row: nothing is written even where the right is there
        ConditionExpression: "attribute_exists(#mark)",
        ExpressionAttributeNames: { "#mark": mark },
      });
      if (await refused(() => ground.clients.dynamo.send(put), ["ConditionalCheckFailedException"]))
        return differs(
          `${name} would take a row from you: its own policy does not bind callers of the account, so that whoever has dynamodb:* can undo revocations`,
        );
    }
    return ok(`${tables.length} tables refuse`);
  },
};

export const busRefuses: Probe = {
  name: "bus-refuses",
  asks: "the audit bus refuses events from callers of the same account",
  async run(ground) {
    const EventBusName = output(ground, "AuditBusName");
    const entry = { EventBusName, Source: mark, DetailType: mark, Detail: JSON.stringify({ [mark]: true }) };
    const put = async () => {
      const { Entries } = await ground.clients.events.send(new PutEventsCommand({ Entries: [entry] }));
      const [result] = Entries ?? [];
      // some refusals come by entry and not as the call's error
      if (result?.ErrorCode) throw Object.assign(new Error(result.ErrorMessage), { name: result.ErrorCode });
    };
    return (await refused(put))
      ? differs(
          `it took an event from you (source ${mark}, now in the audit bucket, where nothing can be deleted): whoever has events:PutEvents can forge audit records`,
        )
      : ok("it refuses");
  },
};

export const queueRefuses: Probe = {
  name: "queue-refuses",
  asks: "the queue of refused records refuses an administrator",
  async run(ground) {
    const QueueUrl = output(ground, "RefusedRecordsUrl");
    ground.later(() => takeBack(ground, QueueUrl));
    const send = new SendMessageCommand({ QueueUrl, MessageBody: mark });
    return (await refused(() => ground.clients.sqs.send(send)))
      ? differs("it took a message from you: whoever has sqs:SendMessage can place forged records among the refused")
      : ok("it refuses");
  },
};

/** Takes our own message out again; those of the relay stay, and are seen again after the shortest time there is. */
async function takeBack({ clients: { sqs } }: ProveGround, QueueUrl: string): Promise<void> {
  for (let tries = 0; tries < 3; tries++) {
    const wanted = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 1 };
    const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(wanted)).catch(() => ({ Messages: [] }));
    const own = Messages.find(({ Body }) => Body === mark);
    if (own) return void (await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: own.ReceiptHandle })));
    if (Messages.length === 0) return;
  }
}
