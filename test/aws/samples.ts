import type { AwsRoleRegistration, DynamoDbAwsGrant, S3AwsGrant } from "../../core/model/aws-role.ts";
import type { DetailsTypeDeclaration } from "../../core/model/resource-registration.ts";
import { declared } from "../kit/registry.ts";
import { account } from "./simulate.ts";

/** A role with what it maps, and the details types of its resource. */

export const end = 1_800_000_000;
export const table = (name: string): string => `arn:aws:dynamodb:eu-west-1:${account}:table/${name}`;
export const key = (name: string): string => `arn:aws:kms:eu-west-1:${account}:key/${name}`;

const texts = { type: "array", items: { type: "string" } };
const text = { type: "string" };

/** One field a rule, in types of their own so that any of them may be left out. */
export const types: readonly DetailsTypeDeclaration[] = [
  { name: "several", ...declared({ names: texts }, { names: "one_of" }) },
  { name: "single", ...declared({ name: text }, { name: "exact" }) },
  { name: "begins", ...declared({ with: texts }, { with: "prefix" }) },
  { name: "below", ...declared({ at: texts }, { at: "path" }) },
  { name: "most", ...declared({ size: { type: "number" }, name: text }, { size: "max", name: "exact" }) },
];

export const typeOf = (name: string): DetailsTypeDeclaration | undefined => types.find((type) => type.name === name);

export const s3 = (more: Partial<S3AwsGrant> = {}): S3AwsGrant => ({
  scope: "files:read",
  service: "s3",
  actions: ["s3:GetObject"],
  where: { bucket: "files" },
  details: [],
  kmsKeys: [],
  ...more,
});

export const items = (more: Partial<DynamoDbAwsGrant> = {}): DynamoDbAwsGrant => ({
  scope: "files:read",
  service: "dynamodb",
  actions: ["dynamodb:GetItem"],
  where: { table: table("items") },
  details: [],
  kmsKeys: [],
  ...more,
});

export const role = (...grants: AwsRoleRegistration["grants"]): AwsRoleRegistration => ({
  kind: "aws-role",
  name: "files",
  arn: `arn:aws:iam::${account}:role/agents/files`,
  agents: ["planner"],
  resource: "https://files.example",
  grants,
});
