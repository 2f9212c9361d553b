import { cardKeysItem, cardKeysOf } from "../../../../lambdas/aws/dynamodb/registry/card-keys.ts";
import { historyItem, historyOf } from "../../../../lambdas/aws/dynamodb/registry/history-rows.ts";
import { publishedItem, publishedOf } from "../../../../lambdas/aws/dynamodb/registry/published-types.ts";
import { registrationItem, registrationOf } from "../../../../lambdas/aws/dynamodb/registry/registration-rows.ts";
import { type Kind, kind } from "./kind.ts";
import { applied, cardKeys, registration, texts } from "./values.ts";

/** Kinds of rows in table Registry. */
export const registryKinds: readonly Kind[] = [
  kind({
    name: "registration",
    table: "registry",
    key: "kind",
    values: registration,
    encode: (one) => registrationItem(7, one),
    decode: registrationOf,
    optional: [],
  }),
  kind({
    name: "applied version",
    table: "registry",
    key: "kind",
    values: applied,
    encode: historyItem,
    decode: historyOf,
    optional: ["reason", "source", "formerTypes"],
  }),
  kind({
    name: "published names",
    table: "registry",
    key: "kind",
    values: texts,
    encode: publishedItem,
    decode: publishedOf,
    optional: [],
  }),
  kind({
    name: "published card keys",
    table: "registry",
    key: "kind",
    values: cardKeys,
    encode: cardKeysItem,
    decode: cardKeysOf,
    optional: [],
  }),
];
