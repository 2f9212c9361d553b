import { type Schema, Validator } from "@cfworker/json-schema";
import type { DetailsTypeDeclaration } from "../model/resource-registration.ts";
import type { AuthorizationDetail } from "../model/session.ts";
import type { FieldFault } from "./leaves.ts";

/** One validator for each type. The library changes the schema it is given, so it gets a copy. */
const prepared = new WeakMap<DetailsTypeDeclaration["schema"], Validator>();

const validatorOf = (schema: DetailsTypeDeclaration["schema"]): Validator => {
  const known = prepared.get(schema);
  if (known) return known;
  const made = new Validator(structuredClone(schema) as Schema, "2020-12", true);
  prepared.set(schema, made);
  return made;
};

/**
 * Checks a detail, without its `type`, against its type's JSON Schema.
 * @returns the first fault, or undefined
 */
export function schemaFault(
  { schema }: Pick<DetailsTypeDeclaration, "schema">,
  { type: _, ...fields }: AuthorizationDetail,
): FieldFault | undefined {
  const { valid, errors } = validatorOf(schema).validate(fields);
  if (valid) return undefined;
  // the innermost error is the last one; those before it only say that something below is wrong
  const fault = errors[errors.length - 1];
  const field = (fault?.instanceLocation ?? "#").replace(/^#\/?/, "").replaceAll("/", ".");
  if (fault?.keyword === "required") return { field: missingOf(fault.error, field), why: "is required" };
  return { field: field.slice(0, 128), why: `does not fit the type's schema (${fault?.keyword ?? "unknown"})` };
}

const missingOf = (message: string, field: string): string => {
  const name = /required property "([A-Za-z][A-Za-z0-9_]{0,63})"/.exec(message)?.[1] ?? "";
  return field === "" ? name : `${field}.${name}`;
};
