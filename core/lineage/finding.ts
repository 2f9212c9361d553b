/**
 * Access keys that a finding names, each once, from the members that AWS documents: GuardDuty's
 * `Resource.AccessKeyDetails.AccessKeyId`, of IAM Access Analyzer `findingDetails` of an unused access key, and Security
 * Hub's resources of type `AwsIamAccessKey`. Each as the service's API answers it, as it is exported, or in an event
 * (`detail`), which spell members with small or capital first letters.
 * @param finding JSON as it was parsed
 */
export function keysOfFinding(finding: unknown): readonly string[] {
  const whole = member(finding, "detail") ?? finding;
  const findings = listOf(member(whole, "Findings"));
  const all = findings.length > 0 ? findings : [member(whole, "Finding") ?? whole];
  const named = all.flatMap((each) => [
    at(each, ["Resource", "AccessKeyDetails", "AccessKeyId"]),
    ...listOf(member(each, "FindingDetails")).map((detail) =>
      at(detail, ["UnusedIamUserAccessKeyDetails", "AccessKeyId"]),
    ),
    ...listOf(member(each, "Resources")).map((resource) => at(resource, ["Details", "AwsIamAccessKey", "AccessKeyId"])),
  ]);
  return [...new Set(named.filter((each): each is string => typeof each === "string"))];
}

const at = (value: unknown, path: readonly string[]): unknown => path.reduce(member, value);

function member(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  const small = `${name.slice(0, 1).toLowerCase()}${name.slice(1)}`;
  const found = [name, small].find((each) => Object.hasOwn(value, each));
  return found === undefined ? undefined : (value as Readonly<Record<string, unknown>>)[found];
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
