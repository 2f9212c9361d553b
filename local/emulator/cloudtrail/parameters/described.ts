/** What the services share in saying what was asked of them: CloudTrail writes members with a small first letter. */
import type { ServedCall } from "../../front/call.ts";
import { accountOf } from "../../iam/context.ts";
import type { Access, Json } from "../../service.ts";

/** A resource of an event. */
export interface Resource {
  readonly accountId?: string;
  readonly type: string;
  readonly ARN?: string;
  /** Instead of an ARN, for what a listing could show. */
  readonly ARNPrefix?: string;
}

/** The part of a record that differs by service. */
export interface Described {
  readonly eventName: string;
  readonly requestParameters: unknown;
  readonly responseElements: unknown;
  readonly additionalEventData?: Json;
  readonly resources?: readonly Resource[];
  readonly readOnly: boolean;
  readonly apiVersion?: string;
}

/** The same with its category. */
export interface Description {
  readonly record: Described & { readonly userAgent?: string };
  readonly category: "Management" | "Data";
}

/** What CloudTrail writes in place of a secret. */
export const hidden = "HIDDEN_DUE_TO_SECURITY_REASONS";

/** Whether an operation changes nothing, by its name. */
export const isReading = (operation: string): boolean =>
  /^(Get|List|Describe|Head|Query|Scan|BatchGet|TransactGet)/.test(operation);

/** A member's name as CloudTrail writes it. */
export const small = (name: string): string => name.slice(0, 1).toLowerCase() + name.slice(1);

/**
 * Members with small first letters, all the way down.
 * @param without members that are not logged, by AWS's names
 */
export function lowered(value: unknown, without: readonly string[] = []): unknown {
  if (Array.isArray(value)) return value.map((each) => lowered(each, without));
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([name]) => !without.includes(name));
  return Object.fromEntries(members.map(([name, inner]) => [small(name), lowered(inner, without)]));
}

/** `null` in place of nothing, as CloudTrail has it. */
export const orNull = (value: object): object | null => (Object.keys(value).length === 0 ? null : value);

/** What a call was about, by what IAM was asked: each resource once. */
export function resourcesOf(
  { access, caller }: ServedCall,
  type: string,
  arnOf: (access: Access) => string = ({ resource }) => resource,
): { readonly resources?: readonly Resource[] } {
  const arns = new Set(access.map(arnOf).filter((arn) => arn.startsWith("arn:")));
  if (arns.size === 0) return {};
  return {
    resources: [...arns].map((ARN) => ({ accountId: accountOf(ARN) || accountOf(caller.roleArn), type, ARN })),
  };
}
