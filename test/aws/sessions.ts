import { fc } from "@fast-check/vitest";
import { awsActions, listBucket } from "../../core/aws/actions.ts";
import type { AwsGrant, AwsNarrowing } from "../../core/model/aws-role.ts";
import type { AuthorizationDetail } from "../../core/model/session.ts";
import type { Request, Session } from "./meaning.ts";
import { items, key, s3, table } from "./samples.ts";

/** Roles, sessions and requests, made up. */

/** Names with all that means something to IAM, alike enough that one begins with another. */
const name = fc.oneof(
  fc.constantFrom(
    "a",
    "ab",
    "a*",
    "*",
    "?",
    "a?",
    `\${*}`,
    `\${aws:username}`,
    "$",
    `\${`,
    "}",
    "a{b}",
    "é",
    "a b",
    '"',
    "\\",
  ),
  fc.string({ unit: fc.constantFrom("a", "b", "*", "?", "$", "{", "}", ".", "é"), minLength: 1, maxLength: 4 }),
);
/** A name that the rule `path` takes, which refuses what some reader resolves. */
const segment = fc.constantFrom("a", "b", "ab", "a.b", `\${a}`, "$", "é", "a b", '"');
const names = fc.uniqueArray(name, { minLength: 1, maxLength: 3 });

/** A detail and how it may narrow a grant of S3. Rule by rule, as `samples.ts` declares the types. */
const narrowed: fc.Arbitrary<{ readonly detail: AuthorizationDetail; readonly by: AwsNarrowing }> = fc.oneof(
  names.map((some) => ({ detail: { type: "several", names: some }, by: { type: "several", field: "names" } })),
  names.map((some) => ({
    detail: { type: "several", names: some },
    by: { type: "several", field: "names", as: "folder" as const },
  })),
  name.map((one) => ({ detail: { type: "single", name: one }, by: { type: "single", field: "name" } })),
  names.map((some) => ({ detail: { type: "begins", with: some }, by: { type: "begins", field: "with" } })),
  fc
    .uniqueArray(
      fc.array(segment, { maxLength: 2 }).map((parts) => `/${parts.join("/")}`),
      { minLength: 1, maxLength: 3 },
    )
    .map((at) => ({ detail: { type: "below", at }, by: { type: "below", field: "at" } })),
);

const scopes = ["files:read", "files:write"] as const;
const kmsKeys = fc.subarray([key("one"), key("two")]);

/** Without a listing two times of three: few details leave one that a prefix bounds. */
const objectActions = fc
  .tuple(
    fc.subarray(
      awsActions.s3.filter((action) => action !== listBucket),
      { minLength: 1, maxLength: 3 },
    ),
    fc.nat(2),
  )
  .map(([actions, lists]) => (lists === 0 ? [...actions, listBucket] : actions));
const objects = fc.record({
  scope: fc.constantFrom(...scopes),
  actions: objectActions,
  where: fc.record(
    { bucket: fc.constantFrom("files", "other"), prefix: fc.constantFrom("a/", "x*/", `\${a}/`) },
    { requiredKeys: ["bucket"] },
  ),
  kmsKeys,
});
const rows = fc.record({
  scope: fc.constantFrom(...scopes),
  actions: fc.subarray([...awsActions.dynamodb], { minLength: 1, maxLength: 3 }),
  where: fc.record(
    { table: fc.constantFrom(table("items"), table("more")), prefix: fc.constantFrom("a", "C#", "*") },
    { requiredKeys: ["table"] },
  ),
  kmsKeys,
});

/** A role, what a session holds of it, and how each grant is narrowed by the session's details. */
export const sessions: fc.Arbitrary<Session> = fc
  .record({
    narrowings: fc.uniqueArray(narrowed, { maxLength: 2, selector: ({ detail }) => detail.type }),
    grants: fc.array(
      fc.oneof(
        objects.map((o) => s3(o)),
        rows.map((r) => items(r)),
      ),
      { minLength: 1, maxLength: 4 },
    ),
    held: fc.subarray([...scopes], { minLength: 1 }),
  })
  .map(({ narrowings, grants, held }) => ({
    // most sessions hold what some grant maps
    held: grants.some(({ scope }) => (held as readonly string[]).includes(scope))
      ? held.filter((h) => grants.some(({ scope }) => scope === h))
      : held,
    details: narrowings.map(({ detail }) => detail),
    grants: grants.map((grant): AwsGrant => {
      const details = narrowings.map(({ by }) => by);
      return grant.service === "s3"
        ? { ...grant, details }
        : { ...grant, details: details.map(({ type, field }) => ({ type, field })) };
    }),
  }));

