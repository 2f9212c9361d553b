import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import type { PersonKey, PersonKeyMaker } from "../../../../core/model/person-key.ts";
import type { CommitConflict } from "../../../../core/session/store.ts";
import { type Item, members, row, text, whole } from "../codec.ts";
import { type Action, type Tables, words } from "../dynamo.ts";

/** A person's row. It has no end: whoever erases a person deletes it. */
export const personKeyItem = (key: PersonKey): Item => ({ ...key });

const personKeyRow = row(
  { table: "people", key: ["person"] },
  members<PersonKey>({ person: text, key: text, madeAtSeconds: whole }),
);

/**
 * The key in a person's row.
 * @throws {@link BrokenRow}, whose message has no key
 */
export const personKeyOf = (item: Item): PersonKey => personKeyRow(item);

/** Stores the key of a person who has none. Of any number at one moment one is stored. */
export const personKeyPut = (key: PersonKey, tables: Tables): Action<CommitConflict> => ({
  conflict: { kind: "person_key_exists" },
  item: { Put: putOf(key, tables) },
});

const putOf = (key: PersonKey, tables: Tables) => ({
  TableName: tables.people,
  Item: { ...personKeyItem(key) },
  ConditionExpression: "attribute_not_exists(#person)",
  ...words(["person"]),
});

/** Deletes a person's key, whether there is one or not: a second erasure must not fail on the first. */
export const personKeyDelete = (person: string, tables: Tables): Action<never> => ({
  item: { Delete: { TableName: tables.people, Key: { person } } },
});

/** Reads single keys, strongly consistent: after an erasure none comes out of a copy that lags. */
export const createPersonKeys = (client: DynamoDBDocumentClient, tables: Tables): PersonKeyMaker => {
  const keyOf = async (person: string): Promise<PersonKey | undefined> => {
    const { Item: item } = await client.send(
      new GetCommand({ TableName: tables.people, Key: { person }, ConsistentRead: true }),
    );
    return item && personKeyOf(item);
  };
  return {
    keyOf,
    async keep(made) {
      try {
        await client.send(new PutCommand(putOf(made, tables)));
        return made;
      } catch (failure) {
        const first = failure instanceof ConditionalCheckFailedException ? await keyOf(made.person) : undefined;
        if (!first) throw failure;
        return first;
      }
    },
  };
};
