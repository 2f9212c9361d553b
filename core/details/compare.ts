import type { Denial } from "../denial/denial.ts";
import type { DetailsTypeDeclaration, DetailsTypeRegistration } from "../model/resource-registration.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { AuthorizationDetail } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { schemaFault } from "./conform.ts";
import { detailOf, type FieldFault, leavesOf } from "./leaves.ts";
import { ruleOf } from "./rules/table.ts";

/** A detail, read by the rules of its type. */
interface UnderstoodDetail {
  /** The bound of each field, by the field's path. */
  readonly bounds: ReadonlyMap<string, unknown>;
  /** The detail in canonical spelling, which is stored and signed. */
  readonly canonical: AuthorizationDetail;
}

/**
 * Reads a detail by its type, or refuses it. Every field must have a rule that can read its value, and the whole detail
 * must fit the JSON Schema, both as it came and in canonical spelling.
 * @returns the bounds, or the first field that is not understood
 */
export function understandDetail(
  detail: AuthorizationDetail,
  type: DetailsTypeDeclaration,
): Result<UnderstoodDetail, FieldFault> {
  const leaves = leavesOf(detail, type);
  if (!leaves.ok) return leaves;
  const fault = schemaFault(type, detail);
  if (fault) return err(fault);
  const bounds = new Map<string, unknown>();
  for (const [field, value] of leaves.value) {
    const name = type.rules[field] ?? "";
    const rule = ruleOf(name);
    const bound = rule?.read(value);
    // the canonical spelling must be readable too, or the next exchange could not compare the stored constraint
    if (!rule || bound === undefined || rule.read(rule.write(bound)) === undefined)
      return err({ field, why: `is not what rule ${name} compares: ${rule?.takes ?? "there is no such rule"}` });
    bounds.set(field, bound);
  }
  const canonical = written(type, bounds);
  const respelt = schemaFault(type, canonical);
  return respelt ? err(respelt) : ok({ bounds, canonical });
}

const written = (type: DetailsTypeDeclaration, bounds: ReadonlyMap<string, unknown>): AuthorizationDetail =>
  detailOf(type, new Map([...bounds].map(([field, bound]) => [field, ruleOf(type.rules[field] ?? "")?.write(bound)])));

/**
 * Checks one detail against its registered type (RFC 9396 5): unknown type, unknown field, wrongly typed value or a
 * missing required field is refused. A detail that is not understood never counts as narrower.
 * @returns the type and the detail in canonical spelling, or `details_invalid` naming type and field
 */
export function checkDetail(
  detail: AuthorizationDetail,
  registry: RegistrySnapshot,
): Result<{ readonly type: DetailsTypeRegistration; readonly detail: AuthorizationDetail }, Denial> {
  const type = registry.detailsType(detail.type);
  // rows from before there were rules cannot be compared until the registry is applied again
  if (!type?.rules) return err(invalid(detail.type.slice(0, 128), "the type is not registered"));
  const understood = understandDetail(detail, type);
  return understood.ok
    ? ok({ type, detail: understood.value.canonical })
    : err(invalid(type.name, `field ${JSON.stringify(understood.error.field)} ${understood.error.why}`));
}

const invalid = (type: string, why: string) => ({ code: "details_invalid", type, why }) as const;

/**
 * The detail of a child: the parent's detail, each field replaced only by a provably narrower value. A field, or a
 * whole detail, that the child leaves out is inherited, so leaving it out never removes the constraint (threat 7).
 * @param parent the parent's constraint. One that its type no longer understands is refused and not dropped
 * @param child the requested constraint of the same type
 * @returns the combined detail, or `details_exceed` naming the field, or `details_invalid`
 */
export function narrowDetail(
  parent: AuthorizationDetail,
  child: AuthorizationDetail,
  type: DetailsTypeDeclaration,
): Result<AuthorizationDetail, Denial> {
  const [outer, inner] = [understandDetail(parent, type), understandDetail(child, type)];
  if (!outer.ok) return err({ code: "details_exceed", type: type.name, field: outer.error.field });
  if (!inner.ok) return err(invalid(type.name, `field ${JSON.stringify(inner.error.field)} ${inner.error.why}`));
  const combined = new Map(outer.value.bounds);
  for (const [field, bound] of inner.value.bounds) {
    const above = outer.value.bounds.get(field);
    const narrower = above === undefined || ruleOf(type.rules[field] ?? "")?.within(bound, above) === true;
    if (!narrower) return err({ code: "details_exceed", type: type.name, field });
    combined.set(field, bound);
  }
  return ok(written(type, combined));
}
