import { parseBoundedJson } from "../../../text/json.ts";

/** IAM allows 4,096 characters in a policy; percent-encoding makes it at most three times as long. */
const encodedCharacters = 16_384;

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

/**
 * True when a role's trust policy admits one AWS service and nobody else. Anybody else who may assume the role chooses
 * the session's name, and could pass for a task (threat 30). Only the simplest form is accepted: every statement has
 * effect Allow, names that service alone, and allows `sts:AssumeRole` (and `sts:TagSession`) by name; conditions can
 * only narrow it.
 * @param encoded as iam:GetRole returns it: JSON, percent-encoded
 */
export function trustsOnly(service: string, encoded: string): boolean {
  const text = decoded(encoded);
  const parsed = text === undefined ? undefined : parseBoundedJson(text);
  if (!parsed?.ok || typeof parsed.value !== "object" || parsed.value === null) return false;
  const { Statement } = parsed.value as { Statement?: unknown };
  const statements = list(Statement);
  return statements.length > 0 && statements.every((statement) => allowsOnly(service, statement));
}

function allowsOnly(service: string, statement: unknown): boolean {
  if (typeof statement !== "object" || statement === null) return false;
  const { Effect, Principal, Action, ...more } = statement as Readonly<Record<string, unknown>>;
  if (Effect !== "Allow" || Object.keys(more).some((name) => name !== "Sid" && name !== "Condition")) return false;
  if (typeof Principal !== "object" || Principal === null || Array.isArray(Principal)) return false;
  const { Service, ...others } = Principal as Readonly<Record<string, unknown>>;
  if (Object.keys(others).length > 0) return false;
  const services = list(Service);
  const actions = list(Action);
  return (
    services.length > 0 &&
    services.every((named) => named === service) &&
    actions.length > 0 &&
    actions.every((named) => named === "sts:AssumeRole" || named === "sts:TagSession")
  );
}

function decoded(encoded: string): string | undefined {
  if (encoded.length > encodedCharacters) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
