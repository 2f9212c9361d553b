import { parseBoundedJson } from "../text/json.ts";

/** IAM's own bound is 4,096 characters of policy; percent-encoding triples it at most. */
const encodedCharacters = 16_384;

/**
 * True when a role's trust is what every role of a function of ours is deployed with: one statement, by which Lambda may
 * assume it, and nothing else. Whoever else may assume it acts as that function. A condition or a second statement may
 * be harmless; it was not deployed.
 * @param encoded as iam:GetRole gives it: JSON, percent-encoded
 */
export function trustsLambdaAlone(encoded: string): boolean {
  const parsed = encoded.length > encodedCharacters ? undefined : parseBoundedJson(decoded(encoded));
  if (!parsed?.ok) return false;
  const statements = list(member(parsed.value, "Statement"));
  const [statement] = statements;
  const { Sid: _, ...said } = (isObject(statement) ? statement : {}) as Readonly<Record<string, unknown>>;
  const { Effect, Principal, Action, ...more } = said;
  const principals = isObject(Principal) ? Object.entries(Principal) : [];
  return (
    statements.length === 1 &&
    Object.keys(more).length === 0 &&
    Effect === "Allow" &&
    is(Action, "sts:AssumeRole") &&
    principals.length === 1 &&
    principals.every(([kind, who]) => kind === "Service" && is(who, "lambda.amazonaws.com"))
  );
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);
const member = (value: unknown, name: string): unknown =>
  isObject(value) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
const is = (value: unknown, text: string): boolean => {
  const values = list(value);
  return values.length === 1 && values[0] === text;
};

function decoded(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return "";
  }
}
