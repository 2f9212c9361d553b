import type { RuleName } from "../model/registry.ts";
import type { AwsService } from "./actions.ts";

/** What STS takes as a policy's text: printable ASCII and Latin-1 (U+0020 to U+00FF), without control and format characters. */
export const policyText: RegExp = /^[\x20-\x7e\xa0-\xac\xae-\xff]*$/;

/**
 * The rules whose bounds IAM can compare: equality, and what a text begins with. Everything else (numbers, times,
 * exclusions, addresses) has no condition key to stand on.
 */
export const sayableRules: Readonly<Record<AwsService, readonly RuleName[]>> = {
  s3: ["exact", "one_of", "prefix", "path"],
  dynamodb: ["exact", "one_of", "prefix"],
};
