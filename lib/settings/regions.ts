/**
 * Where Lanyard can run: function URLs are missing in some Regions, and the token services of other partitions issue
 * other tokens.
 */

/** Regions without Lambda function URLs (AWS documentation, November 2026). */
const withoutFunctionUrls = new Set([
  "ap-south-2",
  "ap-southeast-4",
  "ap-southeast-5",
  "ca-west-1",
  "eu-south-2",
  "eu-central-2",
  "il-central-1",
  "me-central-1",
]);

/**
 * Explains why a Region cannot host Lanyard.
 * @param region the Region's name, such as `eu-west-1`
 * @returns the reason, or undefined where it can
 */
export function refusedRegion(region: string): string | undefined {
  if (!/^[a-z]{2,4}(-[a-z]+)+-\d$/.test(region)) return `"${region}" is no Region's name; write it like "eu-west-1"`;
  if (/^(cn|us-gov|us-iso[a-z]*|eu-isoe|eusc)-/.test(region)) {
    return `${region} is of a partition whose security token service issues other tokens; choose a commercial Region`;
  }
  if (withoutFunctionUrls.has(region)) {
    return `${region} has no Lambda function URLs; choose a Region that has them, such as "eu-west-1"`;
  }
  return undefined;
}
