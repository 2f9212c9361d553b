/** What CloudFormation would make of the functions in a template: enough of it to read ARNs and policies. */
import { account, region, type StackName, type Synthesized, type Template } from "./synthesized.ts";

/** Resolves every intrinsic function below `value`, as seen from one stack. */
export function resolved(templates: Synthesized["templates"], stack: StackName, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => resolved(templates, stack, item));
  if (value === null || typeof value !== "object") return value;
  const [[key, inner] = ["", undefined]] = Object.entries(value);
  const into = (item: unknown): unknown => resolved(templates, stack, item);
  if (Object.keys(value).length === 1) {
    if (key === "Ref") return ref(templates[stack], String(inner));
    if (key === "Fn::GetAtt") return attribute(templates[stack], inner as [string, string]);
    if (key === "Fn::Join") {
      const [separator, parts] = inner as [string, unknown[]];
      return (into(parts) as string[]).join(separator);
    }
    if (key === "Fn::Split") {
      const [separator, text] = inner as [string, unknown];
      return String(into(text)).split(separator);
    }
    if (key === "Fn::Select") {
      const [index, list] = inner as [number, unknown];
      return (into(list) as unknown[])[Number(index)];
    }
    if (key === "Fn::ImportValue") return imported(templates, String(inner));
  }
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, into(item)]));
}

function imported(templates: Synthesized["templates"], name: string): unknown {
  for (const [stack, { Outputs }] of Object.entries(templates)) {
    const output = Object.values(Outputs).find((candidate) => candidate.Export?.Name === name);
    if (output) return resolved(templates, stack as StackName, output.Value);
  }
  throw new Error(`nobody exports ${name}`);
}

const pseudo: Record<string, string> = {
  "AWS::AccountId": account,
  "AWS::Region": region,
  "AWS::Partition": "aws",
  "AWS::URLSuffix": "amazonaws.com",
};

/** What `Ref` gives: a resource's name, but of a queue its URL. */
function ref(template: Template, id: string): string {
  const found = pseudo[id];
  if (found) return found;
  const name = nameOf(template, id);
  return template.Resources[id]?.Type === "AWS::SQS::Queue"
    ? `https://sqs.${region}.amazonaws.com/${account}/${name}`
    : name;
}

/** A resource's name: its logical id, or the one it is given. */
function nameOf(template: Template, id: string): string {
  const resource = template.Resources[id];
  if (!resource) throw new Error(`there is no ${id}`);
  const { RoleName, Name } = resource.Properties ?? {};
  return String(RoleName ?? Name ?? id);
}

function attribute(template: Template, [id, name]: [string, string]): string {
  const type = template.Resources[id]?.Type ?? "";
  if (name === "FunctionUrl") return `https://${id.toLowerCase()}.lambda-url.${region}.on.aws/`;
  const arn = arns[type]?.(nameOf(template, id));
  if (!arn) throw new Error(`cannot resolve ${name} of ${id} (${type})`);
  if (name === "StreamArn") return `${arn}/stream/2026-01-01T00:00:00.000`;
  if (name !== "Arn") throw new Error(`cannot resolve ${name} of ${id} (${type})`);
  return arn;
}

const at = (service: string, path: string) => (name: string) =>
  `arn:aws:${service}:${region}:${account}:${path}${name}`;

const arns: Record<string, (name: string) => string> = {
  "AWS::DynamoDB::GlobalTable": at("dynamodb", "table/"),
  "AWS::KMS::Key": at("kms", "key/"),
  "AWS::Lambda::Function": at("lambda", "function:"),
  "AWS::Logs::LogGroup": (name) => `${at("logs", "log-group:")(name)}:*`,
  "AWS::Events::EventBus": at("events", "event-bus/"),
  "AWS::Events::Rule": at("events", "rule/"),
  "AWS::KinesisFirehose::DeliveryStream": at("firehose", "deliverystream/"),
  "AWS::SQS::Queue": at("sqs", ""),
  "AWS::S3::Bucket": (name) => `arn:aws:s3:::${name.toLowerCase()}`,
  "AWS::IAM::Role": (name) => `arn:aws:iam::${account}:role/${name}`,
};

export interface Statement {
  readonly Sid?: string;
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: string | string[];
  readonly Principal?: unknown;
  readonly Condition?: Record<string, Record<string, unknown>>;
}

/** One role's statements, from every policy attached to it, resolved. */
export function statementsOf(templates: Synthesized["templates"], stack: StackName, rolePrefix: string): Statement[] {
  const { Resources } = templates[stack];
  const role = Object.keys(Resources).find(
    (id) => id.startsWith(rolePrefix) && Resources[id]?.Type === "AWS::IAM::Role",
  );
  if (!role) throw new Error(`no role ${rolePrefix} in ${stack}`);
  if (Resources[role]?.Properties.ManagedPolicyArns) throw new Error(`${role} has managed policies`);
  if (Resources[role]?.Properties.Policies) throw new Error(`${role} has inline policies`);
  return Object.values(Resources)
    .filter(
      ({ Type, Properties }) => Type === "AWS::IAM::Policy" && JSON.stringify(Properties.Roles).includes(`"${role}"`),
    )
    .flatMap(({ Properties }) => {
      const { Statement } = resolved(templates, stack, Properties.PolicyDocument) as { Statement: Statement[] };
      return Statement;
    });
}

export const list = (value: string | string[]): string[] => (Array.isArray(value) ? value : [value]);