/** What a request names, near what sessions hold. */
const keyOf = fc
  .tuple(
    fc.constantFrom("", "a/", "x*/", "xy/", `\${a}/`, "a", "C#", "*"),
    fc.oneof(
      name,
      fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/")),
    ),
    fc.constantFrom("", "/", "/b", "b", "*"),
  )
  .map((parts) => parts.join(""));
/** What a session might ask for, of ours and of others. */
export const requests: fc.Arbitrary<Request> = fc.oneof(
  fc.record({
    action: fc.constantFrom(
      ...awsActions.s3.filter((action) => action !== listBucket),
      "s3:PutObjectAcl",
      "s3:DeleteObjectVersion",
    ),
    place: fc.constantFrom("files", "other", "file", "files2").map((bucket) => `arn:aws:s3:::${bucket}`),
    keys: keyOf.map((one) => [one]),
  }),
  fc.record({
    action: fc.constant(listBucket),
    place: fc.constantFrom("files", "other", "files2").map((bucket) => `arn:aws:s3:::${bucket}`),
    keys: fc.oneof(
      fc.constant([]),
      keyOf.map((one) => [one]),
    ),
  }),
  fc.record({
    action: fc.constantFrom(...awsActions.dynamodb, "dynamodb:Scan", "dynamodb:ConditionCheckItem"),
    place: fc.constantFrom(table("items"), table("more"), table("item"), `${table("items")}/index/a`),
    keys: fc.array(keyOf, { maxLength: 2 }),
    inside: fc.constantFrom(undefined, undefined, "TransactWriteItems"),
  }),
  fc.record({
    action: fc.constantFrom(
      "kms:Decrypt",
      "kms:GenerateDataKey",
      "kms:Encrypt",
      "kms:DescribeKey",
      "kms:ScheduleKeyDeletion",
    ),
    place: fc.constantFrom(key("one"), key("two"), key("three")),
    keys: fc.constantFrom(
      [],
      ["s3.eu-west-1.amazonaws.com"],
      ["dynamodb.eu-west-1.amazonaws.com"],
      ["sqs.eu-west-1.amazonaws.com"],
    ),
  }),
  fc
    .constantFrom("iam:CreateUser", "sts:AssumeRole", "sqs:SendMessage", "lambda:InvokeFunction")
    .map((action) => ({ action, place: "*", keys: [] })),
);
/** What a request takes from the session itself, so that it is often allowed: a grant, an action of it, and what keys are made of. */
export const near = fc.record({
  grant: fc.nat(3),
  action: fc.nat(2),
  values: fc.array(fc.tuple(fc.nat(2), fc.constantFrom("", "", "/", "/b", "b")), { minLength: 1, maxLength: 2 }),
  inside: fc.constantFrom(undefined, undefined, undefined, "TransactWriteItems"),
});

/** A request for what one of the session's grants reaches, or nearly. */
export function requestOf(
  { grants, details }: Session,
  { grant: at, action, values, inside }: typeof near extends fc.Arbitrary<infer T> ? T : never,
): Request {
  const grant = grants[at % grants.length] ?? grants[0];
  if (!grant) throw new Error("no grant");
  const named = details.flatMap((detail) =>
    Object.entries(detail).flatMap(([member, value]) => (member === "type" ? [] : (value as string | string[]))),
  );
  const keys = values.map(([n, more]) => {
    const value = named.length === 0 ? "k" : (named[n % named.length] ?? "");
    return `${grant.where.prefix ?? ""}${value.startsWith("/") ? value.slice(1) : value}${more}`;
  });
  const own = grant.actions[action % grant.actions.length] ?? "";
  if (grant.service === "s3")
    return { action: own, place: `arn:aws:s3:::${grant.where.bucket}`, keys: keys.slice(0, 1) };
  return { action: own, place: grant.where.table, keys, inside };
}
