import { createHash } from "node:crypto";
import type { DetailsTypeDeclaration, LendingRegistration, TrustedIssuerRegistration } from "../model/registry.ts";
import { canonicalJson } from "../model/registry-difference.ts";

/**
 * What names of the registry meant when something was stored by them, as digests by `lending:<rule>` and
 * `groups:<trusted issuer's name>`. A name alone would follow whoever edits it: a rule that was rewritten for
 * administrators would lend what it says now to the people it meant before (threat 33).
 */
export type Meanings = Readonly<Record<string, string>>;

/** Under which key a lending rule's meaning is kept. */
export const lendingKey = (rule: string): string => `lending:${rule}`;

/** Under which key the meaning of all groups of one trusted issuer is kept. */
export const groupsKey = (issuerName: string): string => `groups:${issuerName}`;

/** Whom a lending rule means: whose people, and on which condition. What they lend is not part of it. */
export const lendingMeaning = ({ issuer, when }: Pick<LendingRegistration, "issuer" | "when">): string =>
  digestOf({ issuer, when });

/**
 * Whom the groups of an issuer mean: whose people, by which claim, and what a missing claim says. The group's own name is
 * the rest of it, and stands in the group's id.
 * @returns undefined for an issuer that declares none
 */
export function groupsMeaning({
  issuer,
  groups,
}: Pick<TrustedIssuerRegistration, "issuer" | "groups">): string | undefined {
  return groups && digestOf({ issuer, claim: groups.claim, absent: groups.absent ?? "refuse" });
}

/** What a details type means: the schema it is read by, without what only explains it, and the rules of its fields. */
export const detailsTypeMeaning = ({ schema, rules }: Pick<DetailsTypeDeclaration, "schema" | "rules">): string =>
  digestOf({ schema: withoutWords(schema), rules });

/** A schema without `title`, `description` and dialect; a field of that name is a field. */
function withoutWords(schema: unknown): unknown {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return schema;
  const { title: _t, description: _d, $schema: _s, properties, items, ...rest } = schema as Record<string, unknown>;
  const fields = Object.entries(properties ?? {}).map(([name, field]) => [name, withoutWords(field)]);
  return {
    ...rest,
    ...(properties === undefined ? {} : { properties: Object.fromEntries(fields) }),
    ...(items === undefined ? {} : { items: withoutWords(items) }),
  };
}

/** 22 base64url characters, 132 bits of SHA-256: nobody finds a second meaning with the digest of another. */
const digestOf = (meaning: object): string =>
  createHash("sha256")
    .update(canonicalJson(meaning) ?? "")
    .digest("base64url")
    .slice(0, 22);
