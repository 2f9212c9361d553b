/** Finds the way in which a call's service is logged. */
import type { ServedCall } from "../../front/call.ts";
import { accountOf } from "../../iam/context.ts";
import type { Json } from "../../service.ts";
import { type Described, type Description, hidden, isReading, lowered, orNull, resourcesOf } from "./described.ts";
import { dynamoDb, type Schemas } from "./dynamodb.ts";
import { s3 } from "./s3.ts";
import { byForm } from "./sts.ts";

export type { Schemas } from "./dynamodb.ts";

/** What a record says of a call. */
export function describe(call: ServedCall, schemas: Schemas): Description {
  switch (call.service) {
    case "dynamodb":
      return dynamoDb(call, schemas);
    case "s3":
      return s3(call);
    case "sts":
    case "iam":
      return byForm(call);
    case "lambda":
      return lambda(call);
    default:
      return json(call);
  }
}

/** How services that speak JSON differ. */
interface Habits {
  /** Members of requests that are left out, whatever they hold. */
  readonly unsaid?: readonly string[];
  /** Members of requests that are written as hidden. */
  readonly hidden?: readonly string[];
  readonly resource?: string;
  /** Data events; absent = management. */
  readonly isData?: true;
  /** Operations whose answer is logged; none of those that only read. */
  readonly answers?: RegExp;
}

const habits: Readonly<Record<string, Habits>> = {
  // of a signature CloudTrail keeps neither the message nor the result
  kms: { unsaid: ["Message", "Mac"], resource: "AWS::KMS::Key", answers: /^(Create|Schedule|Cancel|Replicate)/ },
  ssm: { hidden: ["Value"], resource: "AWS::SSM::Parameter", answers: /^Put/ },
  events: { unsaid: ["Entries"], resource: "AWS::Events::EventBus", isData: true },
  firehose: { unsaid: ["Record", "Records"], resource: "AWS::KinesisFirehose::DeliveryStream", isData: true },
  sqs: { hidden: ["MessageBody"], resource: "AWS::SQS::Queue", isData: true, answers: /^SendMessage/ },
  ecs: { answers: /^(Run|Stop|Update)/ },
};

/** KMS calls that change nothing but are not called so. */
const readingAnyway = /^(Sign|Verify|GenerateMac|VerifyMac|GenerateDataKey|Encrypt|Decrypt)$/;

function json(call: ServedCall): Description {
  const { service, operation, input, output, code } = call;
  const own = habits[service] ?? {};
  const isAnswered = code === undefined && own.answers?.test(operation) === true;
  const record: Described = {
    eventName: operation,
    requestParameters: orNull(lowered(covered(input as Json, own), own.unsaid) as object),
    responseElements: isAnswered ? lowered(output) : null,
    ...(own.resource === undefined ? {} : resourcesOf(call, own.resource)),
    readOnly: isReading(operation) || (service === "kms" && readingAnyway.test(operation)),
  };
  return { record, category: own.isData === true ? "Data" : "Management" };
}

const covered = (input: Json, habit: Habits): Json =>
  Object.fromEntries(
    Object.entries(input).map(([name, value]) => [name, habit.hidden?.includes(name) === true ? hidden : value]),
  );

/** Lambda's operations carry the version of its API in their names; Invoke does not, and is a data event. */
function lambda(call: ServedCall): Description {
  if (call.operation === "Invoke") return invoke(call);
  const functionName = call.access[0]?.resource ?? "";
  const record: Described = {
    eventName: `${call.operation}20150331v2`,
    requestParameters: orNull(functionName === "" ? {} : { functionName }),
    responseElements: null,
    ...resourcesOf(call, "AWS::Lambda::Function"),
    readOnly: isReading(call.operation),
  };
  return { record, category: "Management" };
}

/** Neither event nor result is logged: which function by whom, in which way, and which version ran. */
function invoke(call: ServedCall): Description {
  const { functionName } = call.input as { functionName: string };
  const [, arn = functionName, qualifier = "$LATEST"] = /^(arn:(?:[^:]+:){5}[^:]+):(.+)$/.exec(functionName) ?? [];
  const record: Described = {
    eventName: "Invoke",
    requestParameters: call.input,
    responseElements: null,
    ...(call.code === undefined ? { additionalEventData: { functionVersion: `${arn}:${qualifier}` } } : {}),
    resources: [{ accountId: accountOf(arn), type: "AWS::Lambda::Function", ARN: arn }],
    readOnly: false,
  };
  return { record, category: "Data" };
}
