import { Duration } from "aws-cdk-lib";

/**
 * Whoever copies a request's token would be let in by a kept result, without its key: a proof would work more than
 * once, and none would work as well (threat 9). CloudFormation's default keeps results for 300 seconds.
 * @param wanted what somebody set
 * @returns zero
 * @throws for any other time
 */
export function notCached(wanted: Duration | undefined): Duration {
  if (wanted !== undefined && wanted.toMilliseconds() !== 0)
    throw new Error("resultsCacheTtl: a cached result lets in whoever copied a token; leave it out or set it to zero");
  return Duration.seconds(0);
}
