import { type DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { listKeys } from "../../../../core/model/row-keys.ts";
import { type Cut, type CutLedger, emptyLedger } from "../../../../core/status/cuts.ts";
import type { PublishStore, SignedCuts } from "../../../../core/status/publish-store.ts";
import { type Item, json, list, members, oneOf, optional, row, text, whole } from "../codec.ts";
import { words } from "../dynamo.ts";
import { unlessRefused } from "./unless-refused.ts";

interface LedgerRow extends CutLedger {
  readonly list: string;
}

interface SignedRow extends SignedCuts {
  readonly list: string;
}

const cut = members<Cut>({
  name: text,
  epoch: whole,
  reach: oneOf("deployment", "agent", "build", "principal", "login"),
  atSeconds: whole,
  untilSeconds: whole,
});
const ledgerRow = row(
  { table: "lists", key: ["list"] },
  members<LedgerRow>({ list: text, version: whole, cuts: json(list(cut)), overflowUntilSeconds: optional(whole) }),
);
const signedRow = row(
  { table: "lists", key: ["list"] },
  members<SignedRow>({ list: text, token: text, version: whole, untilSeconds: whole }),
);

/** The row of a ledger. */
export const ledgerItem = ({ cuts, ...ledger }: CutLedger) => ({
  list: listKeys.cuts,
  ...ledger,
  cuts: JSON.stringify(cuts),
});

/**
 * The ledger in a row.
 * @throws {@link BrokenRow}
 */
export function ledgerOf(item: Item): CutLedger {
  const { list: _, ...ledger } = ledgerRow(item);
  return ledger;
}

/** The row of a signed document. */
export const signedCutsItem = (signed: SignedCuts) => ({ list: listKeys.signedCuts, ...signed }) satisfies SignedRow;

/**
 * The signed document in a row.
 * @throws {@link BrokenRow}
 */
export function signedCutsOf(item: Item): SignedCuts {
  const { list: _, ...signed } = signedRow(item);
  return signed;
}

/**
 * The ledger of cuts and its signed document, rows of table Lists that only the publisher writes. Each is one row,
 * however much is cut.
 */
export function createCutRows(
  client: DynamoDBDocumentClient,
  table: string,
): Pick<PublishStore, "cuts" | "putCuts" | "putSignedCuts"> {
  return {
    async cuts() {
      const Key = { list: listKeys.cuts };
      const { Item } = await client.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
      return Item ? ledgerOf(Item) : emptyLedger;
    },
    putCuts: (ledger) =>
      unlessRefused(
        client.send(
          new PutCommand({
            TableName: table,
            Item: ledgerItem(ledger),
            ...inPlaceOf(ledger.version - 1),
          }),
        ),
      ),
    async putSignedCuts(signed) {
      await unlessRefused(
        client.send(
          new PutCommand({
            TableName: table,
            Item: signedCutsItem(signed),
            // of two publishers at once, the one with the older ledger must not win
            ConditionExpression:
              "attribute_not_exists(#version) OR #version < :version OR (#version = :version AND #untilSeconds <= :untilSeconds)",
            ...words(["version", "untilSeconds"], {
              version: signed.version,
              untilSeconds: signed.untilSeconds,
            }),
          }),
        ),
      );
    },
  };
}

const inPlaceOf = (was: number) =>
  was === emptyLedger.version
    ? { ConditionExpression: "attribute_not_exists(#version)", ...words(["version"]) }
    : { ConditionExpression: "#version = :was", ...words(["version"], { was }) };
