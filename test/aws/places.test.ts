import { expect, test } from "vitest";
import { placesOf } from "../../core/aws/places.ts";
import type { AwsGrant, AwsRoleRegistration } from "../../core/model/aws-role.ts";
import { limits } from "../../core/model/limits.ts";

const s3 = (scope: string, bucket: string, prefix?: string, actions = ["s3:GetObject"]): AwsGrant => ({
  ...{ scope, service: "s3", actions, details: [], kmsKeys: [] },
  where: { bucket, ...(prefix === undefined ? {} : { prefix }) },
});
const tableArn = "arn:aws-cn:dynamodb:cn-north-1:111122223333:table/Notes";
const role = (grants: readonly AwsGrant[]): AwsRoleRegistration => ({
  ...{ kind: "aws-role", name: "files", arn: "arn:aws-cn:iam::111122223333:role/lanyard/target/Files" },
  ...{ agents: ["planner"], resource: "https://files.example", grants },
});

test("names what the scopes reach, each once, in the role's partition, and what other scopes reach not", () => {
  const grants = [
    s3("read", "files", "cases/"),
    s3("read", "files", "cases/"),
    s3("read", "archive"),
    s3("write", "drop", "in/"),
    {
      ...{ scope: "read", service: "dynamodb" as const, actions: ["dynamodb:GetItem"], details: [], kmsKeys: [] },
      where: { table: tableArn, prefix: "case#" },
    },
  ];
  expect(placesOf(role(grants), ["read"])).toEqual([
    tableArn,
    "arn:aws-cn:s3:::archive",
    "arn:aws-cn:s3:::files/cases/",
  ]);
  expect(placesOf(role(grants), ["none"])).toEqual([]);
});

test("names the bucket of a listing, since its event names no key", () => {
  expect(placesOf(role([s3("read", "files", "cases/", ["s3:ListBucket"])]), ["read"])).toEqual([
    "arn:aws-cn:s3:::files",
  ]);
  expect(placesOf(role([s3("read", "files", "cases/", ["s3:ListBucket", "s3:GetObject"])]), ["read"])).toEqual([
    "arn:aws-cn:s3:::files/cases/",
  ]);
});

test("is bounded, since each vend records it", () => {
  const many = Array.from({ length: 50 }, (_, n) => s3("read", `files-${n}`));
  expect(placesOf(role(many), ["read"])).toHaveLength(limits.awsRecordedPlaces);
});
