/** A role's rights as lines to compare: `action on what [under which condition]`. */
import { list, type Statement, statementsOf } from "../resolved.ts";
import type { StackName, Synthesized } from "../synthesized.ts";

/** Every right but logs and tracing, which all functions share, sorted. */
export function rightsOf(templates: Synthesized["templates"], stack: StackName, role: string): string[] {
  return [...new Set(statementsOf(templates, stack, role).flatMap(linesOf))].sort();
}

function linesOf(statement: Statement): string[] {
  if (statement.Effect !== "Allow") return [`${statement.Effect} ${JSON.stringify(statement)}`];
  const condition = statement.Condition ? ` if ${conditionOf(statement.Condition)}` : "";
  return list(statement.Action).flatMap((action) =>
    list(statement.Resource).map((resource) => `${action} on ${short(resource)}${condition}`),
  );
}

/** The last part of an ARN without the hash that CDK appends to logical ids. */
function short(arn: string): string {
  const name = arn.split(":").slice(5).join(":");
  return (name || arn).replace(/([A-Za-z])[0-9A-F]{8}(?=$|[/:])/g, "$1").replace(/^(table\/Tables|key\/Keys)/, "");
}

const plain: Record<string, string> = {
  '{"StringEquals":{"dynamodb:EnclosingOperation":"TransactWriteItems"}}': "in a transaction",
  '{"StringEquals":{"kms:ViaService":"dynamodb.eu-west-1.amazonaws.com"}}': "by DynamoDB",
  '{"StringEquals":{"kms:ViaService":"s3.eu-west-1.amazonaws.com"}}': "by S3",
  '{"StringEquals":{"kms:MessageType":"DIGEST","kms:SigningAlgorithm":"ECDSA_SHA_256"}}': "an ES256 digest",
  '{"StringEquals":{"kms:MessageType":"DIGEST","kms:SigningAlgorithm":"RSASSA_PKCS1_V1_5_SHA_256"}}': "an RS256 digest",
  '{"StringEquals":{"kms:MacAlgorithm":"HMAC_SHA_256"}}': "HS256",
};

function conditionOf(condition: Record<string, Record<string, unknown>>): string {
  const keys = condition["ForAllValues:StringLike"]?.["dynamodb:LeadingKeys"];
  const unbound = { StringEquals: condition.StringEquals };
  // within a transaction AWS does not say that the key is filled: there Null would refuse what it should let through
  if (Array.isArray(keys) && condition.Null === undefined && plain[JSON.stringify(unbound)] === "in a transaction")
    return `in a transaction, row ${keys.join(" or ")} where AWS says which`;
  // without Null, ForAllValues lets a request through that carries no key at all
  if (Array.isArray(keys) && condition.Null?.["dynamodb:LeadingKeys"] === "false") {
    const { "ForAllValues:StringLike": _k, Null: _n, ...rest } = condition;
    const more = Object.keys(rest).length === 0 ? "" : ` ${conditionOf(rest)}`;
    return `row ${keys.join(" or ")}${more}`;
  }
  const text = JSON.stringify(condition);
  return plain[text] ?? text;
}
