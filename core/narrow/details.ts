import type { Denial } from "../denial.ts";
import type { DetailField, DetailsTypeRegistration } from "../registry/model.ts";
import type { RegistrySnapshot } from "../registry/snapshot.ts";
import { err, ok, type Result } from "../result.ts";
import type { AuthorizationDetail } from "../session/model.ts";

/**
 * Checks one requested detail against its registered type (RFC 9396 5): unknown type, unknown field, wrongly typed
 * value or a missing required field is refused. What is not understood is never taken as narrower.
 * @returns the detail's type registration, or `details_invalid`
 */
export function checkDetail(
  detail: AuthorizationDetail,
  registry: RegistrySnapshot,
): Result<DetailsTypeRegistration, Denial> {
  const invalid = (why: string) => err({ code: "details_invalid", type: detail.type, why } as const);
  const type = registry.detailsType(detail.type);
  if (!type) return invalid("the type is not registered");
  for (const [name, value] of Object.entries(detail)) {
    if (name === "type") continue;
    const field = Object.hasOwn(type.fields, name) ? type.fields[name] : undefined;
    if (!field) return invalid(`field ${JSON.stringify(name).slice(0, 64)} is not declared by the type`);
    if (!hasShape(field, value)) return invalid(`field ${name} is not what rule ${field.rule} compares`);
  }
  for (const [name, field] of Object.entries(type.fields))
    if (field.required && detail[name] === undefined) return invalid(`field ${name} is required`);
  return ok(type);
}

const hasShape = (field: DetailField, value: unknown): boolean => {
  switch (field.rule) {
    case "one_of":
      return (
        Array.isArray(value) &&
        value.length > 0 &&
        value.length <= 200 &&
        value.every((v) => typeof v === "string" && v.length <= 256) &&
        new Set(value).size === value.length
      );
    case "max":
      // JSON.parse("1e400") is Infinity: an infinite bound bounds nothing
      return typeof value === "number" && Number.isFinite(value) && value >= 0;
    case "prefix":
      return typeof value === "string" && value.length > 0 && value.length <= 1024 && isPlainPath(value);
  }
};

/** Segments that a target may resolve away ("..", encoded dots) would make a longer text a wider path. */
const isPlainPath = (value: string): boolean =>
  !/[%\\?#*]/.test(value) && !value.split("/").some((s) => s === "." || s === "..");

/**
 * The constraint that holds for a child: the parent's detail, each field replaced only by a provably narrower value.
 * A field (or a whole detail) the child leaves out is inherited: leaving it out never lifts it (threat 7).
 * @param parent the constraint that stands, checked when it was granted
 * @param child the requested constraint of the same type, already checked by {@link checkDetail}
 * @returns the combined detail, or `details_exceed` naming the field
 */
export function narrowDetail(
  parent: AuthorizationDetail,
  child: AuthorizationDetail,
  type: DetailsTypeRegistration,
): Result<AuthorizationDetail, Denial> {
  const combined: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(type.fields)) {
    const above = parent[name];
    const wanted = child[name];
    if (wanted !== undefined && above !== undefined && !isNarrower(field, wanted, above))
      return err({ code: "details_exceed", type: type.name, field: name });
    const value = wanted ?? above;
    if (value !== undefined) combined[name] = value;
  }
  // a field of the parent that the type no longer declares cannot be compared any more: refuse rather than drop it
  const forgotten = Object.keys(parent).find((name) => name !== "type" && !Object.hasOwn(type.fields, name));
  if (forgotten !== undefined) return err({ code: "details_exceed", type: type.name, field: forgotten });
  return ok({ ...combined, type: type.name });
}

const isNarrower = (field: DetailField, wanted: unknown, above: unknown): boolean => {
  if (!hasShape(field, wanted) || !hasShape(field, above)) return false;
  switch (field.rule) {
    case "one_of": {
      const allowed = new Set(above as string[]);
      return (wanted as string[]).every((v) => allowed.has(v));
    }
    case "max":
      return (wanted as number) <= (above as number);
    case "prefix": {
      const [text, bound] = [wanted as string, above as string];
      return text === bound || text.startsWith(bound.endsWith("/") ? bound : `${bound}/`);
    }
  }
};
