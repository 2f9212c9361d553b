import { listBucket } from "../aws/actions.ts";
import { tagValue } from "../aws/lineage.ts";
import { sayableRules } from "../aws/sayable.ts";
import { isObject } from "../details/leaves.ts";
import { type FieldSchema, isTextOrTexts } from "../details/rules/rule.ts";
import { type AwsGrant, type AwsNarrowing, type AwsRoleRegistration, targetRolePath } from "../model/aws-role.ts";
import type { DetailsTypeRegistration } from "../model/resource-registration.ts";
import { parseRoleArn } from "../text/role-arn.ts";
import { type Finding, repeated } from "./finding.ts";

/** Rules for one AWS role by itself: everything it names is in one partition, and every listing is bounded. */
export function awsRoleFindings(row: AwsRoleRegistration): readonly Finding[] {
  const partition = partitionOf(row.arn);
  const elsewhere = (path: string, arn: string): Finding[] =>
    partitionOf(arn) === partition ? [] : [[path, `is of another partition than ${row.arn}`]];
  return [
    ...repeated(row.agents, "agents"),
    ...(`/${parseRoleArn(row.arn)?.name}`.startsWith(targetRolePath)
      ? []
      : [["arn", `is not below ${targetRolePath}, and the deployment may assume no other role`] as const]),
    ...(row.exclusive ? exclusiveFindings(row) : []),
    ...row.grants.flatMap((grant, i): Finding[] => [
      ...repeated(grant.actions, `grants.${i}.actions`),
      ...repeated(grant.kmsKeys, `grants.${i}.kmsKeys`),
      ...grant.kmsKeys.flatMap((key, j) => elsewhere(`grants.${i}.kmsKeys.${j}`, key)),
      ...(grant.service === "dynamodb" ? elsewhere(`grants.${i}.where.table`, grant.where.table) : []),
      ...keysElsewhere(grant, `grants.${i}.kmsKeys`),
      ...listingFindings(grant, `grants.${i}.actions`),
    ]),
  ];
}

/** A role that an agent takes by itself is that one agent's, and its ARN is a tag that binds a token to it. */
const exclusiveFindings = ({ agents, arn }: AwsRoleRegistration): readonly Finding[] => [
  ...(agents.length > 1 ? [["exclusive", "a role that an agent takes by itself is that one agent's"] as const] : []),
  ...(tagValue.test(arn)
    ? []
    : [
        [
          "arn",
          "does not fit a session tag (256 letters, digits and _.:/=+-@), which an exclusive role needs",
        ] as const,
      ]),
];

const partitionOf = (arn: string): string | undefined => arn.split(":")[1];

/** The KMS key of a table must be in the table's Region, since a key elsewhere would never be used. */
const keysElsewhere = (grant: AwsGrant, path: string): Finding[] => {
  if (grant.service !== "dynamodb") return [];
  const [, , , region] = grant.where.table.split(":");
  return grant.kmsKeys.flatMap((key, j): Finding[] =>
    key.split(":")[3] === region
      ? []
      : [[`${path}.${j}`, `is of another Region than the table, which is in ${region}`]],
  );
};

/** Refuses a listing without a prefix, since it would show the names of all objects. */
const listingFindings = (grant: AwsGrant, path: string): Finding[] =>
  grant.service === "s3" &&
  grant.actions.includes(listBucket) &&
  grant.where.prefix === undefined &&
  grant.details.length === 0
    ? [[path, `${listBucket} needs a prefix, or details that name one`]]
    : [];

