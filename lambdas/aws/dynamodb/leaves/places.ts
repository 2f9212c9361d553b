import { type DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import type { Leaves } from "../../../../core/admin/read/leaf-place.ts";
import { words } from "../dynamo.ts";

/** Table Leaves as operators read it, one record at a time. */
export const createLeafPlaces = (client: DynamoDBDocumentClient, table: string): Leaves => ({
  async placeOf(event) {
    const names = ["hash", "index", "objectKey", "versionId"];
    const { Item } = await client.send(
      new GetCommand({
        TableName: table,
        Key: { event },
        ConsistentRead: true,
        ProjectionExpression: names.map((name) => `#${name}`).join(", "),
        ...words(names),
      }),
    );
    if (typeof Item?.hash !== "string") return undefined;
    const { hash, index, objectKey, versionId } = Item;
    return {
      hash,
      ...(typeof index === "number" ? { index } : {}),
      ...(typeof objectKey === "string" ? { object: { key: objectKey, versionId: String(versionId) } } : {}),
    };
  },
});
