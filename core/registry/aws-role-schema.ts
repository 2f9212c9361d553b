import * as z from "zod";
import { type AwsService, awsActions } from "../aws/actions.ts";
import { policyText } from "../aws/sayable.ts";
import { parseRoleArn } from "../text/role-arn.ts";
import { agentName, fieldPath, name, scope, typeName, uri } from "./names.ts";

const sayable = z.string().min(1).max(512).regex(policyText, "use printable ASCII and Latin-1; IAM takes nothing else");

const kmsKey = z
  .string()
  .regex(
    /^arn:aws(-[a-z]+)*:kms:[a-z0-9-]{1,32}:\d{12}:key\/[a-z0-9-]{1,64}$/,
    "write the key's ARN (arn:aws:kms:…:key/…), not an alias",
  );

const narrowing = { type: typeName, field: fieldPath };

const grantOf = <S extends AwsService>(service: S) => ({
  scope,
  service: z.literal(service),
  actions: z.array(z.enum(awsActions[service] as readonly [string, ...string[]])).min(1),
  kmsKeys: z.array(kmsKey).max(4).default([]),
});

const s3Grant = z.strictObject({
  ...grantOf("s3"),
  where: z.strictObject({
    bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "write the bucket's name, not its ARN"),
    // without the slash `customers` would also reach `customers-secret/`
    prefix: sayable.regex(/[^/]\/$/, "end the prefix in '/', so that it names a folder").exactOptional(),
  }),
  details: z
    .array(z.strictObject({ ...narrowing, as: z.literal("folder").exactOptional() }))
    .max(4)
    .default([]),
});

const dynamoDbGrant = z.strictObject({
  ...grantOf("dynamodb"),
  where: z.strictObject({
    table: z
      .string()
      .regex(
        /^arn:aws(-[a-z]+)*:dynamodb:[a-z0-9-]{1,32}:\d{12}:table\/[a-zA-Z0-9_.-]{3,255}$/,
        "write the table's ARN; no index, no wildcard",
      ),
    prefix: sayable.exactOptional(),
  }),
  details: z.array(z.strictObject(narrowing)).max(4).default([]),
});

/** The shape of an AWS role's registration. */
export const awsRole = z.strictObject({
  kind: z.literal("aws-role"),
  name,
  arn: z.string().refine((arn) => parseRoleArn(arn) !== undefined, "write the role's ARN, path included"),
  agents: z.array(agentName).min(1).max(50),
  resource: uri,
  grants: z
    .array(z.discriminatedUnion("service", [s3Grant, dynamoDbGrant]))
    .min(1)
    .max(50),
  exclusive: z.literal(true).exactOptional(),
});
