import { parseBoundedJson } from "../text/json.ts";

/** IAM allows 4,096 characters in a policy; percent-encoding makes it at most three times as long. */
const encodedCharacters = 16_384;

/**
 * True when a role's trust policy is the one that every function's role is deployed with: one statement by which Lambda
 * may assume it, and nothing else. Anybody else who may assume the role can act as the function. A condition or a
 * second statement may be harmless, but it was not deployed.
 * @param encoded as iam:GetRole returns it: JSON, percent-encoded
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
