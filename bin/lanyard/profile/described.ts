import type { z } from "zod";
import { regionOf } from "../deployment/function-url.ts";
import { described } from "../deployment/stored.ts";
import { Refused, Usage } from "../terminal/outcome.ts";

/** A deployment's description. */
type Described = z.infer<typeof described>;

/**
 * Name of the parameter that a stage's Service stack writes; a role that logs in needs `ssm:GetParameter` on this name,
 * and nothing more.
 */
const parameterOf = (stage: string): string => `/lanyard/${stage}/deployment`;

/** Where to read a deployment's description. */
interface Place {
  readonly stage: string;
  readonly region?: string;
  readonly awsProfile?: string;
}

/** The parameter's value. */
interface Found {
  readonly value: string;
  readonly arn: string | undefined;
}

/**
 * Reads a stage's description, with credentials of the usual AWS chain.
 * @throws Usage where there is no such stage, Refused where reading is not permitted or the value is malformed
 */
export async function readDescribed(place: Place): Promise<Described> {
  const { value, arn } = await readParameter(place);
  return describedBy(value, arn, place.stage);
}

async function readParameter({ stage, region, awsProfile }: Place): Promise<Found> {
  const { GetParameterCommand, SSMClient } = await import("@aws-sdk/client-ssm");
  const Name = parameterOf(stage);
  const ssm = new SSMClient({ maxAttempts: 3, ...(region && { region }), ...(awsProfile && { profile: awsProfile }) });
  try {
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name }));
    return { value: Parameter?.Value ?? "", arn: Parameter?.ARN };
  } catch (cause) {
    const name = cause instanceof Error ? cause.name : "";
    const where = await ssm.config.region().catch(() => "no Region");
    if (name === "ParameterNotFound")
      throw new Usage(
        `there is no deployment of stage ${stage} in ${where} of this account (no parameter ${Name}): ` +
          "is it another --region or --aws-profile, or was it deployed before it wrote one?",
      );
    if (name === "AccessDeniedException")
      throw new Refused(`you may not read ${Name} in ${where}: it takes ssm:GetParameter on that name`);
    throw cause;
  } finally {
    ssm.destroy();
  }
}

/**
 * Checks the parameter's value.
 * @param arn the parameter's own ARN. The value must name its account and Region, so that a copy from elsewhere is
 * refused
 * @throws Refused
 */
export function describedBy(value: string, arn: string | undefined, stage: string): Described {
  const name = parameterOf(stage);
  const parsed = described.safeParse(parse(value));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Refused(
      `${name} is not what a deployment writes: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`,
    );
  }
  const told = parsed.data;
  const [, , , region, account] = arn?.split(":") ?? [];
  if (told.stage !== stage || (account && account !== told.account) || (region && region !== told.region))
    throw new Refused(
      `${name} tells of stage ${told.stage} in ${told.region} of account ${told.account}, not of itself`,
    );
  const { adminRead, adminRevoke, adminWrite, adminRotate, approve, issuer } = told;
  for (const address of [
    issuer,
    adminRead,
    adminRevoke,
    adminWrite,
    ...[adminRotate, approve].flatMap((one) => one ?? []),
  ]) {
    const of = regionOf(address);
    // an emulator's URLs are on this machine; the schema accepts no others without a Region
    if (of !== undefined && of !== told.region)
      throw new Refused(`${name} names a function of ${of}, and the deployment is in ${told.region}`);
  }
  return told;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