/** Other registrations, by the names that a role's registration uses. */
interface AwsRoleNames {
  readonly detailsTypes: ReadonlyMap<string, DetailsTypeRegistration>;
  /** What each agent may hold, as `resource scope`. */
  readonly may: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Checks the agents and details types that a role names; one that does not exist is reported elsewhere. */
export function awsRoleReferences(row: AwsRoleRegistration, names: AwsRoleNames): readonly Finding[] {
  return [
    ...row.agents.flatMap((agent, i): Finding[] => {
      const may = names.may.get(agent);
      const useless = may && !row.grants.some(({ scope }) => may.has(`${row.resource} ${scope}`));
      return useless ? [[`agents.${i}`, `agent ${agent} may hold none of the scopes that this role gives for`]] : [];
    }),
    ...(row.exclusive ? wholeFindings(row, names) : []),
    ...row.grants.flatMap((grant, i) => [
      ...grant.details.flatMap((narrowing, j) =>
        narrowingFindings({ row, grant, narrowing }, `grants.${i}.details.${j}`, names),
      ),
      ...repeated(
        grant.details.map(({ type, field }) => `${type} ${field}`),
        `grants.${i}.details`,
      ),
      ...unusable(row.resource, grant, names).map((message): Finding => [`grants.${i}.details`, message]),
    ]),
  ];
}

/**
 * Whoever takes a role by itself has all of it, so the agent may hold every scope that the role gives for, and each of
 * them without a detail: credentials that no policy narrows keep none.
 */
function wholeFindings({ agents, resource, grants }: AwsRoleRegistration, names: AwsRoleNames): readonly Finding[] {
  const [agent = ""] = agents;
  const may = names.may.get(agent);
  const needing = [...names.detailsTypes.values()].filter((type) => type.resource === resource);
  return grants.flatMap(({ scope }, i): Finding[] => [
    ...(may && !may.has(`${resource} ${scope}`)
      ? [[`grants.${i}.scope`, `agent ${agent} may not hold ${scope}, and would get it with the whole role`] as const]
      : []),
    ...needing
      .filter((type) => type.requiredFor?.includes(scope))
      .map(
        (type): Finding => [
          "exclusive",
          `${scope} is granted only with ${type.name}, which bounds nobody who has the whole role`,
        ],
      ),
  ]);
}

/** One narrowing of a grant. */
interface Narrowed {
  readonly row: AwsRoleRegistration;
  readonly grant: AwsGrant;
  readonly narrowing: AwsNarrowing;
}

/**
 * Checks that the type belongs to the role's resource, and that its field has a rule that an IAM policy can express.
 */
function narrowingFindings({ row, grant, narrowing }: Narrowed, path: string, names: AwsRoleNames): Finding[] {
  const { type: typeName, field, as } = narrowing;
  const type = names.detailsTypes.get(typeName);
  if (type?.resource !== row.resource) return [[`${path}.type`, `${typeName} is no details type of ${row.resource}`]];
  const rule = Object.hasOwn(type.rules, field) ? type.rules[field] : undefined;
  if (rule === undefined) return [[`${path}.field`, `${typeName} has no field ${field} that a rule compares`]];
  const { service } = grant;
  if (!sayableRules[service].includes(rule))
    return [
      [
        `${path}.field`,
        `rule ${rule} cannot be said in a policy for ${service}; ${sayableRules[service].join(", ")} can`,
      ],
    ];
  if (!isTextOrTexts(fieldSchema(type, field))) return [[`${path}.field`, `${field} holds no text`]];
  const whole = rule === "exact" || rule === "one_of";
  if (as === "folder" && !whole) return [[`${path}.as`, `rule ${rule} says already what lies below a value`]];
  return whole && as === undefined && grant.actions.includes(listBucket)
    ? [[path, `${listBucket} cannot be bounded to single keys: let each value name a folder (as: folder)`]]
    : [];
}

/** The schema of a field by its dotted path; empty when it does not exist. */
function fieldSchema({ schema }: Pick<DetailsTypeRegistration, "schema">, field: string): FieldSchema {
  let at: Readonly<Record<string, unknown>> = schema;
  for (const name of field.split(".")) {
    const inner = isObject(at.properties) ? at.properties[name] : undefined;
    at = isObject(inner) ? inner : {};
  }
  return at;
}

/** Details that a scope or a type requires and that the grant does not map. No session could ever use such a grant. */
const unusable = (resource: string, grant: AwsGrant, names: AwsRoleNames): string[] =>
  [...names.detailsTypes.values()].flatMap((type) => {
    if (type.resource !== resource) return [];
    const mapped = grant.details.filter((d) => d.type === type.name).map((d) => d.field);
    if (type.requiredFor?.includes(grant.scope) && mapped.length === 0)
      return [`${grant.scope} is granted only with ${type.name}, which nothing here maps`];
    const required = mapped.length > 0 && Array.isArray(type.schema.required) ? type.schema.required : [];
    return required
      .filter((name) => !mapped.some((field) => field === name || field.startsWith(`${name}.`)))
      .map((name) => `every ${type.name} has ${name}, which nothing here maps`);
  });

/**
 * Finds roles that an agent takes by itself and that are registered once more, for whomever: what the second
 * registration gives would be the agent's too, without a session that holds its scopes. In one account there are no two
 * roles whose names differ by their path or by capitals alone.
 */
export const sharedExclusively = (
  rows: readonly AwsRoleRegistration[],
): readonly { readonly row: AwsRoleRegistration; readonly other: string }[] => {
  const sameRole = Map.groupBy(rows, ({ arn }) => {
    const { account, name } = parseRoleArn(arn) ?? { account: "", name: arn };
    return `${account} ${name.split("/").at(-1)?.toLowerCase()}`;
  });
  return [...sameRole.values()].flatMap(([first, ...others]) =>
    others
      .filter(() => [first, ...others].some((one) => one?.exclusive))
      .map((row) => ({ row, other: first?.name ?? "" })),
  );
};
