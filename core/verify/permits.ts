import { understandDetail } from "../details/compare.ts";
import { ruleOf } from "../details/rules/table.ts";
import { detailsTypeFindings } from "../details/type.ts";
import type { DetailsTypeDeclaration } from "../model/resource-registration.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { AuthorizationDetail } from "../model/session.ts";
import type { VerifyRefusal } from "./refusal.ts";

export type { DetailsTypeDeclaration, ToolDeclaration } from "../model/resource-registration.ts";

/**
 * What a request is about to do, in the terms of the details that may restrict it: type → field → the value it names,
 * or a list of all values it names. A nested field is written with dots, `amount.currency`. A time may be a `Date`.
 */
export type DetailsUse = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Decides whether details admit a use; see {@link createDetailsCheck}. */
type DetailsCheck = (details: readonly AuthorizationDetail[], use: DetailsUse) => Result<void, VerifyRefusal>;

/**
 * Creates the check of concrete requests against a token's authorization details. It uses the rules by which the issuer
 * narrowed them: a constraint that the target reads in another way than the issuer protects nothing.
 *
 * Every detail of the token must be of a type declared here, be understood completely, and admit, field by field, every
 * value the request names. A field that the token restricts and the request does not name is refused, never skipped.
 * @param types the types that restrict this resource, as they are registered
 * @throws TypeError when a declaration is one that the registry would refuse
 */
export function createDetailsCheck(types: readonly DetailsTypeDeclaration[]): DetailsCheck {
  const known = indexed(types);
  return (details, use) => {
    for (const detail of details) {
      const fault = faultOf(detail, use, known);
      if (fault) return err({ code: "details_forbid", type: detail.type.slice(0, 128), ...fault });
    }
    return ok(undefined);
  };
}

/**
 * Creates the check that a token's restrictions can be applied at all: every detail is of a type declared here and can
 * be read completely. A server that cannot read a detail would let requests in as if nothing restricted them, also
 * where {@link createDetailsCheck} is never called (threat 40).
 * @param types the types that restrict this resource; with none, every restricted token is refused
 * @throws TypeError when a declaration is one that the registry would refuse
 */
export function createDetailsReader(
  types: readonly DetailsTypeDeclaration[],
): (details: readonly AuthorizationDetail[]) => Result<void, VerifyRefusal> {
  const known = indexed(types);
  return (details) => {
    for (const detail of details) {
      const type = known.get(detail.type);
      const read = type ? understandDetail(detail, type) : err(unknownType);
      if (!read.ok) return err({ code: "details_forbid", type: detail.type.slice(0, 128), ...read.error });
    }
    return ok(undefined);
  };
}

const unknownType = { field: "type", why: "this server does not know the type" } as const;

function indexed(types: readonly DetailsTypeDeclaration[]): ReadonlyMap<string, DetailsTypeDeclaration> {
  const known = new Map<string, DetailsTypeDeclaration>();
  for (const type of types) {
    const [fault] = detailsTypeFindings(type);
    if (fault || known.has(type.name))
      throw new TypeError(`details type ${type.name}: ${fault?.join(": ") ?? "twice"}`);
    known.set(type.name, type);
  }
  return known;
}

function faultOf(
  detail: AuthorizationDetail,
  use: DetailsUse,
  known: ReadonlyMap<string, DetailsTypeDeclaration>,
): { readonly field: string; readonly why: string } | undefined {
  const type = known.get(detail.type);
  if (!type) return unknownType;
  const understood = understandDetail(detail, type);
  if (!understood.ok) return understood.error;
  const named = Object.hasOwn(use, type.name) ? (use[type.name] ?? {}) : {};
  // a misspelt field would otherwise be compared with nothing
  const stray = Object.keys(named).find((field) => !Object.hasOwn(type.rules, field));
  if (stray !== undefined) return { field: stray, why: "the request names a field the type does not declare" };
  for (const [field, bound] of understood.value.bounds) {
    const values = Object.hasOwn(named, field) ? [named[field]].flat() : [];
    if (values.length === 0) return { field, why: "the request does not name it" };
    const rule = ruleOf(type.rules[field] ?? "");
    if (!rule || !values.every((value) => rule.admits(bound, value)))
      return { field, why: "the detail does not admit it" };
  }
  return undefined;
}
