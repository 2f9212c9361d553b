import type { RuleName } from "../model/resource-registration.ts";
import type { AwsService } from "./actions.ts";

/**
 * The characters STS accepts in a policy: printable ASCII and Latin-1 (U+0020 to U+00FF), without control and format
 * characters.
 */
export const policyText: RegExp = /^[\x20-\x7e\xa0-\xac\xae-\xff]*$/;

/**
 * The rules whose bounds an IAM policy can express: equality, and the beginning of a text. For the others (numbers,
 * times, exclusions, addresses) there is no condition key.
 */
export const sayableRules: Readonly<Record<AwsService, readonly RuleName[]>> = {
  s3: ["exact", "one_of", "prefix", "path"],
  dynamodb: ["exact", "one_of", "prefix"],
};
