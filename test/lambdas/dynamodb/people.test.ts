import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newPersonKey } from "../../../core/model/person-key.ts";
import { createPersonKeys } from "../../../lambdas/aws/dynamodb/people/person-keys.ts";
import { createRevocationStore } from "../../../lambdas/aws/dynamodb/revocations/revocation-store.ts";
import { createSessionStore } from "../../../lambdas/aws/dynamodb/sessions/session-store.ts";
import { type EmbeddedTables, openTables, productTables, tableNames } from "../../kit/embedded/dynamodb.ts";
import { randomIds } from "../../kit/keys.ts";

const clock = { nowMillis: () => 1_785_542_400_000 };
const made = (person: string) => newPersonKey(person, { ids: randomIds, clock });
const record = () => ({ eventId: randomIds.id(), timeMillis: 1, detailType: "x", body: "{}", hash: "h" });

let tables: EmbeddedTables;
let client: DynamoDBDocumentClient;
beforeAll(async () => {
  tables = await openTables(productTables());
  client = DynamoDBDocumentClient.from(tables.dynamo, { marshallOptions: { removeUndefinedValues: true } });
});
afterAll(() => tables.close());
const store = () => createSessionStore(client, tableNames, clock);
const people = () => createPersonKeys(client, tableNames);
const commit = (person: string) => {
  const personKey = made(person);
  return store()
    .commit({ personKey, replayEntries: [], record: record() })
    .then((written) => ({ written, personKey }));
};

describe("persons' keys in DynamoDB", () => {
  test("of any number of first grants at one moment one key is stored, with one record", async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => commit("p_one")));
    const won = all.filter(({ written }) => written.ok);
    expect(won).toHaveLength(1);
    for (const { written } of all) if (!written.ok) expect(written.error).toEqual({ kind: "person_key_exists" });
    expect(await people().keyOf("p_one")).toEqual(won[0]?.personKey);
  });

  test("one comes with liveness, in the same batch, and nobody else's", async () => {
    const { personKey } = await commit("p_two");
    await commit("p_three");
    const rows = await store().readLiveness({ tombstones: [], subjects: [], person: "p_two" });
    expect(rows.personKey).toEqual(personKey);
    expect((await store().readLiveness({ tombstones: [], subjects: [] })).personKey).toBeUndefined();
    expect((await store().readLiveness({ tombstones: [], subjects: [], person: "p_none" })).personKey).toBeUndefined();
  });

  test("one is kept for whom there is none, and never replaces one", async () => {
    const [first, second] = [made("p_four"), made("p_four")];
    expect(await people().keep(first)).toEqual(first);
    expect(await people().keep(second)).toEqual(first);
  });

  test("one is deleted with the cut and the record, or nothing is; twice does no harm", async () => {
    await commit("p_five");
    await commit("p_six");
    const erase = () =>
      createRevocationStore(client, tableNames).revoke({
        erase: { person: "p_five" },
        raise: { subject: "principal:p_five", block: false, atSeconds: 1 },
        replayEntries: [],
        record: record(),
      });
    expect([(await erase()).ok, (await erase()).ok]).toEqual([true, true]);
    expect(await people().keyOf("p_five")).toBeUndefined();
    expect(await people().keyOf("p_six")).toBeDefined();
    const rows = await store().readLiveness({ tombstones: [], subjects: ["principal:p_five"], person: "p_five" });
    expect([rows.personKey, rows.epochs.get("principal:p_five")?.epoch]).toEqual([undefined, 2]);
  });
});
