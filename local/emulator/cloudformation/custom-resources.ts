/** Custom resources: functions that CloudFormation calls while a stack is made, and that answer to an address it gives. */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { HostedFunction } from "../functions/host.ts";
import type { Cloud, Resource } from "./template.ts";

/** Whether CloudFormation hands this type of resource to a function. */
export const isCustom = (type: string): boolean =>
  type.startsWith("Custom::") || type === "AWS::CloudFormation::CustomResource";

/** What custom resources answered `Fn::GetAtt` with, filled while they run. */
interface CustomAnswers {
  attributesOf(resource: Resource): Record<string, string>;
}

/** Makes the place for answers; it stays empty until `runCustomResources`. */
export function customAnswers(): CustomAnswers {
  const known = new Map<string, Record<string, string>>();
  return {
    attributesOf({ stack, logicalId }) {
      const key = `${stack.name}/${logicalId}`;
      const found = known.get(key) ?? {};
      known.set(key, found);
      return found;
    },
  };
}

/**
 * Creates every custom resource of the template, one after the other, as for a new stack: also when the cloud starts
 * again, so that what a resource does has to bear repetition, as on AWS.
 * @throws with the reason when one fails: CloudFormation would roll the stack back
 */
export async function runCustomResources(
  cloud: Cloud,
  functions: ReadonlyMap<string, HostedFunction>,
  answers: CustomAnswers,
): Promise<void> {
  for (const resource of cloud.resources.filter(({ type }) => isCustom(type))) {
    const properties = cloud.properties(resource);
    const called = [...functions.values()].find(({ description }) => description.arn === properties.ServiceToken);
    if (called === undefined) throw new Error(`${resource.logicalId}: its ServiceToken is no function of this cloud`);
    const answer = await created(resource, properties, called);
    if (answer.Status !== "SUCCESS")
      throw new Error(`${resource.type} ${resource.logicalId}: ${answer.Reason} (function ${called.description.name})`);
    Object.assign(answers.attributesOf(resource), answer.Data ?? {});
  }
}

interface Answer {
  readonly Status?: string;
  readonly Reason?: string;
  readonly Data?: Record<string, string>;
}

/** CloudFormation takes no longer answer. */
const answerBytes = 4_096;

async function created(resource: Resource, properties: object, called: HostedFunction): Promise<Answer> {
  const RequestId = randomUUID();
  let body = "";
  const server = createServer((request, response) => {
    const right = request.method === "PUT" && request.url === `/${RequestId}`;
    request.setEncoding("utf8");
    request.on("data", (chunk: string) => {
      if (right) body += chunk;
    });
    request.on("end", () => response.writeHead(right ? 200 : 403).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const { stack, type, logicalId } = resource;
    const outcome = await called.invoke({
      RequestType: "Create",
      ResponseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${RequestId}`,
      StackId: `arn:aws:cloudformation:${stack.region}:${stack.account}:stack/${stack.name}/local`,
      RequestId,
      LogicalResourceId: logicalId,
      ResourceType: type,
      ResourceProperties: properties,
    });
    if ("error" in outcome) throw new Error(`${logicalId}: ${outcome.error.errorType}: ${outcome.error.errorMessage}`);
    if (Buffer.byteLength(body) > answerBytes) throw new Error(`${logicalId}: its answer is longer than 4,096 bytes`);
    if (body === "") throw new Error(`${logicalId}: its function ended without an answer`);
    return JSON.parse(body) as Answer;
  } finally {
    server.closeAllConnections();
    server.close();
  }
}
