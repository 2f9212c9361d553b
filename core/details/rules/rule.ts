/** The part of a field's JSON Schema that decides whether a rule can compare its values. */
export interface FieldSchema {
  readonly type?: unknown;
  readonly items?: { readonly type?: unknown } | undefined;
  readonly properties?: Readonly<Record<string, { readonly type?: unknown }>> | undefined;
}

/**
 * How the values of one field of an authorization detail are read. A value restricts: of everything a request could
 * name in that field, it admits some. All functions of a rule must mean the same set of admitted values.
 *
 * @typeParam Bound a value as the target parses it; two spellings of one value give one bound
 */
export interface Rule<Bound> {
  /** The values it takes, in words, for refusals. */
  readonly takes: string;
  /** Whether a field with this schema can only hold values that the rule takes. */
  fits(schema: FieldSchema): boolean;
  /** The value as the rule reads it; undefined refuses it, since a value that is not understood is never compared. */
  read(value: unknown): Bound | undefined;
  /** The canonical spelling, which is stored and signed. Reading it gives the same bound. */
  write(bound: Bound): unknown;
  /** True only if `outer` admits everything that `inner` admits. */
  within(inner: Bound, outer: Bound): boolean;
  /** Whether the bound admits this one value of a concrete request; false for a value it cannot read. */
  admits(bound: Bound, actual: unknown): boolean;
}

/** The schema of a string, or of a list of strings. */
export const isTextOrTexts = (schema: FieldSchema): boolean => schema.type === "string" || isTexts(schema);

/** The schema of a list of strings. */
export const isTexts = (schema: FieldSchema): boolean => schema.type === "array" && schema.items?.type === "string";

/** The schema of a number. */
export const isNumeric = (schema: { readonly type?: unknown } | undefined): boolean =>
  schema?.type === "number" || schema?.type === "integer";
