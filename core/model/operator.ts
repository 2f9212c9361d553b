/** Who calls, as the platform authenticated it (AWS_IAM function URL), never as the request says. */
export interface Operator {
  readonly arn: string;
  readonly uniqueId: string;
}
