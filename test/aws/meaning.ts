import { listBucket } from "../../core/aws/actions.ts";
import { ruleOf } from "../../core/details/rules/table.ts";
import type { AwsGrant } from "../../core/model/aws-role.ts";
import type { AuthorizationDetail } from "../../core/model/session.ts";
import { typeOf } from "./samples.ts";
import type { Asked } from "./simulate.ts";

/** What a session holds of a role. */
export interface Session {
  readonly held: readonly string[];
  readonly details: readonly AuthorizationDetail[];
  readonly grants: readonly AwsGrant[];
}

/** What a request asks for: keys of S3, partition keys, or the service that a key of KMS is used through. */
export interface Request {
  readonly action: string;
  readonly place: string;
  readonly keys: readonly string[];
  readonly inside?: string | undefined;
}

/** The request as IAM sees it. */
export function askedOf({ action, place, keys, inside }: Request, atSeconds: number): Asked {
  const context: Record<string, string | string[]> = {};
  const [first] = keys;
  if (action === listBucket && first !== undefined) context["s3:prefix"] = first;
  if (action.startsWith("kms:") && first !== undefined) context["kms:ViaService"] = first;
  if (action.startsWith("dynamodb:") && keys.length > 0) context["dynamodb:LeadingKeys"] = [...keys];
  if (inside !== undefined) context["dynamodb:EnclosingOperation"] = inside;
  const isObject = action.startsWith("s3:") && action !== listBucket;
  return { action, resource: isObject ? `${place}/${first ?? ""}` : place, atSeconds, context };
}

/** What the details mean, said by the rules of details themselves and by nothing of the compiler. */
function admits(grant: AwsGrant, details: readonly AuthorizationDetail[], text: string): boolean {
  const prefix = grant.where.prefix ?? "";
  if (!text.startsWith(prefix)) return false;
  const rest = text.slice(prefix.length);
  return grant.details.every(({ type, field, as }) => {
    const value = details.find((detail) => detail.type === type)?.[field];
    const rule = ruleOf(typeOf(type)?.rules[field] ?? "");
    const bound = rule?.read(value);
    if (!rule || bound === undefined) throw new Error(`${type} ${field} is not read`);
    if (as === "folder") return rest.includes("/") && rule.admits(bound, rest.slice(0, rest.indexOf("/")));
    // S3 resolves nothing: a key is below a path by its text, where the rule reads what a file system resolves
    if (type === "below")
      return (value as string[]).some((at) => at === "/" || `/${rest}` === at || `/${rest}`.startsWith(`${at}/`));
    return rule.admits(bound, rest);
  });
}

/** A character that stands in no name here: what a listing by a prefix would tell beyond it. */
const unseen = "\u00fe";

/** Whether a session may have what is asked for, before its end. */
export function mayHave({ grants, held, details }: Session, { action, place, keys, inside }: Request): boolean {
  const given = grants.filter(({ scope }) => held.includes(scope));
  const own = given.filter(
    (grant) =>
      grant.actions.includes(action) &&
      place === (grant.service === "s3" ? `arn:aws:s3:::${grant.where.bucket}` : grant.where.table),
  );
  const anyAdmits = (text: string) => own.some((grant) => admits(grant, details, text));
  const [first] = keys;
  if (action.startsWith("kms:")) {
    const encrypted = given.filter(({ kmsKeys: own }) => own.length > 0);
    return (
      uses(encrypted).includes(action) &&
      encrypted.some(
        ({ service, kmsKeys: own }) => own.includes(place) && first === `${service}.eu-west-1.amazonaws.com`,
      )
    );
  }
  if (own.length === 0) return false;
  if (action === listBucket)
    return first !== undefined && ["", unseen, `/${unseen}`].every((more) => anyAdmits(first + more));
  if (action.startsWith("s3:")) return first !== undefined && anyAdmits(first);
  // with neither prefix nor detail: no rule of these admits everything
  const isWhole = own.some(({ where }) => where.prefix === undefined) && details.length === 0;
  return isWhole || (keys.length > 0 && inside === undefined && keys.every(anyAdmits));
}

function uses(encrypted: readonly AwsGrant[]): readonly string[] {
  if (encrypted.some(({ service }) => service === "dynamodb"))
    return ["kms:Decrypt", "kms:GenerateDataKey", "kms:Encrypt", "kms:DescribeKey"];
  const actions = encrypted.flatMap((grant) => grant.actions);
  if (actions.includes("s3:PutObject")) return ["kms:Decrypt", "kms:GenerateDataKey"];
  return actions.some((action) => ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectAttributes"].includes(action))
    ? ["kms:Decrypt"]
    : [];
}
