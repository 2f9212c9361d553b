import type { Denial } from "../denial/denial.ts";
import { understandDetail } from "../details/compare.ts";
import { leavesOf } from "../details/leaves.ts";
import type { AwsGrant, AwsNarrowing } from "../model/aws-role.ts";
import type { DetailsTypeDeclaration, RuleName } from "../model/resource-registration.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { AuthorizationDetail } from "../model/session.ts";
import { everyKey, intersection, type Keys, union } from "./keys.ts";
import { policyText, sayableRules } from "./sayable.ts";

/** What restricts a grant at AWS. */
export interface Restricting {
  /** The role's registered name, for refusals. */
  readonly role: string;
  /** The details of the session's grant at the role's resource. */
  readonly details: readonly AuthorizationDetail[];
  /** A registered details type by its name. */
  readonly type: (name: string) => DetailsTypeDeclaration | undefined;
}

/**
 * The keys that a grant reaches under a session's details: those of its place that every field of every detail admits.
 * @returns the keys, at least one; `aws_detail_unmapped` for a field that the grant does not map,
 * `aws_detail_unsayable` for a value that no pattern can express, `details_invalid`, or `aws_details_disjoint` when
 * nothing is left
 */
export function keysOf(grant: AwsGrant, { role, details, type }: Restricting): Result<readonly Keys[], Denial> {
  const { prefix } = grant.where;
  let keys: readonly Keys[] = prefix === undefined ? everyKey : [{ text: prefix, open: true }];
  for (const detail of details) {
    const declared = type(detail.type);
    const leaves = declared ? canonicalLeaves(detail, declared) : unknownType(detail.type);
    if (!leaves.ok) return leaves;
    for (const [field, value] of leaves.value) {
      const narrowing = grant.details.find((d) => d.type === detail.type && d.field === field);
      if (!narrowing) return err({ code: "aws_detail_unmapped", role, scope: grant.scope, type: detail.type, field });
      const admitted = admittedKeys(value, { grant, narrowing, rule: declared?.rules[field] });
      if (!admitted.ok)
        return err({ code: "aws_detail_unsayable", role, type: detail.type, field, why: admitted.error });
      keys = intersection(keys, admitted.value);
    }
  }
  return keys.length === 0 ? err({ code: "aws_details_disjoint", role, scope: grant.scope }) : ok(keys);
}

const unknownType = (type: string): Result<never, Denial> =>
  err({ code: "details_invalid", type: type.slice(0, 128), why: "the type is not registered" });

function canonicalLeaves(
  detail: AuthorizationDetail,
  type: DetailsTypeDeclaration,
): Result<ReadonlyMap<string, unknown>, Denial> {
  const understood = understandDetail(detail, type);
  const leaves = understood.ok ? leavesOf(understood.value.canonical, type) : understood;
  if (leaves.ok) return leaves;
  const { field, why } = leaves.error;
  return err({ code: "details_invalid", type: detail.type, why: `field ${JSON.stringify(field)} ${why}` });
}

interface Mapped {
  readonly grant: AwsGrant;
  readonly narrowing: AwsNarrowing;
  readonly rule: RuleName | undefined;
}

/** The keys that one field admits, by the field's rule, or why a policy cannot express them. */
function admittedKeys(value: unknown, { grant, narrowing, rule }: Mapped): Result<readonly Keys[], string> {
  if (rule === undefined || !sayableRules[grant.service].includes(rule)) return err("has no meaning in a policy");
  const base = grant.where.prefix ?? "";
  const keys: Keys[] = [];
  for (const text of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
    if (typeof text !== "string") return err("holds what is no text");
    if (!policyText.test(text)) return err("holds a character that IAM does not take");
    if (narrowing.as === "folder" && /^\.{1,2}$|\//.test(text)) return err("holds what is no folder's name");
    keys.push(...keysNamed(base, text, narrowing.as === "folder" ? "folder" : rule));
  }
  return ok(union(keys));
}

/** The keys that one value names, after the beginning that all keys of the grant share. */
function keysNamed(base: string, text: string, by: RuleName | "folder"): readonly Keys[] {
  if (by === "folder") return [{ text: `${base}${text}/`, open: true }];
  if (by === "prefix") return [{ text: base + text, open: true }];
  if (by !== "path") return [{ text: base + text, open: false }];
  // keys of S3 do not begin with a slash; `/a` means the object `a` and all keys below `a/`, not `ab`
  const below = text.slice(1);
  if (below === "") return [{ text: base, open: true }];
  return [
    { text: base + below, open: false },
    { text: `${base}${below}/`, open: true },
  ];
}
