/** What `dynamodb:Attributes` holds: the top-level attributes that a request names. */
import type { Json } from "../service.ts";

const expressions = [
  "UpdateExpression",
  "ConditionExpression",
  "ProjectionExpression",
  "FilterExpression",
  "KeyConditionExpression",
] as const;

/** Words of the expressions' own language, which stand for no attribute where they stand bare. */
const language = new Set(
  "set add remove delete and or not in between attribute_exists attribute_not_exists attribute_type begins_with contains size if_not_exists list_append".split(
    " ",
  ),
);

/**
 * The attributes that a call, or a part of a transaction, names: those of its item and key, and those in its
 * expressions, whether by placeholder or bare. A placeholder that no expression uses DynamoDB refuses, so all count.
 */
export function attributesOf(part: Json): readonly string[] {
  const named = Object.values((part.ExpressionAttributeNames ?? {}) as Record<string, string>);
  const bare = expressions.flatMap((name) => bareNames(part[name]));
  const legacy = ["AttributeUpdates", "Expected"].flatMap((name) => Object.keys((part[name] ?? {}) as object));
  const written = [part.Item, part.Key].flatMap((item) => Object.keys((item ?? {}) as object));
  return [...new Set([...written, ...legacy, ...named, ...bare])];
}

/** Paths that stand in an expression without a placeholder, by their first segment. */
function bareNames(expression: unknown): readonly string[] {
  if (typeof expression !== "string") return [];
  return [...expression.matchAll(/(?<![#:.\w])[A-Za-z_]\w*/g)]
    .map(([word]) => word)
    .filter((word) => !language.has(word.toLowerCase()));
}
