import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { openDynamoDb } from "../../../local/emulator/dynamodb/engine.ts";
import { createOutbox, succeed, type WireItem } from "./table.ts";

type Step =
  | { readonly kind: "put" | "own"; readonly id: string; readonly owner: string | undefined }
  | { readonly kind: "delete"; readonly id: string };

/** Few ids and owners, so that steps meet. */
const id = fc.constantFrom("a", "b", "bc", "c", "d", "e");
const owner = fc.option(fc.constantFrom("x", "y"), { nil: undefined });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom("put", "own"), id, owner }),
  fc.record({ kind: fc.constant("delete"), id }),
);
/** Each inner list is one transaction (of different items) or one batch or single writes. */
const history = fc.array(
  fc.record({
    how: fc.constantFrom("single", "transaction"),
    steps: fc.uniqueArray(step, { selector: (one) => one.id, minLength: 1, maxLength: 4 }),
  }),
  { maxLength: 15 },
);

const key = (name: string) => ({ TableName: "outbox", Key: { id: { S: name } } });

function toRequest(one: Step): [single: string, action: string, input: unknown] {
  if (one.kind === "delete") return ["DeleteItem", "Delete", key(one.id)];
  const set = one.owner === undefined ? {} : { owner: { S: one.owner } };
  if (one.kind === "put") return ["PutItem", "Put", { TableName: "outbox", Item: { id: { S: one.id }, ...set } }];
  const names = { ExpressionAttributeNames: { "#owner": "owner" } };
  if (one.owner === undefined)
    return ["UpdateItem", "Update", { ...key(one.id), UpdateExpression: "REMOVE #owner", ...names }];
  const values = { ExpressionAttributeValues: { ":owner": { S: one.owner } } };
  return ["UpdateItem", "Update", { ...key(one.id), UpdateExpression: "SET #owner = :owner", ...names, ...values }];
}

test.prop([history], { numRuns: 60 })(
  "whatever is written, indexes page exactly and the stream replays to the table",
  async (pieces) => {
    const db = await openDynamoDb();
    await createOutbox(db);
    const model = new Map<string, string | undefined>();
    for (const { how, steps } of pieces) {
      const requests = steps.map(toRequest);
      if (how === "transaction") {
        await succeed(db, "TransactWriteItems", {
          TransactItems: requests.map(([, action, input]) => ({ [action]: input })),
        });
      } else {
        for (const [single, , input] of requests) await succeed(db, single, input);
      }
      for (const one of steps) {
        if (one.kind === "delete") model.delete(one.id);
        else model.set(one.id, one.owner);
      }
    }

    const pages = async (of: string, Limit: number, ScanIndexForward: boolean): Promise<string[]> => {
      const found: string[] = [];
      let ExclusiveStartKey: unknown;
      do {
        const page = await succeed(db, "Query", {
          TableName: "outbox",
          IndexName: "byOwner",
          KeyConditionExpression: "#owner = :owner",
          ExpressionAttributeNames: { "#owner": "owner" },
          ExpressionAttributeValues: { ":owner": { S: of } },
          Limit,
          ScanIndexForward,
          ...(ExclusiveStartKey === undefined ? {} : { ExclusiveStartKey }),
        });
        found.push(...(page.Items as WireItem[]).map((item) => String(item.id?.S)));
        ExclusiveStartKey = page.LastEvaluatedKey;
        if (found.length > 100) throw new Error("paging goes round in circles");
      } while (ExclusiveStartKey !== undefined);
      return found;
    };
    for (const of of ["x", "y"]) {
      const expected = [...model].filter(([, value]) => value === of).map(([name]) => name);
      const forwards = await pages(of, 100, true);
      expect([...forwards].sort()).toEqual(expected.sort());
      for (const limit of [1, 2]) {
        expect(await pages(of, limit, true)).toEqual(forwards);
        expect((await pages(of, limit, false)).reverse()).toEqual(forwards);
      }
    }

    const replayed = new Map<string, WireItem>();
    for (const { dynamodb } of await db.streams.read("outbox", undefined, 1000)) {
      const name = String(dynamodb.Keys.id?.S);
      expect(dynamodb.OldImage).toEqual(replayed.get(name));
      if (dynamodb.NewImage === undefined) replayed.delete(name);
      else replayed.set(name, dynamodb.NewImage);
    }
    const { Items } = (await succeed(db, "Scan", { TableName: "outbox" })) as { Items: WireItem[] };
    expect([...replayed.values()].map((item) => JSON.stringify(item)).sort()).toEqual(
      Items.map((item) => JSON.stringify(item)).sort(),
    );
    expect(Items.map((item) => String(item.id?.S)).sort()).toEqual([...model.keys()].sort());
    await db.close();
  },
);
