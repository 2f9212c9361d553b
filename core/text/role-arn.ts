/** An AWS role or function by its ARN. */
interface WorkloadArn {
  readonly account: string;
  /** Path and name of a role, name of a function. */
  readonly name: string;
}

const role = /^arn:aws(?:-[a-z]+)*:iam::([0-9]{12}):role\/((?:[\x21-\x2e\x30-\x7e]+\/)*[\w+=,.@-]{1,64})$/;
const lambda = /^arn:aws(?:-[a-z]+)*:lambda:[a-z0-9-]{1,32}:([0-9]{12}):function:([A-Za-z0-9_-]{1,140})$/;

/**
 * Parses the ARN of an IAM role, path included; an assumed-role session, a user or an account's root gives undefined.
 */
export function parseRoleArn(arn: string): WorkloadArn | undefined {
  return arn.length <= 2048 && !/[*?]/.test(arn) ? parts(role.exec(arn)) : undefined;
}

/** Parses the unqualified ARN of a Lambda function. */
export const parseFunctionArn = (arn: string): WorkloadArn | undefined => parts(lambda.exec(arn));

function parts(match: RegExpExecArray | null): WorkloadArn | undefined {
  const [, account, name] = match ?? [];
  return account === undefined || name === undefined ? undefined : { account, name };
}
